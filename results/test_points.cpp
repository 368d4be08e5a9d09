#include "results/test_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace retrace::results {

namespace {

TestPoint point_of(CaseRecord const& record, std::string name, double seconds) {
  return {.problem = record.row.problem,
          .case_id = record.row.case_id,
          .name = std::move(name),
          .message = {},
          .detail = {},
          .seconds = seconds};
}

TestPoint point_of(CaseRecord const& record, CheckRow const& check, ExitRules rules) {
  TestPoint point = point_of(record, check.check, check.seconds);
  switch (check.verdict) {
    case Verdict::pass:
      break;
    case Verdict::skipped:
      point.outcome = PointOutcome::skipped;
      point.message = check.message;
      break;
    case Verdict::inconclusive:
      point.outcome = rules.strict ? PointOutcome::failure : PointOutcome::skipped;
      point.message = "inconclusive: " + check.message;
      break;
    case Verdict::fail:
      if (record.row.status == Status::xfail) {
        point.outcome = PointOutcome::expected_failure;
        point.message = "expected to fail: " + record.row.reason;
      } else {
        point.outcome = PointOutcome::failure;
        point.message = fmt::format("not {:.6g} {} {:.6g}", check.value, check.op, check.threshold);
        point.detail = check.message;
      }
      break;
  }
  return point;
}

bool checks_tell(CaseRecord const& record) {
  return record.row.status == Status::fail &&
         std::ranges::any_of(record.checks, [](CheckRow const& check) { return check.verdict == Verdict::fail; });
}

}  // namespace

std::vector<TestPoint> test_points(ResultDocument const& document, ExitRules rules) {
  std::vector<TestPoint> points;
  for (CaseRecord const& record : document.cases) {
    for (CheckRow const& check : record.checks) points.push_back(point_of(record, check, rules));
    Status const status = record.row.status;
    bool const no_checks = record.checks.empty() && status == Status::skipped;
    if (!no_checks && (!is_failure(status, rules) || checks_tell(record))) continue;
    TestPoint point = point_of(record, "solve", not_measured);
    bool const has_verdict = status == Status::fail || status == Status::xpass;
    point.outcome = no_checks ? PointOutcome::skipped : has_verdict ? PointOutcome::failure : PointOutcome::error;
    point.message = no_checks ? record.row.reason : std::string(name_of(status));
    if (!no_checks) point.detail = record.row.reason;
    points.push_back(std::move(point));
  }
  return points;
}

}  // namespace retrace::results
