#include "verification/checks/declarations.hpp"
#include "verification/checks/rounding_bound.hpp"
#include "verification/step_witness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace retrace::checks {

namespace {

/// Says in the message which of the blocks y0 and p is wrong, where the other one is right.
void name_the_wrong_block(CheckedGradient const& g, double threshold, CheckResult& result) {
  auto const* const by_block = dynamic_cast<StepWitness const*>(&g.problem);
  if (by_block == nullptr || g.control.objective.kind != LossKind::terminal) return;
  BlockErrors const errors = by_block->block_errors(g.choice, g.control, g.result);
  bool const good_y0 = errors.y0 <= threshold, good_p = errors.p <= threshold;
  if (errors.compared == 0 || good_y0 == good_p) return;
  result.message = fmt::format(
      "{} is off by {:.2g} of its size from tangents through the same {} steps of {}, while {} is right to {:.1e}: its "
      "part of the reverse step is wrong",
      good_y0 ? "dL/dp" : "dL/dy0", good_y0 ? errors.p : errors.y0, errors.steps, g.choice.solver,
      good_y0 ? "dL/dy0" : "dL/dp", good_y0 ? errors.y0 : errors.p);
}

}  // namespace

CheckResult dual(CheckedGradient const& g) {
  if (g.promise != Promise::exact_frozen) return skipped("the method does not promise the frozen-step derivative");
  WitnessError const witness = g.problem.frozen_dual(g.choice, g.control, g.result);
  std::string const compared = std::to_string(witness.compared) + " compared";
  RoundingBound const bound = rounding_bound(g, witness.steps);
  CheckResult result = within_rounding("dual", witness.relative_error, bound, compared);
  if (result.verdict == CheckVerdict::fail && !g.has_own_scheme()) name_the_wrong_block(g, bound.bound, result);
  return result;
}

CheckResult program_dual(CheckedGradient const& g) {
  if (g.promise != Promise::exact_program) return skipped("the method does not promise the derivative of the program");
  WitnessError const witness = g.problem.program_dual(g.choice, g.control, g.result);
  if (witness.compared == 0) return inconclusive("no witness for this kind of problem in " + g.choice.precision);
  RoundingBound bound = rounding_bound(g, witness.steps);
  bound.bound = std::max(bound.bound, witness.sensitivity);
  return within_rounding("program_dual", witness.relative_error, bound, std::to_string(witness.compared) + " compared");
}

}  // namespace retrace::checks
