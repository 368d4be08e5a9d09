#pragma once

#include "solvers/objective.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace retrace::tests {

// As in test_duals.cpp.
inline constexpr double round_off_per_step = 1e-12;
inline constexpr double program_round_off = 1e-10;

inline Objective observed(LossKind kind, std::vector<double> const& times) {
  Objective objective;
  objective.kind = kind;
  objective.observations = static_cast<int>(times.size());
  std::ranges::copy(times, objective.times.data());
  return objective;
}

/// Of the numbers among them; 0 of none.
inline double largest(std::vector<double> const& x) {
  double most = 0.0;
  for (double const value : x)
    if (!std::isnan(value)) most = std::max(most, std::abs(value));
  return most;
}

}  // namespace retrace::tests
