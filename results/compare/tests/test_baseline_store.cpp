#include "core/error.hpp"
#include "results/compare/baseline_store.hpp"
#include "results/compare/tests/example_results.hpp"
#include "results/reader.hpp"
#include "results/tests/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

namespace retrace::compare {
namespace {

using results::testing::message_of;
using results::testing::TemporaryFolder;
using testing::example_document;

results::ResultDocument with_times() {
  results::ResultDocument document = example_document();
  std::mt19937_64 random(1);
  testing::add_launches(document.cases.front(), 5, 0.01, 0.01, random);
  document.cases.front().cost.time_median = 0.01;
  document.runs.front().cmdline = "/home/somebody/bin/retrace run --suite smoke -o /scratch/secret/a.h5";
  document.environment.push_back(testing::environment_row("host", "hostname", "secret"));
  document.environment.push_back(testing::environment_row("job", "SLURM_JOB_ID", "secret"));
  return document;
}

TEST(BaselineStore, writes_finds_and_lists) {
  TemporaryFolder const folder;
  auto const store = folder / "store";
  write_baseline(baseline_path(store, "main"), example_document(), "", "retrace test", "because");

  EXPECT_EQ(baseline_names(store), std::vector<std::string>{"main"});
  EXPECT_EQ(find_baseline(store, "main"), store / "main.h5");
  EXPECT_EQ(find_baseline(folder / "none", (store / "main.h5").string()), store / "main.h5");
  EXPECT_NE(results::read_result(store / "main.h5").history.find(": because\n"), std::string::npos);
}

TEST(BaselineStore, history_grows) {
  TemporaryFolder const folder;
  auto const path = folder / "b.h5";
  write_baseline(path, example_document(), "", "retrace test", "first");
  write_baseline(path, example_document(), results::read_result(path).history, "retrace test", "second");
  std::string const history = results::read_result(path).history;
  EXPECT_LT(history.find(": first\n"), history.find(": second\n"));
  EXPECT_NE(history.find(": second\n"), std::string::npos);
}

TEST(BaselineStore, says_what_there_is) {
  TemporaryFolder const folder;
  write_baseline(baseline_path(folder / "s", "quick"), example_document(), "", "retrace test", "because");
  std::string const message = message_of<UsageError>([&] { (void)find_baseline(folder / "s", "qiuck"); });
  EXPECT_NE(message.find("did you mean 'quick'?"), std::string::npos) << message;
  for (std::string const bad : {"", ".hidden", "a/b", "../up"})
    EXPECT_THROW((void)baseline_path(folder / "s", bad), UsageError) << bad;
}

TEST(BaselineStore, refuses_an_incomplete_run) {
  TemporaryFolder const folder;
  results::ResultDocument document = example_document();
  document.finalized = false;
  EXPECT_THROW(write_baseline(folder / "b.h5", document, "", "retrace test", "because"), UsageError);
  EXPECT_TRUE(folder.names().empty());
}

TEST(PortableBaseline, names_nobody_and_keeps_what_is_exact) {
  TemporaryFolder const folder;
  results::ResultDocument const document = with_times();

  write_baseline(folder / "b.h5", portable(document), "", "retrace test", "because");

  results::ResultDocument const read = results::read_result(folder / "b.h5");
  EXPECT_TRUE(is_portable(read));
  EXPECT_FALSE(is_portable(document));
  EXPECT_EQ(read.runs.front().cmdline, "retrace run --suite smoke -o a.h5");
  for (auto const& row : read.environment) EXPECT_NE(row.value, "secret") << row.key;
  EXPECT_TRUE(read.cases.front().samples.empty());
  EXPECT_TRUE(std::isnan(read.cases.front().cost.time_median));
  Comparison const comparison = testing::compare_examples(document, read);
  EXPECT_EQ(comparison.exit_code(), 0);
  EXPECT_GT(comparison.count(Tier::counters, Verdict::same), 20);
  EXPECT_EQ(comparison.count(Tier::memory, Verdict::same), 6);
}

}  // namespace
}  // namespace retrace::compare
