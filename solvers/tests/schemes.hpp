#pragma once

#include "solvers/dense_output.hpp"
#include "solvers/registry.hpp"

namespace retrace::tests {

/// a_ij of all columns of a dense output: those of the step, f at the new state, extra stages.
template <TableauDefinition S>
[[nodiscard]] constexpr double dense_a(int i, int j) {
  constexpr DenseOutput dense = dense_output_of<S>;
  auto const row = static_cast<std::size_t>(i), column = static_cast<std::size_t>(j);
  if (i < S::stages) return j < S::stages ? S::a[row][column] : 0.0;
  if (i == dense.new_stage) return j < S::stages ? S::b[column] : 0.0;
  return dense.extra_a[row - dense.new_stage - 1][column];
}
template <TableauDefinition S>
[[nodiscard]] constexpr double dense_c(int i) {
  constexpr DenseOutput dense = dense_output_of<S>;
  if (i < S::stages) return S::c[static_cast<std::size_t>(i)];
  return i == dense.new_stage ? 1.0 : dense.stage_node(i);
}

}  // namespace retrace::tests
