#include "gradients/external/external_method.hpp"
#include "solvers/registry.hpp"
#include "verification/checks/declarations.hpp"
#include "verification/tableau_defect.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace retrace::checks {

namespace {

std::string where(int stage, std::int64_t steps) {
  std::string const step = steps > 1 ? fmt::format("step 1 and every other of {}", steps) : "step 1";
  return stage > 0 ? fmt::format("{}, stage {}", step, stage) : step;
}

}  // namespace

/// A wrong coefficient does not show in any comparison with the derivative of the same program; it does here.
CheckResult tableau(CheckedGradient const& g) {
  if (find_external_solver(g.choice.solver) != nullptr)
    return skipped("the integrator is a library's own, no scheme of this program");
  Tableau const& tab = tableau_named(g.choice.solver);
  TableauDefect const defect = worst_defect(tab);
  CheckResult result =
      at_most("tableau", defect.size, defect.rounding,
              fmt::format("worst of the order conditions up to {}{}: {}; what rounding can make of it", tab.order,
                          tab.adaptive ? fmt::format("({})", tab.embedded_order) : "", defect.condition));
  if (result.verdict == CheckVerdict::pass) return result;
  if (std::optional<WrongCoefficient> const wrong = find_wrong_coefficient(tab)) {
    result.message =
        fmt::format("{}: {} of {} is off by {:.3g} ({:.17g}, while {:.17g} satisfies all order conditions)",
                    where(wrong->stage, g.result.work.accepted), wrong->name, g.choice.solver,
                    wrong->value - wrong->satisfying, wrong->value, wrong->satisfying);
  } else {
    result.message =
        fmt::format("{}: {} is off by {:.3g}: {} does not hold; more than one coefficient is wrong",
                    where(defect.stage, g.result.work.accepted), g.choice.solver, defect.size, defect.condition);
  }
  return result;
}

}  // namespace retrace::checks
