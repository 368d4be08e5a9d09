#pragma once

#include <functional>
#include <limits>
#include <optional>

namespace retrace {

/// A derivative by differences and a bar on its own error.
struct DifferenceEstimate {
  double derivative = 0.0, bar = std::numeric_limits<double>::infinity();
};

/// d/de L(x + e d) at e = 0 from central differences at e = first, first/2, first/4, …, one step of Richardson's
/// extrapolation each, T5 of docs/methods.md. `loss_at(e)` gives the loss or nothing where the difference would be
/// meaningless. The bar of an extrapolated value is the largest of its distances to its two neighbours in the table
/// and, less what noise makes of them, to all finer ones (three that agree by accident where e is too large are
/// contradicted by them), plus loss_noise / e; the value with the smallest bar is returned, an infinite bar if there
/// were not three in a row.
[[nodiscard]] DifferenceEstimate richardson_derivative(std::function<std::optional<double>(double)> const& loss_at,
                                                       double first, int levels, double loss_noise);

}  // namespace retrace
