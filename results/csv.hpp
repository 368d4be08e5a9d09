#pragma once

#include "results/record.hpp"

#include <string>

namespace retrace::results {

/// A row per case: the columns of /cases, /accuracy and /cost under their names, then `peak_above_baseline` and
/// `process_rss` in bytes. Codes are words; what was not measured is empty; quoting by RFC 4180, lines end with \n.
[[nodiscard]] std::string as_csv(ResultDocument const& document);

}  // namespace retrace::results
