#pragma once

#include "solvers/tableau.hpp"

/// Cash-Karp 5(4); Cash & Karp (1990), ACM Trans. Math. Softw. 16:201.
struct CashKarp54 {
  static constexpr std::string_view name = "cash_karp54";
  static constexpr int stages = 6, order = 5, embedded_order = 4;
  static constexpr bool adaptive = true, fsal = false;
  static constexpr retrace::Square<6> a{
      {{{}},
       {{1.0 / 5}},
       {{3.0 / 40, 9.0 / 40}},
       {{3.0 / 10, -9.0 / 10, 6.0 / 5}},
       {{-11.0 / 54, 5.0 / 2, -70.0 / 27, 35.0 / 27}},
       {{1631.0 / 55296, 175.0 / 512, 575.0 / 13824, 44275.0 / 110592, 253.0 / 4096}}}};
  static constexpr retrace::Row<6> b{{37.0 / 378, 0.0, 250.0 / 621, 125.0 / 594, 0.0, 512.0 / 1771}};
  static constexpr retrace::Row<6> b_hat{
      {2825.0 / 27648, 0.0, 18575.0 / 48384, 13525.0 / 55296, 277.0 / 14336, 1.0 / 4}};
  static constexpr retrace::Row<6> c{{0.0, 1.0 / 5, 3.0 / 10, 3.0 / 5, 1.0, 7.0 / 8}};
};
