#include "verification/checks/rounding_bound.hpp"

#include "verification/witness/rounding_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace retrace::checks {

namespace {

/// A method that finds the states again evaluates its derivatives where round-off has taken it; 100 for what later
/// steps make of that, and 1e-12 for the roundings of each step and their growth.
RoundingBound bound_of_way_back(CheckedGradient const& g, std::int64_t steps) {
  constexpr double growth_downstream = 1e2, per_step = 1e-12;
  return {std::max(per_step * static_cast<double>(steps), growth_downstream * g.result.round_trip.lost), true,
          fmt::format("round-off of {} steps and of the way back", steps)};
}

}  // namespace

RoundingBound rounding_bound(CheckedGradient const& g, std::int64_t steps) {
  if (g.has_own_scheme()) return bound_of_way_back(g, steps);
  double const u = limits::round_off(g.choice.precision);
  double const least = limits::least_difference(u, static_cast<double>(steps));
  MeasuredRounding const& measured = g.rounding();
  if (measured.runs == 0)
    return {least, false, fmt::format("round-off of {} steps; with other last bits the program branches", steps)};
  double const bound = std::max(least, limits::deviations * measured.relative + limits::drifts * measured.drift);
  return {
      bound, true,
      fmt::format("round-off: {} deviations of {:.2g} and {} drifts of {:.2g}, measured in {} runs with random last "
                  "bits; at least {:.2g} for {} steps",
                  limits::deviations, measured.relative, limits::drifts, measured.drift, measured.runs, least, steps)};
}

CheckResult within_rounding(std::string_view check, double difference, RoundingBound const& bound,
                            std::string const& what) {
  CheckResult result = at_most(check, difference, bound.bound, bound.reason + "; " + what);
  if (!bound.measured && result.verdict == CheckVerdict::fail && std::isfinite(difference)) {
    result.verdict = CheckVerdict::inconclusive;
    result.message =
        "round-off decides which branches the program takes: its derivative is not known to better; " + what;
  }
  if (bound.bound > limits::most_informative && std::isfinite(difference)) {
    result.verdict = CheckVerdict::inconclusive;
    result.message = "rounding errors are as large as the derivative: nothing can be said; " + result.message;
  }
  return result;
}

}  // namespace retrace::checks
