#pragma once

#include "solvers/tableau.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"

#include <algorithm>
#include <cstddef>

namespace retrace {

/// A scheme with a dense output of its own: `dense_terms` rows of coefficients beyond those of Hermite's cubic, over
/// the columns of DenseOutput, and the rows `dense_a` and nodes `dense_c` of its `dense_extra_stages`.
template <class S>
concept HasDenseTerms = TableauDefinition<S> && requires {
  { S::dense_order } -> std::convertible_to<int>;
  { S::dense_terms } -> std::convertible_to<int>;
  { S::dense_extra_stages } -> std::convertible_to<int>;
};

/// Hermite's cubic through both ends, with both slopes: of order 3 at most.
template <TableauDefinition S>
struct DenseTerms {
  static constexpr int dense_order = S::order < 3 ? S::order : 3, dense_terms = 0, dense_extra_stages = 0;
};
template <HasDenseTerms S>
struct DenseTerms<S> : S {};
/// The quartic of order 4 with Dormand and Prince's pair; Hairer, Norsett & Wanner (1993), Sec. II.6, code DOPRI5.
template <>
struct DenseTerms<DormandPrince54> {
  static constexpr int dense_order = 4, dense_terms = 1, dense_extra_stages = 0;
  static constexpr Kokkos::Array<Row<7>, 1> dense{
      {{{-12715105075.0 / 11282082432.0, 0.0, 87487479700.0 / 32700410799.0, -10690763975.0 / 1880347072.0,
         701980252875.0 / 199316789632.0, -1453857185.0 / 822651844.0, 69997945.0 / 29380423.0}}}};
};

/// b_i(sigma) of one stage, and d b_i / d sigma.
template <class T>
struct DenseWeight {
  T value, slope;
};

/// The state inside a step, for 0 <= sigma <= 1:
///
///     y(t + sigma h) = y_n + h sum_i b_i(sigma) K_i + O(h^(order + 1)),
///
/// over the stages of the step, f at the new state (the last stage of a first-same-as-last scheme, one more evaluation
/// else), and the extra stages of the scheme. With e_i = 1 for the first stage, n_i = 1 for f at the new state,
/// s = sigma and r = 1 - sigma,
///
///     b_i = s (b_i + r (e_i - b_i + s (2 b_i - e_i - n_i + r (d_0i + s (d_1i + r (d_2i + s (d_3i + …)))))))
///
/// where the d are the terms that the scheme adds to Hermite's cubic. So the values and slopes at both ends are those
/// of the step whatever the d, and b_i(1) = b_i to the bit. Observations in a step seed its reverse with h b_i(sigma) g
/// on K_i and g on y_n; the slope gives their derivatives in time.
///
/// Plain numbers that a device can hold, the same type for every scheme, like Tableau.
struct DenseOutput {
  static constexpr int most_stages = max_stages, most_extra_stages = 3, most_levels = 7;

  int order = 0;        ///< 0: none
  int step_stages = 0;  ///< those of the scheme itself
  int new_stage = 0;    ///< which column is f at the new state
  int stages = 0;       ///< all columns
  int levels = 0;       ///< of the nested formula
  Kokkos::Array<Row<most_stages>, most_levels> coefficient{};
  Kokkos::Array<Row<most_stages>, most_extra_stages> extra_a{};
  Row<most_extra_stages> extra_c{};

  [[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr bool exists() const { return order > 0; }
  /// Whether f at the new state is an evaluation that the step itself does not make.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr bool needs_final_rhs() const { return new_stage == step_stages; }
  /// Evaluations of f that the step itself does not make: at the new state, and at the extra stages.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr int extra_evaluations() const { return stages - step_stages; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr int degree() const { return levels; }

  /// a_ij, j < i, of a stage beyond f at the new state; its node is `stage_node`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION CoefficientRow stage_row(int i) const {
    return {extra_a[static_cast<std::size_t>(i - new_stage - 1)].data(), 0, i};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr double stage_node(int i) const {
    return extra_c[static_cast<std::size_t>(i - new_stage - 1)];
  }

  /// b_i(sigma) of stage `i`, and its derivative in sigma.
  template <class T>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr DenseWeight<T> weight(int i, T const& sigma) const {
    auto const column = static_cast<std::size_t>(i);
    T value = T(coefficient[static_cast<std::size_t>(levels - 1)][column]), slope(0.0);
    for (int k = levels - 2; k >= 0; --k) {
      bool const towards_end = k % 2 == 0;  // the factors alternate: 1 - sigma, sigma, 1 - sigma, …
      T const factor = towards_end ? T(1.0) - sigma : sigma;
      slope = towards_end ? factor * slope - value : factor * slope + value;
      value = T(coefficient[static_cast<std::size_t>(k)][column]) + factor * value;
    }
    return {sigma * value, value + sigma * slope};
  }
  /// b_i(sigma) of all columns into b[0] … b[stages - 1].
  template <class T>
  KOKKOS_INLINE_FUNCTION constexpr void weights(T const& sigma, T* b) const {
    for (int i = 0; i < stages; ++i) b[i] = weight(i, sigma).value;
  }
  /// d b_i / d sigma of all columns.
  template <class T>
  KOKKOS_INLINE_FUNCTION constexpr void slopes(T const& sigma, T* slope) const {
    for (int i = 0; i < stages; ++i) slope[i] = weight(i, sigma).slope;
  }
};

/// The dense output of a definition.
template <TableauDefinition S>
[[nodiscard]] constexpr DenseOutput make_dense_output() {
  using Terms = DenseTerms<S>;
  constexpr int hermite_levels = 3;
  DenseOutput dense;
  dense.order = Terms::dense_order;
  dense.step_stages = S::stages;
  dense.new_stage = S::fsal ? S::stages - 1 : S::stages;
  dense.stages = dense.new_stage + 1 + Terms::dense_extra_stages;
  dense.levels = hermite_levels + Terms::dense_terms;
  for (std::size_t i = 0; i < static_cast<std::size_t>(dense.stages); ++i) {
    double const b = i < S::stages ? S::b[i] : 0.0, first = i == 0 ? 1.0 : 0.0,
                 at_end = static_cast<int>(i) == dense.new_stage ? 1.0 : 0.0;
    dense.coefficient[0][i] = b;
    dense.coefficient[1][i] = first - b;
    dense.coefficient[2][i] = 2.0 * b - first - at_end;
    if constexpr (Terms::dense_terms > 0) {
      static_assert(hermite_levels + Terms::dense_terms <= DenseOutput::most_levels, "raise DenseOutput::most_levels");
      for (std::size_t k = 0; k < Terms::dense_terms; ++k)
        dense.coefficient[hermite_levels + k][i] = Terms::dense[k][i];
    }
  }
  if constexpr (Terms::dense_extra_stages > 0) {
    static_assert(Terms::dense_extra_stages <= DenseOutput::most_extra_stages, "raise DenseOutput::most_extra_stages");
    for (std::size_t n = 0; n < Terms::dense_extra_stages; ++n) {
      dense.extra_c[n] = Terms::dense_c[n];
      for (std::size_t j = 0; j < static_cast<std::size_t>(dense.stages); ++j)
        dense.extra_a[n][j] = Terms::dense_a[n][j];
    }
  }
  return dense;
}
template <TableauDefinition S>
inline constexpr DenseOutput dense_output_of = make_dense_output<S>();

/// What values inside a step need: the scheme with every column of its dense output as a stage, those of weight zero
/// included, and the weights of these columns.
struct Interpolant {
  Tableau columns{};
  DenseOutput weights{};
};
[[nodiscard]] constexpr Interpolant make_interpolant(Tableau const& tab, DenseOutput const& dense) {
  Interpolant all{tab, dense};
  Tableau& columns = all.columns;
  columns.stages = dense.stages;
  columns.fsal = false;  // the last column need not be f at the new state
  auto const new_stage = static_cast<std::size_t>(dense.new_stage);
  for (std::size_t j = 0; j < static_cast<std::size_t>(tab.stages); ++j) columns.a[new_stage][j] = tab.b[j];
  columns.c[new_stage] = 1.0;
  for (std::size_t i = new_stage + 1; i < static_cast<std::size_t>(dense.stages); ++i) {
    for (std::size_t j = 0; j < i; ++j) columns.a[i][j] = dense.extra_a[i - new_stage - 1][j];
    columns.c[i] = dense.extra_c[i - new_stage - 1];
  }
  return all;
}

/// sum_i b_i(sigma) = sigma for every sigma, level by level of the nested formula: sums 1, 0, 0, … ; b_i(1) = b_i to
/// the bit; and every extra stage's sum_j a_ij = c_i.
template <TableauDefinition S>
[[nodiscard]] constexpr bool has_consistent_dense_output() {
  constexpr DenseOutput dense = make_dense_output<S>();
  auto const sums_to = [&dense](Row<DenseOutput::most_stages> const& row, double expected) {
    double sum = -expected, size = 1.0;  // a sum of rounded coefficients is off by some rounding of the largest
    for (double const x : row) {
      sum += x;
      size = std::max(size, x < 0.0 ? -x : x);
    }
    return detail::nearly_equal(sum / size, 0.0);
  };
  for (int k = 0; k < dense.levels; ++k)
    if (!sums_to(dense.coefficient[static_cast<std::size_t>(k)], k == 0 ? 1.0 : 0.0)) return false;
  for (int n = 0; n < dense.stages - dense.new_stage - 1; ++n)
    if (!sums_to(dense.extra_a[static_cast<std::size_t>(n)], dense.extra_c[static_cast<std::size_t>(n)])) return false;
  for (int i = 0; i < dense.stages; ++i) {
    double const b = i < S::stages ? S::b[static_cast<std::size_t>(i)] : 0.0;
    if (dense.weight(i, 1.0).value != b || dense.weight(i, 0.0).value != 0.0) return false;
  }
  return true;
}

}  // namespace retrace
