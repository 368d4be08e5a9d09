#include "verification/checks/declarations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace retrace::checks {

/// A gradient that is exact for its own discretisation is worth little where that follows the flow no more, and the
/// error estimate of `reversible_rk` cannot see it: it looks at one of the two copies.
CheckResult copies(CheckedGradient const& g) {
  double const apart = g.result.round_trip.copies_apart;
  if (!g.has_own_scheme()) return skipped("the method keeps one copy of the state");
  if (std::isnan(apart))
    return skipped(g.control.adaptive() ? "the error estimate looks at all that the scheme carries along"
                                        : "fixed steps have no tolerance");
  // Errors of accepted steps, if they did nothing but add up. The few steps of a loose tolerance may err by some times
  // their estimate.
  constexpr double one_estimate_per_step = 1.0, least_estimates = 10.0;
  double const steps = static_cast<double>(g.result.work.accepted) / static_cast<double>(g.problem.solves());
  CheckResult result =
      at_most("copies", apart, std::max(one_estimate_per_step, least_estimates / steps),
              fmt::format("distance of the two copies in units of the tolerance, per step; more than an error estimate "
                          "for each of {:.0f} steps, or ten, means that their difference has grown by itself",
                          steps));
  if (result.verdict == CheckVerdict::fail)
    result.message = fmt::format(
        "the two copies of the state are {:.2g} times as far apart as the tolerance lets their steps be: where the "
        "flow contracts, their difference grows, and the gradient is that of a discretisation that has left the flow; "
        "a smaller coupling than {:.4g} damps it (see docs/methods/reversible_rk.md)",
        apart, g.control.coupling);
  return result;
}

}  // namespace retrace::checks
