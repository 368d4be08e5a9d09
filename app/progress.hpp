#pragma once

#include "results/record.hpp"

#include <cstddef>
#include <string>

namespace retrace::app {

/// One line for a finished case: `[ 37/412] pass lorenz63/… err=3.1e-09 evals=1200 mem=18.3MiB t=12.4ms`.
[[nodiscard]] std::string progress_line(std::size_t index, std::size_t total, results::CaseRecord const& record);

/// Table per problem and method: cases, verdicts, errors reached, evaluations, bytes, time; then every failure with its
/// reason.
[[nodiscard]] std::string result_table(results::ResultDocument const& document);

/// Table per check: how many cases passed, failed, were inconclusive or skipped, the seconds of all; then each reason
/// for an inconclusive verdict with the number of its cases.
[[nodiscard]] std::string check_table(results::ResultDocument const& document);

/// Peak bytes of the gradient's own allocations on the fullest rank; -1 if not measured.
[[nodiscard]] std::int64_t solver_peak_bytes(results::CaseRecord const& record);

}  // namespace retrace::app
