#pragma once

#include "core/error.hpp"
#include "solvers/dense_catalogue.hpp"
#include "solvers/registry.hpp"
#include "solvers/step_control.hpp"

#include <stdexcept>
#include <string_view>

namespace retrace {

/// `control` for a solve from t0 to t1 by a registered scheme: with its dense output, if it has one. Throws UsageError
/// for observation times that cannot be and for a dense loss with a scheme that has no dense output.
[[nodiscard]] inline StepControl prepared(StepControl control, std::string_view solver, double t0, double t1) {
  require_valid(control.objective, t0, t1);
  try {
    control.objective.interpolant = make_interpolant(tableau_named(solver), dense_output_named(solver));
  } catch (std::invalid_argument const& error) {
    if (control.objective.kind == LossKind::dense) throw UsageError(error.what());
  }
  return control;
}

}  // namespace retrace
