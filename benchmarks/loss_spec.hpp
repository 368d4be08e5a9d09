#pragma once

#include "benchmarks/toml_reader.hpp"
#include "solvers/objective.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace retrace {

/// What the loss of a case is made of, as a suite says it: `terminal`, `integral`, or observations, either at given
/// times or at so many equal distances from t0 on, the last one at T.
struct LossSpec {
  LossKind kind = LossKind::terminal;
  std::vector<double> times{};
  int equidistant = 0;
  bool time_gradients = false;  ///< dL/dt0, dL/dT and dL/dt_k too

  [[nodiscard]] bool is_default() const { return kind == LossKind::terminal && !time_gradients; }
};

/// Entries of the axis `loss` of a matrix: "terminal", "integral", { exact = [0.5, 1.0] }, { exact = 10 }, { dense = …
/// }.
[[nodiscard]] std::vector<LossSpec> losses_of(ConfigValue const& axis);

/// "-exact10", "-dense0.5x1", "-integral", "-times": what is added to the control's segment of an id; empty by default.
[[nodiscard]] std::string loss_segment(LossSpec const& loss);

[[nodiscard]] nlohmann::json loss_json(LossSpec const& loss);

/// For a problem from t0 to t1.
[[nodiscard]] Objective objective_of(LossSpec const& loss, double t0, double t1);

}  // namespace retrace
