#pragma once

#include "solvers/tableau.hpp"

namespace retrace {

/// Explicit Euler, order 1.
struct Euler {
  static constexpr std::string_view name = "euler";
  static constexpr int stages = 1, order = 1, embedded_order = 0;
  static constexpr bool adaptive = false, fsal = false;
  static constexpr Square<1> a{{{{0.0}}}};
  static constexpr Row<1> b{{1.0}}, b_hat{{0.0}}, c{{0.0}};
};
static_assert(is_consistent<Euler>());

}  // namespace retrace
