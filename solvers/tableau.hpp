#pragma once

#include <Kokkos_Core.hpp>

#include <concepts>
#include <string_view>

namespace retrace {

template <int N>
using Row = Kokkos::Array<double, N>;
template <int N>
using Square = Kokkos::Array<Row<N>, N>;

/// Coefficients of an explicit Runge–Kutta scheme, with an embedded scheme of lower order where `adaptive`:
/// a (strictly lower triangular), b (advances the solution), b_hat (embedded), c; `order` of b, `embedded_order` of
/// b_hat. First-same-as-last schemes (`fsal`) have c_s = 1, a_sj = b_j, b_s = 0: the last stage is f at the new state.
template <class S>
concept Tableau = requires {
  { S::name } -> std::convertible_to<std::string_view>;
  { S::stages } -> std::convertible_to<int>;
  { S::order } -> std::convertible_to<int>;
  { S::embedded_order } -> std::convertible_to<int>;
  { S::adaptive } -> std::convertible_to<bool>;
  { S::fsal } -> std::convertible_to<bool>;
  { S::a } -> std::convertible_to<Square<S::stages>>;
  { S::b } -> std::convertible_to<Row<S::stages>>;
  { S::b_hat } -> std::convertible_to<Row<S::stages>>;
  { S::c } -> std::convertible_to<Row<S::stages>>;
};

/// The last stage whose weight is not zero, counted from 1. Later stages do not influence the step: the reverse of a
/// step without seeds on them needs `last_used_stage` vector-Jacobian products and one evaluation of f fewer.
template <Tableau S>
[[nodiscard]] constexpr int last_used_stage() {
  int last = S::stages;
  while (last > 0 && S::b[static_cast<std::size_t>(last - 1)] == 0.0) --last;
  return last;
}

/// Exponent of the step-size controller, 1 / (q + 1) with q the lower of the two orders; HNW (1993), Eq. II.4.11.
template <Tableau S>
[[nodiscard]] constexpr double controller_exponent() {
  return 1.0 / (1.0 + (S::order < S::embedded_order ? S::order : S::embedded_order));
}

namespace detail {
constexpr bool nearly_equal(double x, double y) {
  constexpr double roundings = 64 * 2.2e-16;  // sums of at most a dozen coefficients of size up to about 12
  double const difference = x < y ? y - x : x - y;
  return difference < roundings;
}
}  // namespace detail

/// sum b = sum b_hat = 1, sum_j a_ij = c_i, a strictly lower triangular, and the FSAL pattern where claimed.
template <Tableau S>
[[nodiscard]] constexpr bool is_consistent() {
  double sum_b = 0.0, sum_b_hat = 0.0;
  for (std::size_t i = 0; i < S::stages; ++i) {
    sum_b += S::b[i];
    sum_b_hat += S::b_hat[i];
    double sum_a = 0.0;
    for (std::size_t j = 0; j < S::stages; ++j) {
      sum_a += S::a[i][j];
      if (j >= i && S::a[i][j] != 0.0) return false;
    }
    if (!detail::nearly_equal(sum_a, S::c[i])) return false;
  }
  if (S::fsal) {
    for (std::size_t j = 0; j < S::stages; ++j) {
      if (S::a[S::stages - 1][j] != S::b[j]) return false;
    }
    if (S::c[S::stages - 1] != 1.0) return false;
  }
  return detail::nearly_equal(sum_b, 1.0) && (!S::adaptive || detail::nearly_equal(sum_b_hat, 1.0));
}

/// Rows of coefficients as types, so that loops over them unroll and their zeros cost nothing.
template <Tableau S, int I>
struct StageRow {  // a_ij, j < i
  static constexpr int begin = 0, end = I;
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr double at(int j) {
    return S::a[I][static_cast<std::size_t>(j)];
  }
};
template <Tableau S>
struct WeightRow {  // b_j
  static constexpr int begin = 0, end = S::stages;
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr double at(int j) { return S::b[static_cast<std::size_t>(j)]; }
};
template <Tableau S>
struct ErrorRow {  // b_j - b_hat_j
  static constexpr int begin = 0, end = S::stages;
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr double at(int j) {
    return S::b[static_cast<std::size_t>(j)] - S::b_hat[static_cast<std::size_t>(j)];
  }
};
template <Tableau S, int I, int Last>
struct AdjointRow {  // a_ji, i < j < Last: how stage i enters the later ones
  static constexpr int begin = I + 1, end = Last;
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr double at(int j) {
    return S::a[static_cast<std::size_t>(j)][I];
  }
};
template <int Count>
struct OnesRow {
  static constexpr int begin = 0, end = Count;
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr double at(int) { return 1.0; }
};

}  // namespace retrace
