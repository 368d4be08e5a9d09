#include "results/junit.hpp"

#include "results/merit.hpp"
#include "results/test_points.hpp"
#include "results/xml_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace retrace::results {

namespace {

/// Counts and text of a suite.
struct Suite {
  std::string name, properties, cases;
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  double seconds = 0.0;
};

std::string element(std::string_view name, std::string_view message, std::string_view text) {
  if (text.empty()) return fmt::format("      <{} message=\"{}\"/>\n", name, xml_text(message));
  return fmt::format("      <{0} message=\"{1}\">{2}</{0}>\n", name, xml_text(message), xml_text(text));
}

std::string content(Suite& suite, TestPoint const& point, std::string_view command) {
  switch (point.outcome) {
    case PointOutcome::pass:
      return {};
    case PointOutcome::skipped:
    case PointOutcome::expected_failure:
      ++suite.skipped;
      return element("skipped", point.message, "");
    case PointOutcome::failure:
      ++suite.failures;
      break;
    case PointOutcome::error:
      ++suite.errors;
      break;
  }
  return element(point.outcome == PointOutcome::error ? "error" : "failure", point.message, point.detail) +
         fmt::format("      <system-out>{}</system-out>\n", xml_text(fmt::format("{} '{}'", command, point.case_id)));
}

void add(Suite& suite, TestPoint const& point, std::string_view command) {
  ++suite.tests;
  double const known = std::isfinite(point.seconds) ? point.seconds : 0.0;
  suite.seconds += known;
  suite.cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"", xml_text(point.case_id),
                             xml_text(point.name), known);
  std::string const inside = content(suite, point, command);
  suite.cases += inside.empty() ? "/>\n" : ">\n" + inside + "    </testcase>\n";
}

Suite& suite_named(std::vector<Suite>& suites, std::string const& name) {
  auto const found = std::ranges::find(suites, name, &Suite::name);
  if (found != suites.end()) return *found;
  suites.push_back({.name = name, .properties = {}, .cases = {}});
  return suites.back();
}

}  // namespace

std::string as_junit(ResultDocument const& document, ExitRules rules, std::string_view command) {
  std::vector<Suite> suites;
  for (TestPoint const& point : test_points(document, rules)) add(suite_named(suites, point.problem), point, command);
  for (CaseRecord const& record : document.cases) {
    Suite& suite = suite_named(suites, record.row.problem);
    for (Merit const& merit : merits_of(record))
      suite.properties += fmt::format("      <property name=\"{} {}\" value=\"{}\"/>\n", xml_text(record.row.case_id),
                                      merit.name, merit.value);
  }
  std::string text = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\">\n",
                                 xml_text(document.title.empty() ? "retrace" : document.title));
  for (Suite const& suite : suites) {
    text += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n",
        xml_text(suite.name), suite.tests, suite.failures, suite.errors, suite.skipped, suite.seconds);
    if (!suite.properties.empty()) text += "    <properties>\n" + suite.properties + "    </properties>\n";
    text += suite.cases + "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace retrace::results
