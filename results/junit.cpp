#include "results/junit.hpp"

#include "results/summary.hpp"
#include "results/xml_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace retrace::results {

namespace {

/// Counts and text of a suite.
struct Suite {
  std::string name, cases;
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  double seconds = 0.0;

  void add(std::string_view case_id, std::string_view check, double time, std::string const& inside) {
    ++tests;
    double const known = std::isfinite(time) ? time : 0.0;
    seconds += known;
    cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"", xml_text(case_id),
                         xml_text(check), known);
    cases += inside.empty() ? "/>\n" : ">\n" + inside + "    </testcase>\n";
  }
};

std::string element(std::string_view name, std::string_view message, std::string_view text) {
  if (text.empty()) return fmt::format("      <{} message=\"{}\"/>\n", name, xml_text(message));
  return fmt::format("      <{0} message=\"{1}\">{2}</{0}>\n", name, xml_text(message), xml_text(text));
}

void add_check(Suite& suite, CaseRecord const& record, CheckRow const& check, bool strict, std::string_view command) {
  std::string const numbers = fmt::format("{:.6g} {} {:.6g}", check.value, check.op, check.threshold);
  std::string inside;
  switch (check.verdict) {
    case Verdict::pass:
      break;
    case Verdict::skipped:
      ++suite.skipped;
      inside = element("skipped", check.message, "");
      break;
    case Verdict::inconclusive:
      ++(strict ? suite.failures : suite.skipped);
      inside = element(strict ? "failure" : "skipped", "inconclusive: " + check.message, "");
      break;
    case Verdict::fail:
      if (record.row.status == Status::xfail) {
        ++suite.skipped;
        inside = element("skipped", "expected to fail: " + record.row.reason, "");
      } else {
        ++suite.failures;
        inside = element("failure", fmt::format("not {}", numbers), check.message);
        inside += fmt::format("      <system-out>{}</system-out>\n",
                              xml_text(fmt::format("{} '{}'", command, record.row.case_id)));
      }
      break;
  }
  suite.add(record.row.case_id, check.check, check.seconds, inside);
}

/// How the case ended, where its checks do not tell.
void add_outcome(Suite& suite, CaseRecord const& record) {
  bool const checks_tell = std::ranges::any_of(record.checks, [&](CheckRow const& check) {
    return check.verdict == Verdict::fail && record.row.status == Status::fail;
  });
  if (!is_failure(record.row.status) || checks_tell) return;
  bool const no_verdict = record.row.status != Status::fail && record.row.status != Status::xpass;
  ++(no_verdict ? suite.errors : suite.failures);
  suite.add(record.row.case_id, "solve", not_measured,
            element(no_verdict ? "error" : "failure", name_of(record.row.status), record.row.reason));
}

}  // namespace

std::string as_junit(ResultDocument const& document, bool strict, std::string_view command) {
  std::vector<Suite> suites;
  for (CaseRecord const& record : document.cases) {
    auto found = std::ranges::find(suites, record.row.problem, &Suite::name);
    if (found == suites.end()) {
      suites.push_back({.name = record.row.problem, .cases = {}});
      found = suites.end() - 1;
    }
    for (CheckRow const& check : record.checks) add_check(*found, record, check, strict, command);
    add_outcome(*found, record);
  }
  std::string text = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\">\n",
                                 xml_text(document.title.empty() ? "retrace" : document.title));
  for (Suite const& suite : suites)
    text += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n{}"
        "  </testsuite>\n",
        xml_text(suite.name), suite.tests, suite.failures, suite.errors, suite.skipped, suite.seconds, suite.cases);
  return text + "</testsuites>\n";
}

}  // namespace retrace::results
