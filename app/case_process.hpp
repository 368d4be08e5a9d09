#pragma once

#include "app/options.hpp"
#include "app/scratch_folder.hpp"
#include "app/watchdog.hpp"
#include "benchmarks/case_spec.hpp"
#include "results/record.hpp"

#include <optional>
#include <string>
#include <vector>

namespace retrace::app {

/// Runs single cases in processes of their own (`--isolate=case`): this program, started for the one case, whose record
/// is read from the result file that it leaves. A crash, a kill for want of memory or a hang ends that process; the
/// case is then `crashed` or `timeout`, and the run goes on. A process costs the start of the program (MPI and Kokkos),
/// and references are computed anew in each; times and bytes are those of a program that has done nothing before.
class CaseProcess {
 public:
  using Clock = Watchdog::Clock;

  /// `end`: when the run must be over.
  CaseProcess(Options const& options, double case_seconds, std::optional<Clock::time_point> end);

  struct Outcome {
    std::optional<results::CaseRecord> record;  ///< none: given up for a signal or the run's end, not by its own fault
    std::vector<results::ConvergenceRow> convergence;
  };
  [[nodiscard]] Outcome run(CaseSpec const& spec) const;

 private:
  [[nodiscard]] double seconds_left() const;
  [[nodiscard]] std::vector<std::string> words_for(CaseSpec const& spec) const;

  Options const& options_;
  double case_seconds_;
  std::optional<Clock::time_point> end_;
  ScratchFolder folder_;
};

}  // namespace retrace::app
