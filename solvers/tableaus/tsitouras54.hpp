#pragma once

#include "solvers/order_conditions.hpp"

namespace retrace {

/// Tsitouras 5(4), first same as last; Tsitouras (2011), Comput. Math. Appl. 62:770, with its dense output of order 4.
struct Tsitouras54 {
  static constexpr std::string_view name = "tsitouras54";
  static constexpr int stages = 7, order = 5, embedded_order = 4;
  static constexpr bool adaptive = true, fsal = true;
  static constexpr Square<7> a{
      {{{0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}},
       {{0.161, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}},
       {{-8.4806554923569885444e-3, 0.33548065549235698854, 0.0, 0.0, 0.0, 0.0, 0.0}},
       {{2.8971530571054934321, -6.3594484899750748431, 4.362295432869581411, 0.0, 0.0, 0.0, 0.0}},
       {{5.3258648284392566044, -11.748883564062827878, 7.4955393428898362083, -0.092495066361755249257, 0.0, 0.0,
         0.0}},
       {{5.8614554429464200287, -12.920969317847109292, 8.1593678985761586432, -0.071584973281400997225,
         -0.028269050394068382909, 0.0, 0.0}},
       {{0.096460766818065229518, 0.01, 0.47988965041449957478, 1.3790085741037418932, -3.2900695154360806799,
         2.3247105240997739824, 0.0}}}};
  static constexpr Row<7> b{{0.096460766818065229518, 0.01, 0.47988965041449957478, 1.3790085741037418932,
                             -3.2900695154360806799, 2.3247105240997739824, 0.0}},
      b_hat{{0.094680755765839458075, 9.1835655403432530968e-3, 0.48777052842476157079, 1.2342975669304789857,
             -2.7077123499835254549, 1.8666284181705870358, 1.0 / 66}},
      c{{0.0, 0.161, 0.327, 0.9, 0.98002554090450968573, 1.0, 1.0}};

  /// Terms of the dense output beyond Hermite's (solvers/dense_output.hpp).
  static constexpr int dense_order = 4, dense_terms = 1, dense_extra_stages = 0;
  static constexpr Kokkos::Array<Row<7>, 1> dense{
      {{{-1.0530884977290216, 0.1017, 2.490627285651252793, -16.54810288924490272, 47.37952196281928122,
         -34.87065786149660974, 2.5}}}};
};
static_assert(has_quadrature_order<Tsitouras54>());

}  // namespace retrace
