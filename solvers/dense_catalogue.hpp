#pragma once

#include "solvers/dense_output.hpp"

#include <string_view>

namespace retrace {

/// The dense output of a scheme of the suite, or of one that a user's program has added. Throws std::out_of_range for a
/// name that is not there, std::invalid_argument for a scheme whose tableau alone was added.
[[nodiscard]] DenseOutput const& dense_output_named(std::string_view name);
/// Adds that of a user's scheme, beside add_tableau. Throws std::invalid_argument if the name is taken.
void add_dense_output(std::string_view name, DenseOutput const& dense);
template <TableauDefinition S>
void add_dense_output() {
  static_assert(has_consistent_dense_output<S>());
  add_dense_output(S::name, dense_output_of<S>);
}

}  // namespace retrace
