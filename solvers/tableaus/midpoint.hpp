#pragma once

#include "solvers/tableau.hpp"

namespace retrace {

/// Explicit midpoint rule (Runge 1895), order 2.
struct Midpoint {
  static constexpr std::string_view name = "midpoint";
  static constexpr int stages = 2, order = 2, embedded_order = 0;
  static constexpr bool adaptive = false, fsal = false;
  static constexpr Square<2> a{{{{0.0, 0.0}}, {{0.5, 0.0}}}};
  static constexpr Row<2> b{{0.0, 1.0}}, b_hat{{0.0, 0.0}}, c{{0.0, 0.5}};
};
static_assert(is_consistent<Midpoint>());

}  // namespace retrace
