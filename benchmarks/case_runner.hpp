#pragma once

#include "benchmarks/case_spec.hpp"
#include "benchmarks/timing.hpp"
#include "benchmarks/vocabulary.hpp"
#include "core/communicator.hpp"
#include "results/record.hpp"
#include "verification/checks.hpp"
#include "verification/problem_instance.hpp"

#include <memory>
#include <string>

namespace retrace {

/// Every name that the registries know, for the reader of suites.
[[nodiscard]] Vocabulary registered_vocabulary();

/// What is done with each case beside its gradient.
struct RunOptions {
  bool timing = true, memory = true;
  bool time_failed = false;  ///< time a case whose checks failed all the same
  TimingPlan plan{};
};

/// Runs cases one after the other: gradient, error, checks, then memory, then time (an unverified case is not timed).
/// Whatever goes wrong with a case ends that case and is in its record. Keeps the last problem and its reference.
class CaseRunner {
 public:
  CaseRunner(Communicator const& comm, RunOptions options) : comm_(&comm), options_(options) {}

  /// Collective; the record is complete on every rank.
  [[nodiscard]] results::CaseRecord run(CaseSpec const& spec);

 private:
  void prepare(CaseSpec const& spec);
  void examine(CaseSpec const& spec, results::CaseRecord& record);
  void measure_memory(CaseSpec const& spec, StepControl const& control, results::CaseRecord& record) const;

  Communicator const* comm_;
  RunOptions options_;
  std::string prepared_;  ///< problem and arguments that `instance_` and `reference_` belong to
  std::unique_ptr<ProblemInstance> instance_;
  Reference reference_;
};

/// The step control that a case asks for.
[[nodiscard]] StepControl step_control(ControlSpec const& control);

}  // namespace retrace
