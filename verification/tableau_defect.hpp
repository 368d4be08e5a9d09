#pragma once

#include "solvers/tableau.hpp"

#include <optional>
#include <string>

namespace retrace {

/// The worst violation of what a tableau claims: a is strictly lower triangular, sum_j a_ij = c_i, the last row of
/// a is b where `fsal`, b satisfies every order condition up to `order` and b_hat up to `embedded_order`.
struct TableauDefect {
  double size = 0.0;      ///< of the violation; 0 where all holds exactly
  double rounding = 0.0;  ///< bound on what coefficients rounded to doubles contribute to it
  std::string condition;  ///< in words
  int stage = 0;          ///< counted from 1; 0 where the condition belongs to none

  [[nodiscard]] bool is_violation() const { return size > rounding; }
};

/// Relative to its bound, the worst. A scheme of order 8 has 200 conditions; about a millisecond.
[[nodiscard]] TableauDefect worst_defect(Tableau const& tab);

/// A single coefficient whose change would satisfy all conditions.
struct WrongCoefficient {
  std::string name;  ///< "a_43", "b_2", "c_3"
  int stage = 0;     ///< the first index, counted from 1
  double value = 0.0, satisfying = 0.0;
};

/// Nothing if no single coefficient explains the violations. A second for a scheme of order 8: for messages only.
[[nodiscard]] std::optional<WrongCoefficient> find_wrong_coefficient(Tableau const& tab);

}  // namespace retrace
