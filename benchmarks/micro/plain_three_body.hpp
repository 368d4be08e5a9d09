#pragma once

#include "core/vec.hpp"

#include <cstdint>

namespace retrace::micro {

struct PlainGradient {
  Vec<double, 18> dloss_dy0;
  Vec<double, 3> dloss_dp;
  std::int64_t steps;
};

/// The gradient of the first trajectory of three_body at T = 1, rtol = atol = tolerance, by a hand-written loop.
[[nodiscard]] PlainGradient plain_three_body_gradient(double tolerance);

}  // namespace retrace::micro
