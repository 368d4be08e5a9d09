#include "verification/time_reference.hpp"

#include "gradients/gradient_result.hpp"
#include "verification/vector_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace retrace {

namespace {

std::vector<double> derivatives(ProblemInstance const& problem, Objective const& objective, double tolerance) {
  StepControl control;
  control.objective = objective;
  control.relative_tolerance = control.absolute_tolerance = tolerance;
  control.max_steps = 10'000'000;
  control.time_gradients = true;
  auto const driver = problem.make_gradient({.method = "aca", .solver = "dormand_prince54"}, control);
  driver->run();
  return driver->result().dloss_dt;
}

}  // namespace

void add_time_derivatives(ProblemInstance const& problem, Objective const& objective, Reference& reference) {
  constexpr double tight = 1e-11, weaker = 1e-10;
  reference.dloss_dt = derivatives(problem, objective, tight);
  reference.dloss_dt_uncertainty = time_error(derivatives(problem, objective, weaker), reference);
}

double time_error(std::span<double const> dloss_dt, Reference const& reference) {
  if (dloss_dt.size() != reference.dloss_dt.size() || dloss_dt.empty()) return std::numeric_limits<double>::quiet_NaN();
  double error = 0.0, size = 0.0;
  for (std::size_t i = 0; i < dloss_dt.size(); ++i) {
    error = larger_or_nan(error, std::abs(dloss_dt[i] - reference.dloss_dt[i]));
    size = std::max(size, std::abs(reference.dloss_dt[i]));
  }
  return size > 0.0 ? error / size : error;
}

}  // namespace retrace
