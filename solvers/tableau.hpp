#pragma once

#include <Kokkos_Core.hpp>

#include <concepts>
#include <string_view>

namespace retrace {

template <int N>
using Row = Kokkos::Array<double, N>;
template <int N>
using Square = Kokkos::Array<Row<N>, N>;

/// The definition of an explicit Runge–Kutta scheme as a type, with an embedded scheme of lower order where `adaptive`:
/// a (strictly lower triangular), b (advances the solution), b_hat (embedded), c; `order` of b, `embedded_order` of
/// b_hat. First-same-as-last schemes (`fsal`) have c_s = 1, a_sj = b_j, b_s = 0: the last stage is f at the new state.
template <class S>
concept TableauDefinition = requires {
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

namespace detail {
constexpr bool nearly_equal(double x, double y) {
  constexpr double roundings = 64 * 2.2e-16;  // sums of at most a dozen coefficients of size up to about 12
  double const difference = x < y ? y - x : x - y;
  return difference < roundings;
}
}  // namespace detail

/// sum b = sum b_hat = 1, sum_j a_ij = c_i, a strictly lower triangular, and the FSAL pattern where claimed.
template <TableauDefinition S>
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

/// A run of coefficients x_begin … x_(end - 1) of a tableau: a part of a row, or of a column.
struct CoefficientRow {
  double const* first;  ///< of index 0
  int begin, end, stride = 1;
  [[nodiscard]] KOKKOS_INLINE_FUNCTION double at(int j) const { return first[j * stride]; }
};

/// Stages that a scheme may have, those of its dense output included: Dormand and Prince's scheme of order 8 has
/// twelve, f at the new state, and three more.
inline constexpr int max_stages = 16;

/// The coefficients as the solvers use them: plain numbers that a device can hold, the same type for every scheme, so
/// that a solver is compiled once for all of them.
struct Tableau {
  int stages = 0, order = 0, embedded_order = 0;
  bool adaptive = false, fsal = false;
  /// The last stage whose weight is not zero, counted from 1. Later stages do not influence the step: the reverse of a
  /// step without seeds on them needs so many vector-Jacobian products and one evaluation of f fewer.
  int last_used_stage = 0;
  /// Exponent of the step-size controller, 1 / (q + 1) with q the lower of the two orders; HNW (1993), Eq. II.4.11.
  double controller_exponent = 0.0;
  Square<max_stages> a{};
  Row<max_stages> b{}, error{}, c{};  ///< error: b - b_hat

  [[nodiscard]] KOKKOS_INLINE_FUNCTION CoefficientRow stage_row(int i) const {  // a_ij, j < i
    return {a[static_cast<std::size_t>(i)].data(), 0, i};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION CoefficientRow weight_row() const { return {b.data(), 0, stages}; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION CoefficientRow error_row() const { return {error.data(), 0, stages}; }
  /// a_ji, i < j < last: how stage i enters the later ones.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION CoefficientRow adjoint_row(int i, int last) const {
    return {&a[0][static_cast<std::size_t>(i)], i + 1, last, max_stages};
  }
};

/// The tableau of a definition.
template <TableauDefinition S>
[[nodiscard]] constexpr Tableau make_tableau() {
  static_assert(S::stages <= max_stages, "raise max_stages");
  Tableau tab;
  tab.stages = S::stages;
  tab.order = S::order;
  tab.embedded_order = S::embedded_order;
  tab.adaptive = S::adaptive;
  tab.fsal = S::fsal;
  tab.controller_exponent = 1.0 / (1.0 + (S::order < S::embedded_order ? S::order : S::embedded_order));
  for (std::size_t i = 0; i < S::stages; ++i) {
    for (std::size_t j = 0; j < S::stages; ++j) tab.a[i][j] = S::a[i][j];
    tab.b[i] = S::b[i];
    tab.error[i] = S::b[i] - S::b_hat[i];
    tab.c[i] = S::c[i];
    if (S::b[i] != 0.0) tab.last_used_stage = static_cast<int>(i) + 1;
  }
  return tab;
}
template <TableauDefinition S>
inline constexpr Tableau tableau_of = make_tableau<S>();

}  // namespace retrace
