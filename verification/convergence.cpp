#include "verification/convergence.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace retrace {

namespace {
double slope_between(ConvergenceLevel const& coarse, ConvergenceLevel const& fine) {
  return std::log(coarse.error / fine.error) / std::log(coarse.h / fine.h);
}
}  // namespace

std::vector<ConvergenceLevel> with_slopes(std::vector<ConvergenceLevel> levels) {
  std::ranges::sort(levels, {}, &ConvergenceLevel::level);
  for (std::size_t i = 0; i < levels.size(); ++i)
    levels[i].observed_order =
        i == 0 ? std::numeric_limits<double>::quiet_NaN() : slope_between(levels[i - 1], levels[i]);
  return levels;
}

std::optional<FittedOrder> fitted_order(std::vector<ConvergenceLevel> const& levels, double floor, double ceiling) {
  constexpr std::size_t needed = 3;
  std::vector<ConvergenceLevel> usable;
  for (ConvergenceLevel const& level : with_slopes(levels))
    if (level.error > floor && level.error < ceiling) usable.push_back(level);
  if (usable.size() < needed) return std::nullopt;
  usable.erase(usable.begin(), usable.end() - needed);
  double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
  for (ConvergenceLevel const& level : usable) {
    double const log_h = std::log(level.h), log_error = std::log(level.error);
    x += log_h;
    y += log_error;
    xx += log_h * log_h;
    xy += log_h * log_error;
  }
  auto const n = static_cast<double>(needed);
  return FittedOrder{(n * xy - x * y) / (n * xx - x * x),
                     slope_between(usable[1], usable[2]) - slope_between(usable[0], usable[1])};
}

}  // namespace retrace
