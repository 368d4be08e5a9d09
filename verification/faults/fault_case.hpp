#pragma once

#include "problems/arguments.hpp"
#include "solvers/step_control.hpp"

#include <string_view>
#include <vector>

namespace retrace::faults {

/// A planted fault and the case on which a named check must see it. `method` is empty where the check looks at
/// formulas, steps or solves alone and no gradient is formed.
struct FaultCase {
  std::string_view name, file, what;
  std::string_view problem, method, solver, check;
  int ranks;
};

/// Long enough for rejections, a clipped last step and a few dozen steps; a second block of trajectories where ranks
/// matter.
[[nodiscard]] inline Arguments arguments_of(FaultCase const& fault, std::vector<Argument> const& known) {
  Arguments arguments = Arguments::defaults(known);
  auto const set = [&](std::string_view name, double value) {
    if (auto const found = arguments.numbers.find(name); found != arguments.numbers.end()) found->second = value;
  };
  set("T", fault.problem == "lorenz63" ? 0.5 : fault.problem == "three_body" ? 1.0 : 4.0);
  set("n", fault.ranks > 1 ? 20.0 : 2.0);
  if (fault.problem == "linear") set("k", -0.5);
  if (auto const widths = arguments.lists.find("widths"); widths != arguments.lists.end()) {
    widths->second = {3, 7, 3};
    set("n", 5.0);
    set("block", 2.0);
    set("T", 1.0);
  }
  return arguments;
}

[[nodiscard]] inline StepControl control_of(FaultCase const& fault) {
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = 1e-4;
  // Too large, so that the first trials are rejected; 0 for the fault that lies in the choice of the first step.
  control.initial_step = fault.name.find("first_step") == std::string_view::npos ? 0.5 : 0.0;
  control.time_gradients = fault.check == "times" || fault.check == "invariants";
  // Away from the nodes, two of them in one step.
  if (fault.name.starts_with("dense_")) control.objective = {LossKind::dense, 3, {{0.7, 2.0, 2.0001}}};
  return control;
}

}  // namespace retrace::faults
