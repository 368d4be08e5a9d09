#include "gradients/reversible.hpp"
#include "verification/checks/declarations.hpp"

#include <fmt/format.h>

#include <cmath>

namespace retrace::checks {

CheckResult round_trip(CheckedGradient const& g) {
  RoundTrip const& trip = g.result.round_trip;
  if (std::isnan(trip.error)) return skipped("the method does not undo its steps");
  return at_most(
      "round_trip", trip.lost, reversible_budget,
      fmt::format("error of the gradient that the way back suggests, half of the digits: y0 found with {:.2g}, "
                  "times what cancels; by its parameter alone the scheme may grow a rounding by {:.2g}",
                  trip.error, trip.growth));
}

}  // namespace retrace::checks
