#include "core/precision.hpp"
#include "verification/checks/declarations.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace retrace::checks {

namespace {

/// What round-off may make of a relative difference between two ways to the same derivative.
double round_off_of(CheckedGradient const& g, std::int64_t steps) {
  auto const n = static_cast<double>(std::max<std::int64_t>(1, steps));
  // Double: each step makes some tens of roundings of 1.1e-16 on both sides; 1e-12 a step leaves a factor of about 100
  // for their growth through later steps (the state's own sensitivity, 58 for three_body).
  constexpr double per_step = 1e-12;
  if (g.choice.precision == F64::name) return per_step * n;
  // Single: a bound that grows with n would soon say nothing, so roundings of 6e-8 are taken to add up like a random
  // walk: some tens a step, and the same factor of 100.
  constexpr double single_round_off = 6e-8, roundings_and_growth = 1e3;
  return single_round_off * roundings_and_growth * std::sqrt(n);
}

}  // namespace

CheckResult dual(CheckedGradient const& g) {
  if (g.promise != Promise::exact_frozen) return skipped("the method does not promise the frozen-step derivative");
  WitnessError const witness = g.problem.frozen_dual(g.choice, g.control, g.result);
  return at_most(
      "dual", witness.relative_error, round_off_of(g, witness.steps),
      "round-off of " + std::to_string(witness.steps) + " steps; " + std::to_string(witness.compared) + " compared");
}

CheckResult program_dual(CheckedGradient const& g) {
  if (g.promise != Promise::exact_program) return skipped("the method does not promise the derivative of the program");
  WitnessError const witness = g.problem.program_dual(g.choice, g.control, g.result);
  if (witness.compared == 0) return inconclusive("no witness for this kind of problem in " + g.choice.precision);
  // Round-off as for frozen steps, amplified by 1/E where the controller divides by a small error estimate.
  constexpr double controller_round_off = 1e-10, controller_amplifies = 10.0;
  double const round_off = round_off_of(g, witness.steps);
  double const threshold =
      g.choice.precision == F64::name ? std::max(controller_round_off, round_off) : controller_amplifies * round_off;
  return at_most(
      "program_dual", witness.relative_error, threshold,
      "round-off of the adaptive program and its controller; " + std::to_string(witness.compared) + " compared");
}

}  // namespace retrace::checks
