#pragma once

#include "solvers/tableau.hpp"

namespace retrace {

/// Bogacki-Shampine 3(2), first same as last; Bogacki & Shampine (1989), Appl. Math. Lett. 2:321.
struct BogackiShampine32 {
  static constexpr std::string_view name = "bogacki_shampine32";
  static constexpr int stages = 4, order = 3, embedded_order = 2;
  static constexpr bool adaptive = true, fsal = true;
  static constexpr Square<4> a{
      {{{0.0, 0.0, 0.0, 0.0}}, {{0.5, 0.0, 0.0, 0.0}}, {{0.0, 0.75, 0.0, 0.0}}, {{2.0 / 9, 1.0 / 3, 4.0 / 9, 0.0}}}};
  static constexpr Row<4> b{{2.0 / 9, 1.0 / 3, 4.0 / 9, 0.0}}, b_hat{{7.0 / 24, 0.25, 1.0 / 3, 0.125}},
      c{{0.0, 0.5, 0.75, 1.0}};
};
static_assert(is_consistent<BogackiShampine32>());

}  // namespace retrace
