#pragma once

#include "results/record.hpp"
#include "results/schema.hpp"

#include <string>

namespace retrace::results {

/// The document's rows, table by table; `case_index` of each is the place of its case.
[[nodiscard]] Tables flatten(ResultDocument const& document);

/// Fills runs, environment, ranks, cases and convergence of `document` from `tables`. Returns what is wrong with the
/// tables as one line, empty when nothing is: unequal lengths of cases, accuracy and cost, or a `case` out of range.
[[nodiscard]] std::string assemble(Tables&& tables, ResultDocument& document);

}  // namespace retrace::results
