#include "results/annotations.hpp"
#include "results/csv.hpp"
#include "results/json_text.hpp"
#include "results/merit.hpp"
#include "results/tap.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace retrace::results {
namespace {

CaseRecord record(std::string id, Status status, std::vector<CheckRow> checks, std::string reason = "") {
  CaseRecord made;
  made.row.problem = id.substr(0, id.find('/'));
  made.row.case_id = std::move(id);
  made.row.status = status;
  made.row.reason = std::move(reason);
  made.checks = std::move(checks);
  return made;
}

CheckRow check(std::string name, Verdict verdict, std::string message = "") {
  CheckRow row;
  row.check = std::move(name);
  row.value = 2.0;
  row.threshold = 1.0;
  row.op = "<=";
  row.verdict = verdict;
  row.message = std::move(message);
  return row;
}

/// A case of every outcome.
ResultDocument mixed() {
  ResultDocument document;
  document.title = "Mixed";
  document.finalized = true;
  document.cases = {
      record("linear/aca", Status::pass,
             {check("finite", Verdict::pass), check("order", Verdict::skipped, "one # level")}),
      record("linear/naive", Status::fail, {check("dual", Verdict::fail, "50 % \"off\"\nby: two, lines")}),
      record("lorenz/aca", Status::xfail, {check("dual", Verdict::fail)}, "known limit"),
      record("lorenz/naive", Status::xpass, {check("dual", Verdict::pass)}, "known | limit"),
      record("pendulum/aca", Status::crashed, {}, "signal 11")};
  document.cases[0].accuracy.grad_rel_l2 = 1e-9;
  document.cases[0].cost.time_median = 0.25;
  document.cases[0].cost.nfe_fwd = 100;
  document.cases[0].memory = {MemoryRow{}};
  document.cases[0].memory[0].peak_above_baseline = 4096;
  document.cases[1].accuracy.grad_rel_l2 = 0.5;
  document.cases[1].cost.time_median = 0.75;
  return document;
}

std::size_t count(std::string const& text, std::string const& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}
bool has(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

TEST(Tap, has_a_line_for_every_check_and_outcome) {
  EXPECT_EQ(as_tap(mixed(), {}),
            "TAP version 14\n1..7\n"
            "ok 1 - linear/aca finite\n"
            "ok 2 - linear/aca order # SKIP one \\# level\n"
            "not ok 3 - linear/naive dual\n"
            "  ---\n  severity: fail\n  message: \"not 2 <= 1\"\n  detail: \"50 % \\\"off\\\" by: two, lines\"\n  ...\n"
            "not ok 4 - lorenz/aca dual # TODO expected to fail: known limit\n"
            "ok 5 - lorenz/naive dual\n"
            "not ok 6 - lorenz/naive solve\n"
            "  ---\n  severity: fail\n  message: \"xpass\"\n  detail: \"known | limit\"\n  ...\n"
            "not ok 7 - pendulum/aca solve\n"
            "  ---\n  severity: error\n  message: \"crashed\"\n  detail: \"signal 11\"\n  ...\n");
}

TEST(Merit, of_a_case_is_what_was_measured_and_of_a_document_the_worst_or_the_sum) {
  ResultDocument const document = mixed();

  std::string const lines = merit_lines(document);

  EXPECT_TRUE(
      lines.starts_with("FOM cases_passed 1 1\nFOM cases_failed 3 1\nFOM grad_rel_l2 0.5 1\nFOM time_median 1 s\n"
                        "FOM peak_above_baseline 4096 byte\nFOM evaluations 100 1\n"));
  EXPECT_TRUE(has(lines, "FOM linear/aca:grad_rel_l2 1e-09 1\n"));
  EXPECT_TRUE(has(lines, "FOM linear/naive:time_median 0.75 s\n"));
  EXPECT_EQ(count(lines, "lorenz"), 0U);  // nothing was measured of it
  EXPECT_TRUE(has(merit_lines(document, {.lenient_xpass = true}), "FOM cases_failed 2 1\n"));
}

TEST(Merit, ctest_takes_the_numbers_of_the_document) {
  std::string const lines = ctest_measurements(mixed());

  EXPECT_EQ(count(lines, "\n"), 6U);
  EXPECT_TRUE(has(lines, "<CTestMeasurement type=\"numeric/double\" name=\"grad_rel_l2\">0.5</CTestMeasurement>\n"));
}

TEST(Json, has_counts_code_and_every_row) {
  auto const root = nlohmann::json::parse(as_json(mixed(), {}));

  EXPECT_EQ(root.at("exit_code"), 1);
  EXPECT_EQ(root.at("counts").at("failed"), 3);
  EXPECT_EQ(root.at("counts").at("by_status").at("xfail"), 1);
  EXPECT_EQ(root.at("cases").size(), 5U);
  EXPECT_EQ(root.at("cases")[1].at("checks")[0].at("verdict"), "fail");
  EXPECT_EQ(root.at("cases")[1].at("cost").at("time_min"), "nan");
  EXPECT_EQ(root.at("merits").at("peak_above_baseline").at("value"), 4096.0);
  EXPECT_EQ(root.at("merits").at("peak_above_baseline").at("unit"), "byte");
  EXPECT_EQ(nlohmann::json::parse(as_json(mixed(), {.lenient_xpass = true})).at("counts").at("failed"), 2);
}

TEST(Json, of_an_unfinished_run_says_that_it_goes_on) {
  ResultDocument document = mixed();
  document.finalized = false;

  EXPECT_EQ(nlohmann::json::parse(as_json(document, {})).at("exit_code"), 75);
}

TEST(Csv, has_a_column_for_each_name_and_quotes_what_needs_it) {
  ResultDocument document = mixed();
  document.cases.resize(2);
  document.cases[1].row.reason = "a, \"b\"";

  std::string const text = as_csv(document);

  std::size_t const line = text.find('\n'), second = text.find('\n', line + 1);
  std::string const names = text.substr(0, line), first = text.substr(line + 1, second - line - 1);
  EXPECT_EQ(std::ranges::count(names, ','), std::ranges::count(first, ','));
  EXPECT_TRUE(names.starts_with("case_id,case_hash,run,status,reason,"));
  EXPECT_TRUE(names.ends_with(",energy_J,peak_above_baseline,process_rss"));
  EXPECT_FALSE(has(names, "case_json"));
  EXPECT_TRUE(first.starts_with("linear/aca,,") && first.ends_with(",4096,")) << first;
  EXPECT_TRUE(has(text, "fail,\"a, \"\"b\"\"\","));
  EXPECT_FALSE(has(text, "nan"));
  EXPECT_FALSE(has(text, ",-1,")) << text;
}

TEST(Annotations, of_github_escape_what_it_reads_and_of_gitlab_are_lines) {
  std::vector<Annotation> const red = annotations_of(mixed(), {});

  ASSERT_EQ(red.size(), 3U);
  EXPECT_TRUE(has(annotation_lines(red, AnnotationHost::github),
                  "::error title=retrace dual::linear/naive: not 2 <= 1: 50 %25 \"off\"%0Aby: two, lines\n"));
  EXPECT_TRUE(annotation_lines(red, AnnotationHost::gitlab).starts_with("\033[31;1mERROR\033[0m retrace dual: "));
  EXPECT_EQ(annotation_lines(red, AnnotationHost::none), "");
  EXPECT_EQ(annotation_lines({{"a: b, c", "x"}}, AnnotationHost::github), "::error title=a%3A b%2C c::x\n");
}

TEST(Annotations, are_ten_at_most) {
  std::vector<Annotation> const many(13, {"retrace dual", "text"});

  EXPECT_EQ(count(annotation_lines(many, AnnotationHost::github), "::error"), 10U);
}

TEST(Markdown, has_the_verdict_the_failures_and_the_problems) {
  std::string const text = as_markdown(mixed(), {});

  EXPECT_TRUE(text.starts_with("### Retrace: INVALID: 1 passed, 3 failed, 0 skipped\n"));
  EXPECT_TRUE(has(text, "| `lorenz/naive` | solve | xpass: known \\| limit |\n"));
  EXPECT_TRUE(has(text, "| linear | 2 | 1 | 1 | 0 | 0 |\n"));
  EXPECT_TRUE(as_markdown({}, {}).starts_with("### Retrace: VALID, INCOMPLETE: "));
}

TEST(Markdown, of_many_failures_fits_a_page) {
  ResultDocument document;
  for (int i = 0; i < 100; ++i)
    document.cases.push_back(record("p" + std::to_string(i) + "/aca", Status::fail, {check("dual", Verdict::fail)}));

  std::string const text = as_markdown(document, {});

  EXPECT_LE(count(text, "\n"), 60U);
  EXPECT_TRUE(has(text, "and 80 more failures") && has(text, "and 80 more problems"));
}

}  // namespace
}  // namespace retrace::results
