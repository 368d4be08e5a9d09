#include "verification/richardson.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace retrace {

DifferenceEstimate richardson_derivative(std::function<std::optional<double>(double)> const& loss_at, double first,
                                         int levels, double loss_noise) {
  std::vector<std::optional<double>> central;
  for (int k = 0; k < levels; ++k) {
    double const e = std::ldexp(first, -k);
    std::optional<double> const plus = loss_at(e), minus = loss_at(-e);
    central.push_back(plus && minus ? std::optional((*plus - *minus) / (2.0 * e)) : std::nullopt);
  }
  auto const extrapolated = [&](std::size_t k) -> std::optional<double> {
    if (k + 1 >= central.size() || !central[k] || !central[k + 1]) return std::nullopt;
    return (4.0 * *central[k + 1] - *central[k]) / 3.0;
  };
  DifferenceEstimate best;
  for (std::size_t k = 1; k + 2 < central.size(); ++k) {
    auto const before = extrapolated(k - 1), here = extrapolated(k), after = extrapolated(k + 1);
    if (!before || !here || !after) continue;
    double const e = std::ldexp(first, -static_cast<int>(k) - 1);
    double distance = std::max(std::abs(*here - *before), std::abs(*here - *after));
    for (std::size_t finer = k + 2; finer + 1 < central.size(); ++finer) {
      constexpr double some = 3.0;  // deviations, of a noise that was measured a few times
      double const noise = some * loss_noise / std::ldexp(first, -static_cast<int>(finer) - 1);
      if (auto const there = extrapolated(finer)) distance = std::max(distance, std::abs(*here - *there) - noise);
    }
    double const bar = distance + loss_noise / e;
    if (bar < best.bar) best = {*here, bar};
  }
  return best;
}

}  // namespace retrace
