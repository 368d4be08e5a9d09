#pragma once

#include "results/record.hpp"

#include <cstddef>
#include <string>

namespace retrace::app {

/// One line for a finished case: `[ 37/412] pass lorenz63/… err=3.1e-09 evals=1200 mem=18.3MiB t=12.4ms`. `tinted`:
/// with the colours of the terminal.
[[nodiscard]] std::string progress_line(std::size_t index, std::size_t total, results::CaseRecord const& record,
                                        bool tinted);

/// A line per check: verdict, name, value, relation, threshold, message; then why the times are not good.
[[nodiscard]] std::string check_lines(results::CaseRecord const& record);

/// Table per problem and method: cases, verdicts, errors reached, evaluations, bytes, time; then every failure with its
/// reason.
[[nodiscard]] std::string result_table(results::ResultDocument const& document);

/// Table per check: how many cases passed, failed, were inconclusive or skipped, the seconds of all; then each reason
/// for an inconclusive verdict with the number of its cases.
[[nodiscard]] std::string check_table(results::ResultDocument const& document);

}  // namespace retrace::app
