#include "results/compare/tests/example_results.hpp"
#include "results/compare/time_tier.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace retrace::compare {
namespace {

using results::ResultDocument;
using testing::add_launches;
using testing::compare_examples;
using testing::example_document;
using testing::line_on;

constexpr double noise = 0.01;

/// Two files whose first case was timed; `slow_down` of the new one.
struct Timed {
  ResultDocument new_document = example_document(), old_document = example_document();

  Timed(int launches, double slow_down, std::uint64_t seed = 1) {
    std::mt19937_64 random(seed);
    add_launches(old_document.cases.front(), launches, 0.010, noise, random);
    add_launches(new_document.cases.front(), launches, 0.010 * (1.0 + slow_down), noise, random);
  }

  [[nodiscard]] Comparison compared(Question const& question = {}) const {
    return compare_examples(new_document, old_document, question);
  }
  [[nodiscard]] Line line() const { return line_on(compared(), "seconds", old_document.cases.front().row.case_id); }
};

TEST(CompareTime, five_launches_find_ten_percent) {
  Timed const timed(5, 0.10);
  EXPECT_EQ(timed.line().reason, "time-slower");
  EXPECT_EQ(timed.compared().exit_code(), 3);
}

TEST(CompareTime, same_and_faster_are_green) {
  EXPECT_EQ(Timed(5, 0.0).line().reason, "time-same");
  EXPECT_EQ(Timed(5, -0.10).line().reason, "time-faster");
  EXPECT_EQ(Timed(5, -0.10).compared().exit_code(), 0);
}

TEST(CompareTime, fewer_launches_never_gate) {
  for (int const launches : {1, 2, 4}) {
    Timed const timed(launches, 10.0);  // eleven times as slow
    EXPECT_EQ(timed.line().reason, "time-few-launches");
    EXPECT_EQ(timed.compared().exit_code(), 0) << launches;
  }
  EXPECT_NE(Timed(1, 0.0).line().note.find("informational (1 launch)"), std::string::npos);
}

TEST(CompareTime, inconclusive_says_what_would_help) {
  Timed timed(5, 0.0);
  std::mt19937_64 random(7);
  timed.new_document.cases.front().samples.clear();
  add_launches(timed.new_document.cases.front(), 5, 0.0106, 0.10, random);
  Line const line = timed.line();
  EXPECT_EQ(line.reason, "time-inconclusive");
  EXPECT_NE(line.note.find("smallest detectable slow-down"), std::string::npos);
  EXPECT_NE(line.note.find("launches would decide"), std::string::npos);
  EXPECT_EQ(timed.compared().exit_code(), 0);
}

TEST(CompareTime, only_like_machines) {
  Timed timed(5, 0.10);
  timed.new_document.runs.front().fingerprint_hw = "another";
  EXPECT_EQ(timed.line().reason, "time-other-hardware");
  timed.new_document.runs.front().fingerprint_hw = timed.old_document.runs.front().fingerprint_hw = "";
  EXPECT_EQ(timed.line().reason, "time-other-hardware") << "unknown is equal to nothing";
}

TEST(CompareTime, only_like_bindings) {
  Timed timed(5, 0.10);
  timed.new_document.environment.back().value = "0";
  EXPECT_EQ(timed.line().reason, "time-other-binding");
  EXPECT_EQ(timed.compared().exit_code(), 0);
}

TEST(CompareTime, only_usable_times_of_cases_that_pass) {
  Timed timed(5, 0.10);
  timed.new_document.cases.front().cost.timing_quality = results::TimingQuality::unstable;
  EXPECT_EQ(timed.line().reason, "time-quality");
  Timed failed(5, 0.10);
  failed.old_document.cases.front().row.status = failed.new_document.cases.front().row.status = results::Status::xfail;
  EXPECT_EQ(failed.line().reason, "time-not-passed");
}

TEST(CompareTime, gate_can_be_taken_out) {
  Question question;
  question.rules.gate.time = false;
  EXPECT_EQ(Timed(5, 0.10).compared(question).exit_code(), 0);
}

TEST(CompareTime, medians_leave_out_warm_up_and_parts) {
  results::CaseRecord record;
  record.samples = {{.launch = 0, .seconds = 1.0},
                    {.launch = 0, .seconds = 3.0},
                    {.launch = 0, .seconds = 2.0},
                    {.launch = 0, .seconds = 99.0, .is_warmup = true},
                    {.launch = 0, .phase = results::Phase::forward, .seconds = 98.0},
                    {.launch = 1, .seconds = 5.0}};
  EXPECT_EQ(launch_medians({&record}), (std::vector<double>{2.0, 5.0}));
  EXPECT_EQ(launch_medians({&record, &record}).size(), 4U) << "launches of several runs are several";
}

TEST(CompareTime, second_opinion) {
  Line line = Timed(5, 0.10).line();
  Line other = line;
  TimeRules const rules;
  apply_second_opinion(line, {.verdict = TimeVerdict::slower}, 7, rules);
  apply_second_opinion(other, {.verdict = TimeVerdict::same}, 7, rules);
  EXPECT_EQ(line.verdict, Verdict::worse);
  EXPECT_EQ(line.reason, "time-slower-confirmed");
  EXPECT_EQ(other.verdict, Verdict::inconclusive);
  EXPECT_EQ(other.reason, "time-not-confirmed");
}

// The acceptance numbers, through the whole comparison: samples in, exit code out.
TEST(CompareTimeSimulation, false_alarms_and_found_slow_downs) {
  constexpr int comparisons = 200, most_false = 3, least_found = 191;  // fewer than 2 %, more than 95 %
  int false_alarms = 0, found = 0;
  for (int i = 0; i < comparisons; ++i) {
    auto const seed = static_cast<std::uint64_t>(1000 + i);
    false_alarms += Timed(5, 0.0, seed).compared().exit_code() == 3 ? 1 : 0;
    found += Timed(5, 0.10, seed).compared().exit_code() == 3 ? 1 : 0;
  }
  RecordProperty("false_alarms", false_alarms);
  RecordProperty("found", found);
  EXPECT_LE(false_alarms, most_false);
  EXPECT_GE(found, least_found);
}

}  // namespace
}  // namespace retrace::compare
