#include "verification/witness/taylor.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace retrace::witness {

namespace {
constexpr int coarsest = 4, finest = 35;  // exponents of the step sizes
constexpr std::size_t window = 4;
constexpr double clear_of_noise = 3.0;  // a third of noise at the last of four points leaves the median of their rates
}  // namespace

double median(std::vector<double> numbers) {
  if (numbers.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(numbers);
  std::size_t const half = numbers.size() / 2;
  return numbers.size() % 2 == 1 ? numbers[half] : 0.5 * (numbers[half - 1] + numbers[half]);
}

TaylorTest taylor_test(TaylorInput const& input) {
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  TaylorTest test;
  for (int k = coarsest; k <= finest; ++k) {
    double const e = std::ldexp(1.0, -k);
    double const difference = input.difference(e).value_or(nothing);
    test.points.push_back({.direction = input.direction,
                           .eps = e,
                           .remainder0 = std::abs(difference),
                           .remainder1 = std::abs(difference - e * input.slope),
                           .noise_floor = input.noise + e * input.slope_error,
                           .rate = nothing});
  }
  std::vector<TaylorPoint>& points = test.points;
  auto const is_clean = [&](std::size_t i) { return points[i].remainder1 > clear_of_noise * points[i].noise_floor; };
  std::optional<std::size_t> first;  // of the window
  std::size_t in_a_row = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i + 1 < points.size()) points[i].rate = std::log2(points[i].remainder1 / points[i + 1].remainder1);
    in_a_row = is_clean(i) ? in_a_row + 1 : 0;
    if (in_a_row >= window) first = i + 1 - window;
  }
  // An error of the slope by a share s would add e s |slope| to remainder1.
  test.least_visible_error = std::numeric_limits<double>::infinity();
  for (TaylorPoint const& point : points) {
    if (std::isnan(point.remainder1)) continue;
    double const above = std::max(point.remainder1, point.noise_floor) / (point.eps * std::abs(input.slope));
    test.least_visible_error = std::min(test.least_visible_error, above);
  }
  if (!first) return test;
  std::vector<double> with, without;
  for (std::size_t i = *first; i < *first + window; ++i) {
    points[i].used = true;
    if (i + 1 == *first + window) break;
    with.push_back(points[i].rate);
    without.push_back(std::log2(points[i].remainder0 / points[i + 1].remainder0));
  }
  test.rate = median(with);
  test.rate_without = median(without);
  return test;
}

}  // namespace retrace::witness
