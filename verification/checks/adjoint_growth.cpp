#include "verification/checks/declarations.hpp"
#include "verification/step_witness.hpp"

#include <fmt/format.h>

#include <string>

namespace retrace::checks {

/// Steps beyond the stability limit multiply what they do not damp by |R(h lambda)| > 1. A start that lacks those
/// components hides it from the controller and from L; the adjoint has them, and grows. Cutting each step into halves
/// brings such a gradient down by orders of magnitude, and a sound one hardly moves.
CheckResult adjoint_growth(CheckedGradient const& g) {
  if (g.promise == Promise::consistent) return skipped("the method integrates the adjoint by steps of its own");
  if (g.has_own_scheme()) return skipped("the method steps by a scheme of its own");
  if (g.control.objective.kind != LossKind::terminal) return skipped("its steps know the terminal loss only");
  auto const* const witness = dynamic_cast<StepWitness const*>(&g.problem);
  if (witness == nullptr) return skipped("this instance has no witness along given steps");
  AdjointGrowth const growth = witness->adjoint_growth(g.choice, g.control, g.result);
  if (growth.compared == 0) return inconclusive("the forward solve could not be repeated");
  // A derivative of steps that do not resolve the solution is off by a share of its size, or a few times that; a mode
  // that passes the limit of stability in a few steps gains more.
  constexpr double most = 10.0;
  // What the check is for is growth that L does not show. Steps that change L do not resolve the solution at all: there
  // is no telling what its derivative should be, and the error of L says so to everybody.
  constexpr double resolved = 1e-2;
  CheckResult result = at_most(
      "adjoint_growth", growth.ratio, most,
      fmt::format("|dL/dy0| over that of the {} steps cut into halves: growth that belongs to the steps, not to "
                  "the flow",
                  growth.steps));
  if (result.verdict == CheckVerdict::fail && !(growth.loss_change <= resolved)) {
    CheckResult undecided = result;
    undecided.verdict = CheckVerdict::inconclusive;
    undecided.message =
        fmt::format("the {} steps do not resolve the solution: cut into halves, they change L by {:.1e} of it",
                    growth.steps, growth.loss_change);
    return undecided;
  }
  if (result.verdict != CheckVerdict::fail) return result;
  std::string const cause =
      g.promise == Promise::exact_program
          ? fmt::format(
                "the derivative goes through the choice of the steps, which the flow knows nothing of, or the "
                "steps pass the stability limit of {}; aca has the same steps without the former",
                g.choice.solver)
          : fmt::format(
                "the steps pass the stability limit of {} for components that the start hardly has, and the "
                "adjoint grows by them; a tighter tolerance, a start that excites them, or a bound on the "
                "step cures it",
                g.choice.solver);
  result.message = fmt::format(
      "dL/dy0 is {:.2g} times as large as with the same {} steps cut into halves, while L changes by {:.1e} only: {}",
      growth.ratio, growth.steps, growth.loss_change, cause);
  return result;
}

}  // namespace retrace::checks
