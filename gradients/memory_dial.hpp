#pragma once

#include "solvers/step_control.hpp"
#include "solvers/tableau.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace retrace {

/// A point on the dial between memory and evaluations that all have the same gradient, to the bit.
struct DialPoint {
  std::string_view method;  ///< aca_stages, aca or aca_budget; empty: not even one state fits
  int checkpoints = 0;      ///< states kept, of aca_budget
};

/// The cheapest method whose tape of `steps` accepted steps fits into `bytes`, of one trajectory or field, for states
/// of `state_bytes`: stages while they fit (no evaluation backwards), then states, then as many as there is room for.
/// (t, h) of every step, in double, are kept in any case.
[[nodiscard]] inline DialPoint dial_point(std::int64_t bytes, std::int64_t steps, std::int64_t state_bytes,
                                          Tableau const& tab) {
  std::int64_t const left = bytes - steps * 2 * static_cast<std::int64_t>(sizeof(double));
  if (left >= steps * tab.last_used_stage * state_bytes) return {"aca_stages", 0};
  if (left >= steps * state_bytes) return {"aca", 0};
  std::int64_t const fit = std::min<std::int64_t>(left / state_bytes, StepControl::most_checkpoints);
  if (fit < 1) return {};
  return {"aca_budget", static_cast<int>(fit)};
}

}  // namespace retrace
