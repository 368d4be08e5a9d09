#pragma once

#include "results/record.hpp"
#include "results/summary.hpp"

#include <string>
#include <string_view>

namespace retrace::results {

/// The document's test points (test_points.hpp) as JUnit XML: a suite per problem, a testcase per case and check.
/// Errors, times and bytes of the cases are <properties> of their suite, named "<case_id> <quantity>": the common
/// schema has none for a testcase. `command` reruns a case when its id is appended, quoted.
[[nodiscard]] std::string as_junit(ResultDocument const& document, ExitRules rules, std::string_view command);

}  // namespace retrace::results
