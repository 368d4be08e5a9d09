#include "verification/checks/fall.hpp"

#include "core/precision.hpp"
#include "verification/checks/tightened.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace retrace::checks {

namespace {

/// With tolerance / 100 (or 4 times the steps) the error of a consistent method falls about as much (4^order); a tenth
/// (a half) is asked for, so that erratic step patterns do not decide. Single precision leaves room for a tenth of the
/// tolerance at most, and none below 1e-5 = 100 u.
constexpr double least_single_tolerance = 1e-5, least_tolerance = 1e-13;  // 1000 u
constexpr std::int64_t most_fixed_steps = 10'000'000;

double factor_of(CheckedGradient const& g) {
  if (!g.control.adaptive()) return 4.0;
  return g.choice.precision == F64::name ? 100.0 : 10.0;
}

double room_of(CheckedGradient const& g) {
  if (!g.control.adaptive())
    return static_cast<double>(most_fixed_steps / std::max<std::int64_t>(g.control.fixed_steps, 1));
  return g.control.relative_tolerance / (g.choice.precision == F64::name ? least_tolerance : least_single_tolerance);
}

}  // namespace

std::string Fall::words() const {
  return fmt::format("error after tightening by {:g}, from {:.2e}; a fall by {:g} is asked for", tightening, before,
                     1.0 / wanted);
}

bool can_tighten(CheckedGradient const& g) {
  return g.choice.precision == F64::name || !g.control.adaptive() ||
         g.control.relative_tolerance >= factor_of(g) * least_single_tolerance;
}

Fall fall_of(CheckedGradient const& g, std::vector<double> const& before, double again_below,
             ErrorsUnder const& errors_under) {
  bool const adaptive = g.control.adaptive(), single = g.choice.precision != F64::name;
  double const factor = factor_of(g), wanted = adaptive && !single ? 0.1 : 0.5;
  // Nor has a method to fall below the tolerance that it was given: on a span of few steps the first error may be far
  // below its own.
  auto const judged = [&](double tightening) {
    double const tolerance = std::max(g.control.relative_tolerance, g.control.absolute_tolerance),
                 asked = adaptive ? tolerance / tightening : 0.0;
    std::vector<ErrorAndFloor> const after = errors_under(tightened(g.control, tightening));
    Fall worst;
    for (std::size_t i = 0; i < after.size(); ++i) {
      Fall const fall{i,          before[i], after[i].error, std::max({wanted * before[i], after[i].floor, asked}),
                      tightening, wanted};
      if (i == 0 || !(fall.after * worst.threshold <= worst.after * fall.threshold)) worst = fall;
      if (std::isnan(fall.after)) break;  // nothing is worse
    }
    return worst;
  };
  Fall fall = judged(factor);
  // An error is erratic in the tolerance: this one may be large, or the first small, by accident. What converges falls
  // on with the next tightening; what does not, stays where it is, so that asking again lets nothing else pass.
  double const further = std::min(factor * factor, room_of(g));
  if (!fall.enough() && fall.before < again_below && further > factor) fall = judged(further);
  return fall;
}

}  // namespace retrace::checks
