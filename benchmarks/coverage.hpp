#pragma once

#include "benchmarks/case_spec.hpp"

#include <span>
#include <vector>

namespace retrace {

/// Which cases to run when there is no time for all: those that together show most for their seconds.
///
/// A case shows the values that it has on the axes problem, method, solver, control, precision and backend, each pair
/// of them, and itself. The cases are taken one by one, each time the one that adds most of these, not seen before, per
/// second, until none fits any more: the greedy rule for budgeted maximum coverage, at least (1 - 1/e)/2 of the
/// optimum here, where all cases show the same number (Khuller, Moss & Naor, Inf. Process. Lett. 70 (1999), theorem 3).
/// A case whose seconds are not known (NaN) is never taken. Ties go to the earlier case. Cost O(cases²).
[[nodiscard]] std::vector<bool> best_coverage(std::span<CaseSpec const> cases, std::span<double const> seconds,
                                              double budget_seconds);

}  // namespace retrace
