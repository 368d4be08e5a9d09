#pragma once

#include "results/record.hpp"
#include "results/summary.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace retrace::results {

/// What a test reporter says of one point. `expected_failure` is TAP's TODO; JUnit has only `skipped` for it.
enum class PointOutcome : std::uint8_t { pass, failure, error, skipped, expected_failure };

/// One line of a test report: a check of a case, or how the case ended where its checks do not tell.
struct TestPoint {
  std::string problem, case_id, name;
  PointOutcome outcome = PointOutcome::pass;
  std::string message, detail;  ///< why, in one line; more of it
  double seconds = not_measured;
};

/// The document as test points, in its order: the rules that all test formats share. A check that failed is a
/// `failure`; a case that ended without verdict has a point `solve` with an `error`. Inconclusive is `skipped`, with
/// `rules.strict` a `failure`; an expected failure that passed is a `failure` unless `rules.lenient_xpass`.
[[nodiscard]] std::vector<TestPoint> test_points(ResultDocument const& document, ExitRules rules);

}  // namespace retrace::results
