#include "core/precision.hpp"
#include "verification/checks/declarations.hpp"
#include "verification/checks/rounding_bound.hpp"

#include <algorithm>
#include <string>

namespace retrace::checks {

CheckResult complex_step(CheckedGradient const& g) {
  if (g.promise != Promise::exact_frozen) return skipped("the method does not promise the frozen-step derivative");
  if (g.control.objective.kind != LossKind::terminal) return skipped("its steps know the terminal loss only");
  WitnessError const witness = g.witness.complex_step(g.choice, g.control, g.result);
  return within_rounding("complex_step", witness.relative_error, rounding_bound(g, witness.steps),
                         std::to_string(witness.compared) + " directions");
}

CheckResult program_complex_step(CheckedGradient const& g) {
  if (g.promise != Promise::exact_program) return skipped("the method does not promise the derivative of the program");
  if (g.has_own_scheme()) return skipped("the method steps by a scheme of its own");
  if (g.control.objective.kind != LossKind::terminal) return skipped("its steps know the terminal loss only");
  if (g.choice.precision != F64::name) return skipped("complex numbers are double, and would take other steps");
  auto const [witness, other_branches] = g.witness.program_complex_step(g.choice, g.control, g.result);
  if (witness.compared == 0) return inconclusive("the forward solve could not be repeated");
  RoundingBound bound = rounding_bound(g, witness.steps);
  bound.bound = std::max(bound.bound, witness.sensitivity);
  CheckResult result = within_rounding("program_complex_step", witness.relative_error, bound,
                                       std::to_string(witness.compared) + " directions");
  if (result.verdict != CheckVerdict::fail || other_branches == 0) return result;
  // With other last bits the solver itself may take another branch; where it does not, the rules are not followed.
  bool const branches_hang_on_rounding = g.rounding().runs < g.rounding().tried;
  if (branches_hang_on_rounding) {
    result.verdict = CheckVerdict::inconclusive;
    result.message = "round-off decides which branches the program takes, and the witness took others";
  } else {
    result.message =
        "the solver does not take the steps that its rules make in plain loops: first step, error norm, "
        "acceptance, factor or clipping differ; " +
        result.message;
  }
  return result;
}

}  // namespace retrace::checks
