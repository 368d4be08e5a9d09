#pragma once

#include "solvers/tableau.hpp"

namespace retrace {

/// Heun-Euler 2(1); Hairer, Norsett & Wanner (1993), Sec. II.4.
struct HeunEuler21 {
  static constexpr std::string_view name = "heun_euler21";
  static constexpr int stages = 2, order = 2, embedded_order = 1;
  static constexpr bool adaptive = true, fsal = false;
  static constexpr Square<2> a{{{{0.0, 0.0}}, {{1.0, 0.0}}}};
  static constexpr Row<2> b{{0.5, 0.5}}, b_hat{{1.0, 0.0}}, c{{0.0, 1.0}};
};
static_assert(is_consistent<HeunEuler21>());

}  // namespace retrace
