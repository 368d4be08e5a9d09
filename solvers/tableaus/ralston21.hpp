#pragma once

#include "solvers/order_conditions.hpp"

namespace retrace {

/// Ralston's scheme of order 2, the one of least error bound among two-stage schemes, with Euler's embedded; Ralston
/// (1962), Math. Comp. 16:431.
struct Ralston21 {
  static constexpr std::string_view name = "ralston21";
  static constexpr int stages = 2, order = 2, embedded_order = 1;
  static constexpr bool adaptive = true, fsal = false;
  static constexpr Square<2> a{{{{0.0, 0.0}}, {{2.0 / 3, 0.0}}}};
  static constexpr Row<2> b{{0.25, 0.75}}, b_hat{{1.0, 0.0}}, c{{0.0, 2.0 / 3}};
};
static_assert(has_quadrature_order<Ralston21>());

}  // namespace retrace
