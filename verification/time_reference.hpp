#pragma once

#include "verification/problem_instance.hpp"

#include <span>

namespace retrace {

/// Adds the derivatives of the flow in t0, t1 and the observation times to `reference`: those of `aca` at a tight
/// tolerance, to which its rule converges ((2.2) of docs/methods.md); their uncertainty is the distance to a weaker
/// solve. Collective.
void add_time_derivatives(ProblemInstance const& problem, Objective const& objective, Reference& reference);

/// Largest error over largest derivative; NaN where either has none.
[[nodiscard]] double time_error(std::span<double const> dloss_dt, Reference const& reference);

}  // namespace retrace
