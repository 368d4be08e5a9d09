#pragma once

#include "solvers/tableaus/midpoint.hpp"

namespace retrace {

/// The explicit midpoint rule with Euler's step embedded, 2(1): a midpoint rule that chooses its steps. The scheme
/// whose asynchronous form is the leapfrog of `mali`.
struct MidpointEuler21 {
  static constexpr std::string_view name = "midpoint_euler21";
  static constexpr int stages = 2, order = 2, embedded_order = 1;
  static constexpr bool adaptive = true, fsal = false;
  static constexpr Square<2> a = Midpoint::a;
  static constexpr Row<2> b = Midpoint::b, b_hat{{1.0, 0.0}}, c = Midpoint::c;
};
static_assert(is_consistent<MidpointEuler21>());

}  // namespace retrace
