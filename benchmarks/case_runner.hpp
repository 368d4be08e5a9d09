#pragma once

#include "benchmarks/agreement.hpp"
#include "benchmarks/case_spec.hpp"
#include "benchmarks/reference_cache.hpp"
#include "benchmarks/timing.hpp"
#include "core/communicator.hpp"
#include "core/memory_tracker.hpp"
#include "results/record.hpp"
#include "verification/checks.hpp"
#include "verification/problem_instance.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace retrace {

/// How the bytes of a case are found: not at all, as the peak of the process, or by every allocation.
enum class MemoryMeasure { off, process, exact };

/// What is done with each case beside its gradient.
struct RunOptions {
  bool timing = true;
  MemoryMeasure memory = MemoryMeasure::exact;
  bool time_failed = false;  ///< time a case whose checks failed all the same
  TimingPlan plan{};
  ReferenceCache references{};  ///< those in quadruple precision
};

/// Runs cases one after the other: gradient, error, checks, then memory, then time (an unverified case is not timed).
/// Whatever goes wrong with a case, on whichever rank, ends that case on all of them and is in its record. Keeps the
/// last problem and its reference.
///
/// The ranks agree at the end of each phase. A rank that fails before, between or after the collective calls of a phase
/// is met there by the others. Where they are inside such a call for good, nothing but a time limit helps: see
/// `Watchdog`.
class CaseRunner {
 public:
  /// `agreement` is over the ranks of `comm` and on a communicator of its own.
  CaseRunner(Communicator const& comm, Agreement agreement, RunOptions options)
      : comm_(&comm), agreement_(agreement), options_(std::move(options)) {}

  /// Collective; the record is complete on every rank.
  [[nodiscard]] results::CaseRecord run(CaseSpec const& spec);

  /// What the order tests of the cases since the last call saw.
  [[nodiscard]] std::vector<results::ConvergenceRow> take_convergence() { return std::exchange(convergence_, {}); }

  /// What this rank is doing; for another thread to ask.
  [[nodiscard]] std::string activity() const;

 private:
  void set_activity(std::string activity);
  void phase(char const* name, std::function<void()> const& body);
  void prepare(CaseSpec const& spec);
  void forget();
  [[nodiscard]] Objective objective(LossSpec const& loss) const;
  /// States that fit into the bytes that the case allows.
  [[nodiscard]] int checkpoints_within(CaseSpec const& spec) const;
  void examine(CaseSpec const& spec, results::CaseRecord& record);
  void note_times(GradientResult const& result, Objective const& objective, results::CaseRecord& record) const;
  void note_convergence(std::vector<ConvergenceLevel> const& levels, CaseSpec const& spec);
  void note_work(CaseSpec const& spec, GradientResult const& result, results::CaseRecord& record) const;
  void note_gradient(GradientResult const& result, GradientError const& error, results::CaseRecord& record) const;

  Communicator const* comm_;
  Agreement agreement_;
  RunOptions options_;
  mutable std::mutex activity_mutex_;
  std::string activity_ = "between cases";
  std::string prepared_;  ///< problem, arguments and kind of reference that `instance_` and `reference_` belong to
  std::unique_ptr<ProblemInstance> instance_;
  std::unique_ptr<ProblemWitness> witness_;
  Reference reference_;
  std::vector<results::ConvergenceRow> convergence_;
};

/// The step control that a case asks for.
[[nodiscard]] StepControl step_control(ControlSpec const& control);

}  // namespace retrace
