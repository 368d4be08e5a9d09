#pragma once

#include "app/case_process.hpp"
#include "app/options.hpp"
#include "app/progress_display.hpp"
#include "app/watchdog.hpp"
#include "benchmarks/agreement.hpp"
#include "benchmarks/case_runner.hpp"
#include "benchmarks/suite.hpp"
#include "core/communicator.hpp"
#include "results/store.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace retrace::app {

/// Runs cases one after the other into the store of rank 0. The same calls on every rank.
class Session {
 public:
  /// `store`: of rank 0; nullptr elsewhere. `done`: cases of the selection that the result has already. `end`: when the
  /// run must be over, the last snapshot included; looked at on rank 0.
  Session(Options const& options, Suite const& suite, Communicator const& comm, Agreement const& agreement,
          results::ResultStore* store, std::size_t done, std::optional<Watchdog::Clock::time_point> end);

  /// Collective. Returns the exit code that the result deserves, the same on every rank.
  [[nodiscard]] int run(std::vector<CaseSpec> const& cases);

 private:
  results::CaseRecord watched(CaseSpec const& spec);
  void cut_off(CaseSpec const& spec, CutOff why);
  /// Collective: has somebody asked to stop, or is there no time for another case?
  [[nodiscard]] std::optional<results::EndedBy> reason_to_stop(CaseSpec const& next, bool is_first) const;
  /// The case in this process, or in one of its own; nothing where it was given up without fault of its own.
  [[nodiscard]] CaseProcess::Outcome outcome_of(CaseSpec const& spec);
  [[nodiscard]] int end(results::EndedBy ended_by, bool finalized);

  Options const& options_;
  Communicator const& comm_;
  Agreement agreement_;
  results::ResultStore* store_;
  std::size_t done_;
  std::optional<Watchdog::Clock::time_point> end_;
  double case_seconds_;
  CaseRunner runner_;
  std::optional<CaseProcess> process_;       ///< with --isolate=case
  std::optional<ProgressDisplay> progress_;  ///< of rank 0
  Watchdog watchdog_;                        // last: its thread ends before what it looks at
};

/// Seconds that a case may take, from what like ones took: the same problem and method, else the same problem, else
/// any; 0 where there is nothing to go by.
[[nodiscard]] double expected_seconds(CaseSpec const& spec, std::vector<results::CaseRecord> const& known);

}  // namespace retrace::app
