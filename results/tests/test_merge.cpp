#include "core/error.hpp"
#include "results/merge.hpp"
#include "results/tests/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retrace::results {
namespace {

using testing::message_of;

CaseRecord a_case(std::string const& id, std::vector<double> const& seconds = {}) {
  CaseRecord record;
  record.row.case_id = id;
  record.row.case_hash = "hash of " + id;
  record.row.status = Status::pass;
  record.accuracy.grad_digest = "digest of " + id;
  record.cost.nfe_fwd = 10;
  record.cost.timer_batch = 1;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    Sample sample;
    sample.rep = static_cast<std::int32_t>(i);
    sample.seconds = seconds[i];
    record.samples.push_back(sample);
  }
  record.cost.timing_quality = TimingQuality::good;
  return record;
}

MergeInput input(std::string const& name, std::string const& shard, std::vector<CaseRecord> cases) {
  MergeInput in{name, {}};
  RunRow run;
  run.run_uuid = "run of " + name;
  run.started_utc = "2026-01-01T00:00:0" + std::string(1, name.back()) + "Z";
  run.ended_by = EndedBy::finished;
  run.shard = shard;
  in.document.runs = {run};
  EnvironmentRow fact;
  fact.key = "of";
  fact.value = name;
  in.document.environment = {fact};
  in.document.finalized = true;
  in.document.planned_cases = static_cast<std::int64_t>(cases.size());
  in.document.config.sha256 = "same";
  in.document.config.request_json = R"({"command":"run","shard":")" + shard + "\"}";
  in.document.cases = std::move(cases);
  return in;
}

std::vector<std::string> ids(ResultDocument const& document) {
  std::vector<std::string> all;
  for (CaseRecord const& record : document.cases) all.push_back(record.row.case_id);
  return all;
}

TEST(Merge, shards_become_one_result) {
  Merged const merged =
      merge({input("s2", "2/2", {a_case("b"), a_case("d")}), input("s1", "1/2", {a_case("a"), a_case("c")})}, false);

  ResultDocument const& document = merged.document;
  EXPECT_EQ(ids(document), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_TRUE(document.finalized);
  EXPECT_TRUE(merged.notes.empty());
  EXPECT_EQ(document.planned_cases, 4);
  ASSERT_EQ(document.runs.size(), 2U);
  EXPECT_EQ(document.runs[static_cast<std::size_t>(document.cases[0].row.run)].run_uuid, "run of s1");
  EXPECT_EQ(document.environment[static_cast<std::size_t>(document.cases[0].row.run)].value, "s1");
  EXPECT_EQ(document.config.request_json, R"({"command":"run"})");
}

TEST(Merge, a_missing_shard_is_named_and_leaves_the_result_open) {
  Merged const merged = merge({input("s1", "1/3", {a_case("a")})}, false);
  EXPECT_FALSE(merged.document.finalized);
  EXPECT_EQ(merged.notes, std::vector<std::string>{"shards 2, 3 of 3 are missing"});
}

TEST(Merge, an_unfinished_input_leaves_the_result_open) {
  MergeInput first = input("s1", "1/2", {a_case("a")});
  first.document.finalized = false;
  first.document.planned_cases = 3;
  Merged const merged = merge({first, input("s2", "2/2", {a_case("b")})}, false);
  EXPECT_FALSE(merged.document.finalized);
  EXPECT_EQ(merged.document.planned_cases, 4);
  EXPECT_EQ(merged.notes, std::vector<std::string>{"2 planned cases have not been run"});
}

TEST(Merge, the_same_cases_of_several_runs_are_launches) {
  Merged const merged =
      merge({input("l1", "1/1", {a_case("a", {1.0, 1.0, 1.0})}), input("l2", "1/1", {a_case("a", {3.0, 3.0, 3.0})}),
             input("l3", "1/1", {a_case("a", {2.0, 2.0, 2.0})})},
            false);

  ASSERT_EQ(merged.document.cases.size(), 1U);
  CaseRecord const& record = merged.document.cases.front();
  ASSERT_EQ(record.samples.size(), 9U);
  EXPECT_EQ(record.samples[0].launch, 0);
  EXPECT_EQ(record.samples[3].launch, 1);
  EXPECT_EQ(record.samples[8].launch, 2);
  EXPECT_EQ(record.cost.n_launches, 3);
  EXPECT_EQ(record.cost.time_median, 2.0);
  EXPECT_EQ(record.cost.timing_quality, TimingQuality::unstable);  // the launches disagree
  EXPECT_EQ(merged.document.runs[2].launch_index, 2);
  EXPECT_TRUE(merged.document.finalized);
}

TEST(Merge, a_file_given_twice_counts_once) {
  MergeInput const file = input("l1", "1/1", {a_case("a", {1.0, 2.0})});
  Merged const merged = merge({file, file}, false);
  EXPECT_EQ(merged.document.runs.size(), 1U);
  EXPECT_EQ(merged.document.cases.front().samples.size(), 2U);
}

TEST(Merge, conflicts_are_refused_or_the_newest_stands) {
  auto const spoil = [](auto&& change) {
    CaseRecord record = a_case("a");
    change(record);
    return input("f2", "1/1", {record});
  };
  std::vector<std::pair<std::string, MergeInput>> const others{
      {"case_hash", spoil([](CaseRecord& r) { r.row.case_hash = "x"; })},
      {"status", spoil([](CaseRecord& r) { r.row.status = Status::fail; })},
      {"grad_digest", spoil([](CaseRecord& r) { r.accuracy.grad_digest = "x"; })},
      {"nfe_fwd", spoil([](CaseRecord& r) { r.cost.nfe_fwd = 11; })},
  };
  MergeInput const first = input("f1", "1/1", {a_case("a")});
  for (auto const& [column, other] : others) {
    std::string const message = message_of<UsageError>([&] { (void)merge({first, other}, false); });
    EXPECT_NE(message.find("'f1' and 'f2' differ in " + column + " of the case a"), std::string::npos) << message;
    for (auto const& inputs : {std::vector{first, other}, std::vector{other, first}}) {
      CaseRecord const stands = merge(inputs, true).document.cases.front();
      EXPECT_EQ(stands.row.status, other.document.cases.front().row.status);
      EXPECT_EQ(stands.cost.nfe_fwd, other.document.cases.front().cost.nfe_fwd);
    }
  }
}

TEST(Merge, another_configuration_or_build_is_refused) {
  MergeInput const first = input("f1", "1/2", {a_case("a")});
  MergeInput other = input("f2", "2/2", {a_case("b")});
  other.document.config.sha256 = "other";
  EXPECT_NE(message_of<UsageError>([&] {
              (void)merge({first, other}, false);
            }).find("different configurations"),
            std::string::npos);
  EXPECT_EQ(merge({first, other}, true).document.cases.size(), 2U);

  other.document.config.sha256 = "same";
  other.document.runs.front().fingerprint_sw = "other";
  EXPECT_NE(message_of<UsageError>([&] {
              (void)merge({first, other}, false);
            }).find("different builds"),
            std::string::npos);
}

}  // namespace
}  // namespace retrace::results
