#pragma once

#include "results/record.hpp"
#include "results/summary.hpp"

#include <string>

namespace retrace::results {

/// The document for programs that read no HDF5: `schema_version`, `finalized`, `exit_code`, `counts` by status,
/// `merits` with units (merit.hpp), `runs` and `cases`, each case with the rows of its tables named as in the file.
/// Numbers that are not finite are the strings "nan", "inf", "-inf".
[[nodiscard]] std::string as_json(ResultDocument const& document, ExitRules rules);

}  // namespace retrace::results
