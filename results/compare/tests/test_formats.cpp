#include "results/compare/formats.hpp"
#include "results/compare/tests/example_results.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>
#include <string>

namespace retrace::compare {
namespace {

using testing::compare_examples;
using testing::example_case;
using testing::example_document;

/// Fourteen cases, each of which needs twice the evaluations; one has an error that is not a number.
Comparison a_bad_day() {
  results::ResultDocument old_document = example_document();
  for (int i = 0; i < 11; ++i) old_document.cases.push_back(example_case("linear/aca/" + std::to_string(i)));
  results::ResultDocument new_document = old_document;
  for (auto& record : new_document.cases) record.cost.nfe_fwd *= 2;
  new_document.cases.front().accuracy.grad_rel_l2 = results::not_measured;
  new_document.cases.front().row.reason = "<, & and \"quotes\" | bars\nand lines";
  new_document.cases.front().row.status = results::Status::nonfinite;
  return compare_examples(new_document, old_document);
}

bool contains(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

TEST(Table, says_old_new_limit_verdict_and_reason) {
  std::string const table = as_table(a_bad_day(), false);
  EXPECT_TRUE(contains(table, "  WORSE          counters: counter-more: nfe_fwd 6000 -> 12000, limit 6060\n")) << table;
  EXPECT_FALSE(contains(table, "counter-equal"));
  EXPECT_TRUE(table.ends_with("\n0 passed, 14 failed, 0 skipped\n"));
  EXPECT_TRUE(contains(as_table(a_bad_day(), true), "counters: counter-equal: n_vjp 6000 -> 6000"));
}

TEST(Markdown, is_short) {
  std::string const text = as_markdown(a_bad_day());
  EXPECT_LE(std::ranges::count(text, '\n'), 60);
  EXPECT_TRUE(text.starts_with("### Retrace: REGRESSION: 14 of 14 cases worse\n"));
  EXPECT_TRUE(contains(text, "| WORSE | `linear/aca/0` | nfe_fwd | 6000 | 12000 | 6060 | counter-more |\n")) << text;
}

TEST(Json, has_every_line_and_no_bare_nan) {
  Comparison const comparison = a_bad_day();
  auto const root = nlohmann::json::parse(as_json(comparison));
  EXPECT_EQ(root["exit_code"], 1);
  EXPECT_EQ(root["lines"].size(), comparison.lines.size());
  EXPECT_EQ(root["cases"]["failed"], 14);
  auto const line = std::ranges::find_if(root["lines"], [](auto const& l) { return l["reason"] == "counter-more"; });
  ASSERT_NE(line, root["lines"].end());
  EXPECT_EQ((*line)["old"], 6000);
  EXPECT_EQ((*line)["new"], 12000);
  EXPECT_TRUE((*line)["gates"]);
}

TEST(Junit, escapes_and_counts) {
  std::string const text = as_junit(a_bad_day());
  EXPECT_TRUE(contains(text, "<testsuite name=\"counters\" tests=\"14\" failures=\"14\" errors=\"0\" skipped=\"0\">"));
  EXPECT_TRUE(contains(text, "&lt;, &amp; and &quot;quotes&quot; | bars\nand lines"));
  EXPECT_FALSE(contains(text, "<, &"));
}

TEST(Annotations, are_ten_at_most_and_on_one_line) {
  std::string const text = annotations(a_bad_day(), AnnotationHost::github);
  EXPECT_EQ(std::ranges::count(text, '\n'), 10);
  EXPECT_TRUE(text.starts_with("::error title=retrace status-worse::lorenz63/"));
  EXPECT_TRUE(contains(text, "bars%0Aand lines"));
  EXPECT_EQ(std::ranges::count(annotations(a_bad_day(), AnnotationHost::gitlab), '\n'), 11);  // one text has two lines
  EXPECT_EQ(annotations(a_bad_day(), AnnotationHost::none), "");
}

TEST(Annotations, green_has_none) {
  auto const document = example_document();
  EXPECT_EQ(annotations(compare_examples(document, document), AnnotationHost::github), "");
}

TEST(ValueText, units) {
  EXPECT_EQ(value_text(std::int64_t{173864}, Unit::bytes), "173864 B");
  EXPECT_EQ(value_text(0.0124, Unit::seconds), "12.4 ms");
  EXPECT_EQ(value_text(2.5e-7, Unit::seconds), "250 ns");
  EXPECT_EQ(value_text(1.25e-9, Unit::none), "1.25e-09");
  EXPECT_EQ(value_text({}, Unit::bytes), "-");
}

TEST(Trends, by_family_over_cases_that_pass) {
  results::ResultDocument const old_document = example_document();
  results::ResultDocument new_document = old_document;
  for (double factor : {1.0, 2.0, 4.0}) {
    auto& cost = new_document.cases[static_cast<std::size_t>(std::log2(factor))].cost;
    cost.nfe_fwd = static_cast<std::int64_t>(factor * 6000);
    cost.nfe_bwd = static_cast<std::int64_t>(factor * 5000);
    cost.n_vjp = static_cast<std::int64_t>(factor * 6000);
  }
  Comparison const comparison = compare_examples(new_document, old_document);
  auto const trend = std::ranges::find(comparison.trends, "evaluations", &Trend::quantity);
  ASSERT_NE(trend, comparison.trends.end());
  EXPECT_EQ(trend->cases, 3);
  // Logs 0, ln 2, 2 ln 2: mean ln 2, standard deviation ln 2; t(0.975; 2) = 4.3027.
  constexpr double of_the_table = 1e-4;
  EXPECT_NEAR(trend->median, 2.0, 1e-12);
  EXPECT_NEAR(trend->geometric_mean, 2.0, 1e-12);
  EXPECT_NEAR(std::log(trend->interval_high / 2.0), 4.3027 * std::log(2.0) / std::sqrt(3.0), of_the_table);
}

TEST(DumpRules, names_every_section) {
  std::string const text = dump_rules(*preset("strict"));
  EXPECT_TRUE(contains(text, "preset = \"strict\""));
  EXPECT_TRUE(contains(text, "worse_factor = 1.25 "));
  EXPECT_TRUE(contains(text, "exact = \"same-software\" "));
}

}  // namespace
}  // namespace retrace::compare
