#pragma once

#include "core/communicator.hpp"
#include "gradients/ensemble_gradient.hpp"

#include <Kokkos_Core.hpp>

#include <mpi.h>

#include <cmath>
#include <string_view>

namespace retrace::tests {

/// The problem's defaults with some numbers set otherwise.
template <class Problem>
[[nodiscard]] Problem make_problem(std::initializer_list<std::pair<std::string_view, double>> numbers = {}) {
  Arguments arguments = Arguments::defaults(Problem::arguments());
  for (auto const& [name, value] : numbers) arguments.numbers.find(name)->second = value;
  return Problem(arguments);
}

/// The gradient of the whole ensemble, on this process alone.
template <class Method, TableauDefinition Tab, EnsembleProblem Problem>
[[nodiscard]] GradientResult gradient_of(Problem const& problem, StepControl const& control) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  constexpr std::int64_t block = 16;
  StepControl how = control;
  how.objective.interpolant = make_interpolant(tableau_of<Tab>, dense_output_of<Tab>);
  EnsembleGradient<Problem, Method, Kokkos::DefaultHostExecutionSpace> driver(
      problem, tableau_of<Tab>, how, BlockPartition(problem.trajectories, block, 0, 1), self);
  driver.run();
  return driver.result();
}

[[nodiscard]] inline StepControl control_with(double relative, double absolute) {
  StepControl control;
  control.relative_tolerance = relative;
  control.absolute_tolerance = absolute;
  return control;
}
[[nodiscard]] inline StepControl control_with(double tolerance) {
  return control_with(tolerance, tolerance);
}

[[nodiscard]] inline double relative_error(double x, double reference) {
  return std::abs(x - reference) / std::abs(reference);
}

}  // namespace retrace::tests
