#include "solvers/objective.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace retrace {

void require_valid(Objective const& objective, double t0, double t1) {
  if (!objective.observes()) return;
  double const direction = t1 < t0 ? -1.0 : 1.0;
  for (int k = 0; k < objective.observations; ++k) {
    double const t = objective.times[static_cast<std::size_t>(k)];
    if (!std::isfinite(t) || direction * (t - t0) < 0.0 || direction * (t1 - t) < 0.0)
      throw UsageError(fmt::format("observation time number {} is {}, outside [{}, {}]", k + 1, t, t0, t1));
    if (k == 0) continue;
    double const before = objective.times[static_cast<std::size_t>(k - 1)];
    if (t == before) throw UsageError(fmt::format("observation time {} is given twice", t));
    if (direction * (t - before) < 0.0)
      throw UsageError(
          fmt::format("observation times must be in the order in which they are passed from {} to {}, and {} "
                      "stands before {}",
                      t0, t1, before, t));
  }
}

}  // namespace retrace
