#pragma once

#include "core/counted.hpp"
#include "gradients/gradient_result.hpp"
#include "problems/ensemble_problem.hpp"
#include "solvers/tableau.hpp"

namespace retrace {

/// Floating-point operations of one evaluation of f and of one VJP: of a trajectory, or of the whole batch of a field.
/// NaN where nobody has said.
struct ProblemOperations {
  double rhs, vjp;
};

/// Counted on the first trajectory; branches of a formula that another one would take are not seen.
template <EnsembleProblem Problem>
[[nodiscard]] ProblemOperations operations_of(Problem const& problem) {
  auto const y = convert<Counted>(problem.initial_state(0));
  auto const p = convert<Counted>(problem.parameter_values(0));
  auto dydt = y, y_bar = y;
  auto p_bar = p;
  Counted t_bar;
  std::int64_t const before = Counted::operations;
  Problem::rhs(Counted(problem.t0), y, p, dydt);
  std::int64_t const between = Counted::operations;
  Problem::vjp(Counted(problem.t0), y, p, dydt, y_bar, p_bar, t_bar);
  return {static_cast<double>(between - before), static_cast<double>(Counted::operations - between)};
}

/// What a gradient's work amounts to by formula: the least that an implementation of these counts does.
struct WorkModel {
  double operations;   ///< floating point, of all ranks
  double bytes_moved;  ///< to and from memory: the tape, written and read; the states of a field, at each use
};

/// The states that a gradient works on.
struct WorkShape {
  double numbers;           ///< of a state: of a trajectory, or of the whole batch of a field
  double backward_numbers;  ///< of the state that is integrated backwards (continuous adjoint); 0: steps are reversed
  double bytes_of_number;
  bool in_memory;  ///< do linear combinations move their states (fields), or are these in registers and caches?
};

[[nodiscard]] WorkModel model_of(GradientResult const& result, Tableau const& tab, ProblemOperations const& problem,
                                 WorkShape const& shape);

}  // namespace retrace
