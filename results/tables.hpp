#pragma once

#include "results/record.hpp"
#include "results/schema.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace retrace::results {

/// The rows of one table where they stand in a document. In tables that hang on cases, `cases` has the place of the
/// case of each row, which is what its `case_index` means; else it is empty.
template <class Row>
struct RowsOfTable {
  std::vector<Row const*> rows;
  std::vector<std::int64_t> cases;
};

/// For each type of row in `Tables`.
template <class Row>
[[nodiscard]] RowsOfTable<Row> rows_of(ResultDocument const& document);

/// Fills runs, environment, ranks, cases and convergence of `document` from `tables`. Returns what is wrong with the
/// tables as one line, empty when nothing is: unequal lengths of cases, accuracy and cost, or a `case` out of range.
[[nodiscard]] std::string assemble(Tables&& tables, ResultDocument& document);

}  // namespace retrace::results
