#pragma once

#include "solvers/tableau.hpp"

namespace retrace {

/// Dormand-Prince 5(4), first same as last; Hairer, Norsett & Wanner (1993), Table II.5.2.
struct DormandPrince54 {
  static constexpr std::string_view name = "dormand_prince54";
  static constexpr int stages = 7, order = 5, embedded_order = 4;
  static constexpr bool adaptive = true, fsal = true;
  static constexpr Square<7> a{{{{0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}},
                                {{1.0 / 5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}},
                                {{3.0 / 40, 9.0 / 40, 0.0, 0.0, 0.0, 0.0, 0.0}},
                                {{44.0 / 45, -56.0 / 15, 32.0 / 9, 0.0, 0.0, 0.0, 0.0}},
                                {{19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729, 0.0, 0.0, 0.0}},
                                {{9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656, 0.0, 0.0}},
                                {{35.0 / 384, 0.0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0.0}}}};
  static constexpr Row<7> b{{35.0 / 384, 0.0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0.0}},
      b_hat{{5179.0 / 57600, 0.0, 7571.0 / 16695, 393.0 / 640, -92097.0 / 339200, 187.0 / 2100, 1.0 / 40}},
      c{{0.0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1.0, 1.0}};
};
static_assert(is_consistent<DormandPrince54>());

}  // namespace retrace
