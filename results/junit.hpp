#pragma once

#include "results/record.hpp"

#include <string>
#include <string_view>

namespace retrace::results {

/// The checks of a document as JUnit XML: a suite per problem, a testcase per case and check. A check that failed is a
/// <failure>; a case that ended without checks is a testcase `solve` with an <error>. What was skipped, what is
/// inconclusive, and the failures of a case that is expected to fail are <skipped>, each with its reason; with
/// `strict`, inconclusive is a <failure>. `command` reruns a case when its id is appended, quoted.
[[nodiscard]] std::string as_junit(ResultDocument const& document, bool strict, std::string_view command);

}  // namespace retrace::results
