#pragma once

#include "results/record.hpp"
#include "results/summary.hpp"

#include <string>

namespace retrace::results {

/// The document's test points (test_points.hpp) as TAP version 14: a line per case and check, with the reason of what
/// is not ok as its YAML block. What is expected to fail is TODO, what was not decided SKIP.
[[nodiscard]] std::string as_tap(ResultDocument const& document, ExitRules rules);

}  // namespace retrace::results
