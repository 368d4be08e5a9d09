#pragma once

#include "results/record.hpp"
#include "verification/check.hpp"

#include <vector>

namespace retrace {

/// A check's result as a row of the result file; `seconds` of the slowest rank, or not_measured.
[[nodiscard]] results::CheckRow check_row(CheckResult check, double seconds);

/// Appends every step size of some Taylor tests.
void append_taylor_rows(std::vector<TaylorTest> const& tests, std::vector<results::TaylorRow>& rows);

}  // namespace retrace
