#pragma once

#include "verification/checks.hpp"
#include "verification/tests/instances.hpp"
#include "verification/vector_error.hpp"
#include "verification/witness_catalogue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

namespace retrace::tests {

/// A problem of the catalogue with its witnesses.
struct Witnessed {
  std::unique_ptr<ProblemInstance> problem;
  std::unique_ptr<ProblemWitness> witness;

  Witnessed(std::string_view name, Communicator const& comm, Changes const& changes = {})
      : problem(make_instance(name, comm, changes)),
        witness(make_witness(name, changed_arguments(name, changes), comm)) {}
};

/// What one check says of a gradient. No reference: checks that need one are not for this.
[[nodiscard]] inline CheckResult verdict_of(std::string_view check, Witnessed const& of, Communicator const& comm,
                                            GradientChoice const& choice, StepControl const& control, Promise promise,
                                            GradientResult const& gradient) {
  Reference const none;
  CheckedGradient const checked{*of.problem, *of.witness, comm, choice, control, promise, gradient, none, {}};
  std::vector<CheckResult> const results = run_checks(checked, [&](std::string_view name) { return name == check; });
  EXPECT_EQ(results.size(), 1U) << check;
  return results.front();
}

}  // namespace retrace::tests
