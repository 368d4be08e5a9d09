#pragma once

#include "solvers/step_control.hpp"

#include <cstdint>

namespace retrace::checks {

/// The same control with `factor` times smaller tolerances, or so many times the steps.
[[nodiscard]] inline StepControl tightened(StepControl control, double factor) {
  if (control.adaptive()) {
    control.relative_tolerance /= factor;
    control.absolute_tolerance /= factor;
    control.max_steps *= 10;
  } else {
    control.fixed_steps = static_cast<std::int64_t>(static_cast<double>(control.fixed_steps) * factor);
    control.max_steps = control.fixed_steps;
  }
  return control;
}

}  // namespace retrace::checks
