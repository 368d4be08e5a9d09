#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace retrace {

/// A derivative by differences and a bar on its own error.
struct DifferenceEstimate {
  double derivative = 0.0, bar = std::numeric_limits<double>::infinity();
};

/// d/de L(x + e d) at e = 0 from central differences at e = first, first/2, first/4, …, one step of Richardson's
/// extrapolation each, T5 of docs/methods.md. `loss_at(e)` gives the loss or nothing where the difference would be
/// meaningless. The bar of an extrapolated value is the larger of its distances to its two neighbours in the table plus
/// loss_noise / e; the value with the smallest bar is returned, an infinite bar if there were not three in a row.
template <class LossAt>
[[nodiscard]] DifferenceEstimate richardson_derivative(LossAt&& loss_at, double first, int levels, double loss_noise) {
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
    double const bar = std::max(std::abs(*here - *before), std::abs(*here - *after)) + loss_noise / e;
    if (bar < best.bar) best = {*here, bar};
  }
  return best;
}

}  // namespace retrace
