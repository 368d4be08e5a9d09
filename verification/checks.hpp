#pragma once

#include "gradients/gradient_method.hpp"
#include "verification/check.hpp"
#include "verification/problem_instance.hpp"
#include "verification/problem_witness.hpp"
#include "verification/vector_error.hpp"

#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// A gradient and everything that a check may want to know about where it came from.
struct CheckedGradient {
  ProblemInstance const& problem;
  ProblemWitness const& witness;
  Communicator const& comm;
  GradientChoice choice;
  StepControl control;
  Promise promise;
  GradientResult const& result;
  Reference const& reference;
  GradientError error;  ///< of `result` against `reference`
  /// Makes the problem again for other ranks; empty where nobody can.
  std::function<std::unique_ptr<ProblemInstance>(Communicator const&)> make_problem{};

  /// Does the method step by a scheme of its own, which witnesses of the solver's steps do not know?
  [[nodiscard]] bool has_own_scheme() const { return !std::isnan(result.round_trip.error); }

  /// Collective the first time: rounding errors of the derivative that the method promises, measured.
  [[nodiscard]] MeasuredRounding const& rounding() const;

  mutable std::optional<MeasuredRounding> rounding_{};
};

/// How thorough a verification is: each set contains the ones before it.
enum class CheckSet { quick, standard, full };
[[nodiscard]] constexpr std::string_view name_of(CheckSet set) {
  switch (set) {
    case CheckSet::quick:
      return "quick";
    case CheckSet::standard:
      return "standard";
    case CheckSet::full:
      return "full";
  }
  return "unknown";
}

/// A registered check. `run` is collective and gives the same result on every rank.
struct Check {
  std::string_view name, summary;
  CheckSet set;  ///< the first that has it
  CheckResult (*run)(CheckedGradient const&);
};

/// Every check, cheap to dear. A new one: its function in verification/checks/, its line in checks.cpp and in CMake.
[[nodiscard]] std::vector<Check> const& all_checks();

/// Runs those checks for which `wanted(name)` is true, timing each. If `finite` fails, the rest is skipped.
[[nodiscard]] std::vector<CheckResult> run_checks(CheckedGradient const& gradient,
                                                  std::function<bool(std::string_view)> const& wanted);

}  // namespace retrace
