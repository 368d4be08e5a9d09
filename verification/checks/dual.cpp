#include "verification/checks/declarations.hpp"

#include <algorithm>
#include <string>

namespace retrace::checks {

CheckResult dual(CheckedGradient const& g) {
  if (g.promise != Promise::exact_frozen) return skipped("the method does not promise the frozen-step derivative");
  WitnessError const witness = g.problem.frozen_dual(g.solver, g.control, g.result);
  // Each step makes some tens of roundings of 1.1e-16 on both sides; 1e-12 a step leaves a factor of about 100 for
  // their growth through later steps (the state's own sensitivity, 58 for three_body).
  constexpr double per_step = 1e-12;
  double const threshold = per_step * static_cast<double>(std::max<std::int64_t>(1, witness.steps));
  return at_most("dual", witness.relative_error, threshold,
                 "round-off of " + std::to_string(witness.steps) + " steps, 1e-12 each; " +
                     std::to_string(witness.compared) + " compared");
}

CheckResult program_dual(CheckedGradient const& g) {
  if (g.promise != Promise::exact_program) return skipped("the method does not promise the derivative of the program");
  WitnessError const witness = g.problem.program_dual(g.solver, g.control, g.result);
  // Round-off as for frozen steps, amplified by 1/E where the controller divides by a small error estimate.
  constexpr double controller_round_off = 1e-10;
  double const per_step = 1e-12 * static_cast<double>(witness.steps);
  return at_most(
      "program_dual", witness.relative_error, std::max(controller_round_off, per_step),
      "round-off of the adaptive program and its controller; " + std::to_string(witness.compared) + " compared");
}

}  // namespace retrace::checks
