#include "verification/checks/declarations.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace retrace::checks {

namespace {

CheckResult judged(std::string_view name, IdentityDefect const& defect) {
  if (defect.compared == 0) return inconclusive("the solve failed: there is nothing to look at");
  double const size = defect.size > 0.0 ? defect.size : 1.0;
  CheckResult result = at_most(name, defect.error / size, defect.bound / size,
                               fmt::format("round-off, measured; worst of {}: {}", defect.compared, defect.where));
  if (result.verdict == CheckVerdict::fail)
    result.message = fmt::format("{}: off by {:.3g} of its terms", defect.where, result.value);
  return result;
}

}  // namespace

/// Asked of every method: whichever way the gradient is put together, it is made of these.
CheckResult dotprod(CheckedGradient const& g) {
  return judged("dotprod", g.witness.right_hand_side(g.choice, g.control));
}

CheckResult dotprod_step(CheckedGradient const& g) {
  if (g.promise != Promise::exact_frozen) return skipped("the method does not reverse frozen steps");
  if (g.has_own_scheme()) return skipped("the method steps by a scheme of its own");
  return judged("dotprod_step", g.witness.step_reverse(g.choice, g.control));
}

}  // namespace retrace::checks
