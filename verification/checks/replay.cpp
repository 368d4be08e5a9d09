#include "verification/checks/declarations.hpp"

#include <fmt/format.h>

namespace retrace::checks {

CheckResult replay(CheckedGradient const& g) {
  if (g.has_own_scheme()) return skipped("the method steps by a scheme of its own");
  IdentityDefect const defect = g.witness.replay(g.choice, g.control);
  if (defect.compared == 0) return inconclusive("the solve failed: there is nothing to look at");
  double const size = defect.size > 0.0 ? defect.size : 1.0;
  return at_most("replay", defect.error / size, defect.bound / size, "round-off, measured; " + defect.where);
}

CheckResult error_control(CheckedGradient const& g) {
  if (!g.control.adaptive()) return skipped("fixed steps");
  if (g.has_own_scheme()) return skipped("the method steps by a scheme of its own");
  IdentityDefect const defect = g.witness.error_control(g.choice, g.control);
  if (defect.compared == 0) return inconclusive("the solve failed: there is nothing to look at");
  return at_most("error_control", defect.error, defect.bound,
                 fmt::format("1 and round-off; largest error norm of {} steps: {}", defect.compared, defect.where));
}

}  // namespace retrace::checks
