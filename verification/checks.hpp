#pragma once

#include "gradients/gradient_method.hpp"
#include "verification/check.hpp"
#include "verification/problem_instance.hpp"
#include "verification/vector_error.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// A gradient and everything that a check may want to know about where it came from.
struct CheckedGradient {
  ProblemInstance const& problem;
  Communicator const& comm;
  GradientChoice choice;
  StepControl control;
  Promise promise;
  GradientResult const& result;
  Reference const& reference;
  GradientError error;  ///< of `result` against `reference`
};

/// A registered check. `run` is collective and gives the same result on every rank.
struct Check {
  std::string_view name, summary;
  CheckResult (*run)(CheckedGradient const&);
};

/// Every check, cheap to dear. A new one: its function in verification/checks/, its line in checks.cpp and in CMake.
[[nodiscard]] std::vector<Check> const& all_checks();

/// Runs those checks for which `wanted(name)` is true, timing each. If `finite` fails, the rest is skipped.
[[nodiscard]] std::vector<CheckResult> run_checks(CheckedGradient const& gradient,
                                                  std::function<bool(std::string_view)> const& wanted);

}  // namespace retrace
