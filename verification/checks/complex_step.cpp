#include "verification/checks/declarations.hpp"
#include "verification/checks/rounding_bound.hpp"

#include <string>

namespace retrace::checks {

CheckResult complex_step(CheckedGradient const& g) {
  if (g.promise != Promise::exact_frozen) return skipped("the method does not promise the frozen-step derivative");
  if (g.has_own_scheme()) return skipped("the method steps by a scheme of its own");
  if (g.control.objective.kind != LossKind::terminal) return skipped("its steps know the terminal loss only");
  WitnessError const witness = g.witness.complex_step(g.choice, g.control, g.result);
  return within_rounding("complex_step", witness.relative_error, rounding_bound(g, witness.steps),
                         std::to_string(witness.compared) + " directions");
}

}  // namespace retrace::checks
