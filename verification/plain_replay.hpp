#pragma once

#include "gradients/external/plain_system.hpp"

#include <functional>
#include <span>
#include <vector>

namespace retrace {

/// L at the end of steps, and its derivative along a direction.
struct ReplayedLoss {
  double loss, derivative;
};

/// Of the state that a step has left, and of its tangent: to be changed.
using EndOfStep = std::function<void(std::span<double> y, std::span<double> dy)>;

/// Takes the steps from the system's y0 and carries the tangent (dy0, dp) along; dp may be empty. Both are plain
/// Runge-Kutta sums over the tableau. `end_of_step` is called after each step, if there is one.
[[nodiscard]] ReplayedLoss replay_with_tangent(Tableau const& tab, std::span<StepSpan<double> const> steps,
                                               PlainSystem& system, std::span<double const> dy0,
                                               std::span<double const> dp, EndOfStep const& end_of_step = {});
/// L alone.
[[nodiscard]] double replay_loss(Tableau const& tab, std::span<StepSpan<double> const> steps, PlainSystem& system);

/// Each step as two of half its size.
[[nodiscard]] std::vector<StepSpan<double>> halved(std::span<StepSpan<double> const> steps);

}  // namespace retrace
