#include "results/tap.hpp"

#include "results/test_points.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace retrace::results {

namespace {

/// In a description `#` begins a directive; a line ends at its end.
std::string one_line(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '#' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20U ? ' ' : c;
  }
  return out;
}

/// Between double quotes in YAML.
std::string quoted(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20U ? ' ' : c;
  }
  return "\"" + out + "\"";
}

std::string directive(TestPoint const& point) {
  if (point.outcome == PointOutcome::skipped) return " # SKIP " + one_line(point.message);
  if (point.outcome == PointOutcome::expected_failure) return " # TODO " + one_line(point.message);
  return {};
}

}  // namespace

std::string as_tap(ResultDocument const& document, ExitRules rules) {
  std::vector<TestPoint> const points = test_points(document, rules);
  std::string text = fmt::format("TAP version 14\n1..{}\n", points.size());
  std::size_t number = 0;
  for (TestPoint const& point : points) {
    bool const ok = point.outcome == PointOutcome::pass || point.outcome == PointOutcome::skipped;
    text += fmt::format("{} {} - {} {}{}\n", ok ? "ok" : "not ok", ++number, one_line(point.case_id),
                        one_line(point.name), directive(point));
    bool const failed = point.outcome == PointOutcome::failure || point.outcome == PointOutcome::error;
    if (!failed) continue;
    text += fmt::format("  ---\n  severity: {}\n  message: {}\n",
                        point.outcome == PointOutcome::error ? "error" : "fail", quoted(point.message));
    if (!point.detail.empty()) text += fmt::format("  detail: {}\n", quoted(point.detail));
    text += "  ...\n";
  }
  return text;
}

}  // namespace retrace::results
