#pragma once

#include <optional>
#include <vector>

namespace retrace {

/// One level of an order test: a step size, or a tolerance, and the error that it leaves.
struct ConvergenceLevel {
  int level = 0;  ///< 0: the case itself; each further level halves the step, or takes a tenth of the tolerance
  double h = 0.0;
  double error = 0.0;
  double observed_order = 0.0;  ///< slope from the coarser level; NaN at the coarsest
};

/// Levels from coarse to fine, their slopes filled in.
[[nodiscard]] std::vector<ConvergenceLevel> with_slopes(std::vector<ConvergenceLevel> levels);

/// Least-squares slope of log(error) over log(h) of the levels whose error lies between `floor` and `ceiling`, the
/// finest three of them; nothing if there are fewer.
struct FittedOrder {
  double slope = 0.0;
  double bend = 0.0;  ///< slope between the finer two less that between the coarser two: 0 where asymptotic
};
[[nodiscard]] std::optional<FittedOrder> fitted_order(std::vector<ConvergenceLevel> const& levels, double floor,
                                                      double ceiling);

}  // namespace retrace
