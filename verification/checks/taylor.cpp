#include "verification/checks/declarations.hpp"
#include "verification/checks/rounding_bound.hpp"
#include "verification/witness/rounding_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

namespace retrace::checks {

namespace {

/// Do the rates at the three finest step sizes rise, beyond the middle between 1 and 2? Then higher terms still cancel
/// the square. An error of the gradient makes them fall towards 1. The last of them looks at one step size more, if
/// that is above noise at all.
bool still_rises(TaylorTest const& test) {
  constexpr double middle = 1.5;
  constexpr std::size_t finest = 3;
  std::vector<double> rates;
  for (std::size_t i = 0; i + 1 < test.points.size(); ++i) {
    TaylorPoint const& next = test.points[i + 1];
    if (test.points[i].used && next.remainder1 > next.noise_floor) rates.push_back(test.points[i].rate);
  }
  if (rates.size() > finest) rates.erase(rates.begin(), rates.end() - finest);
  return !rates.empty() && rates.back() > middle && std::ranges::is_sorted(rates);
}

/// Are the rates of the window between that of a wrong slope, 1, and that of a right one, 2, and what noise makes of
/// them? Where they are not, the step sizes are too large for any power of them to stand out.
bool has_regular_rates(TaylorTest const& test) {
  constexpr double least = 0.5, most = 2.5;
  for (std::size_t i = 0; i + 1 < test.points.size(); ++i) {
    TaylorPoint const& point = test.points[i];
    if (point.used && test.points[i + 1].used && !(least <= point.rate && point.rate <= most)) return false;
  }
  return true;
}

/// Of remainders d e + c e^2 at the two finest step sizes that are used, is d, the error of the slope, more than noise?
/// Where noise leaves only large step sizes, higher terms bend the rates of a right gradient, too.
bool has_wrong_slope(TaylorTest const& test) {
  std::vector<TaylorPoint> used;
  std::ranges::copy_if(test.points, std::back_inserter(used), &TaylorPoint::used);
  if (used.size() < 2) return false;
  auto const of_slope = [](double x, TaylorPoint const& point) { return x / point.eps; };
  TaylorPoint const &fine = used.back(), &coarse = used[used.size() - 2];  // e and 2 e
  double const error = 2.0 * of_slope(fine.remainder1, fine) - of_slope(coarse.remainder1, coarse),
               noise = 2.0 * of_slope(fine.noise_floor, fine) + of_slope(coarse.noise_floor, coarse);
  return error > noise;
}

}  // namespace

/// Slow to see small errors of a gradient, and blind to none: it needs only losses.
CheckResult taylor(CheckedGradient const& g) {
  if (g.promise == Promise::consistent) return skipped("the method's gradient is not that of any program");
  bool const program = g.promise == Promise::exact_program;
  if (program && g.choice.precision != "f64")
    return skipped("losses of the live program are formed in double, where it takes other steps");
  if (g.control.detached_factor) return skipped("the live program moves the factor that the method holds fixed");
  if (g.control.objective.kind != LossKind::terminal) return skipped("its steps know the terminal loss only");
  double const rounding = rounding_bound(g, g.result.work.accepted).bound;
  if (rounding > limits::most_informative)  // only the largest step sizes would be left, as for the other witnesses
    return inconclusive(fmt::format(
        "rounding makes up to {:.2g} of the derivative: no step size is small and its remainder above that", rounding));
  std::vector<TaylorTest> tests = g.witness.taylor(g.choice, g.control, program, g.result, rounding);

  constexpr double least_rate = 1.8;                              // 2, less what the next term makes of it
  constexpr double first_order_from = 0.7, first_order_to = 1.3;  // around 1: without the gradient
  constexpr double fine = 1e-4;  // an error of the gradient by this share must show, or nothing has been tested
  double slowest = std::numeric_limits<double>::infinity();
  int judged = 0, silent = 0, blind = 0;
  for (TaylorTest const& test : tests) {
    bool const sees = test.rate && first_order_from <= test.rate_without && test.rate_without <= first_order_to;
    if (sees && *test.rate < least_rate && (still_rises(test) || !has_regular_rates(test) || !has_wrong_slope(test))) {
      ++blind;
    } else if (sees) {
      slowest = std::min(slowest, *test.rate);
      ++judged;
    } else if (!test.rate && test.least_visible_error <= fine) {
      ++silent;  // the remainder is noise from the first step size on: the loss is linear along this direction
    } else {
      ++blind;
    }
  }
  CheckResult result;
  if (judged > 0) {
    result = {.check = "taylor",
              .value = slowest,
              .threshold = least_rate,
              .op = ">=",
              .verdict = slowest >= least_rate ? CheckVerdict::pass : CheckVerdict::fail,
              .message = {}};
    result.message =
        fmt::format("least rate of {} directions, noise measured; without the gradient the rate is 1", judged);
  } else if (silent > 0 && blind == 0) {
    result = at_most("taylor", 0.0, fine, "the loss is linear along each direction, to the noise");
  } else {
    result = inconclusive(
        fmt::format("too few step sizes above the noise, or too large ones, in {} directions", tests.size()));
  }
  result.taylor = std::move(tests);
  return result;
}

}  // namespace retrace::checks
