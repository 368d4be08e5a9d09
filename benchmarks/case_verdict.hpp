#pragma once

#include "benchmarks/case_spec.hpp"
#include "gradients/gradient_result.hpp"
#include "results/record.hpp"
#include "solvers/step_control.hpp"

#include <cstdint>
#include <string>

namespace retrace {

/// Why there is no solution, such as "max_steps: 2 of 3 trajectories were not at T after max_steps = 5 steps tried (12
/// accepted and 3 rejected in all)"; empty where there is one.
[[nodiscard]] std::string solve_failure(GradientResult const& result, StepControl const& control, std::int64_t batch);

/// One check for each [limits] entry that applies to the case.
void check_limits(CaseSpec const& spec, results::CaseRecord& record);

/// pass, fail or inconclusive by the checks, seen against what was expected. `failure` says why there is no solution,
/// if there is none.
void judge(CaseSpec const& spec, SolveStatus solved, std::string const& failure, results::CaseRecord& record);

}  // namespace retrace
