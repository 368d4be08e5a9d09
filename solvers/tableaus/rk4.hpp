#pragma once

#include "solvers/tableau.hpp"

namespace retrace {

/// The classical Runge–Kutta scheme (Kutta 1901), order 4.
struct Rk4 {
  static constexpr std::string_view name = "rk4";
  static constexpr int stages = 4, order = 4, embedded_order = 0;
  static constexpr bool adaptive = false, fsal = false;
  static constexpr Square<4> a{
      {{{0.0, 0.0, 0.0, 0.0}}, {{0.5, 0.0, 0.0, 0.0}}, {{0.0, 0.5, 0.0, 0.0}}, {{0.0, 0.0, 1.0, 0.0}}}};
  static constexpr Row<4> b{{1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6}}, b_hat{{0.0, 0.0, 0.0, 0.0}}, c{{0.0, 0.5, 0.5, 1.0}};
};
static_assert(is_consistent<Rk4>());

}  // namespace retrace
