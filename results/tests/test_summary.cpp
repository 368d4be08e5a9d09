#include "results/summary.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace retrace::results {
namespace {

ResultDocument document_with(std::initializer_list<Status> statuses) {
  ResultDocument document;
  document.finalized = true;
  document.runs.emplace_back();
  document.runs.back().ended_by = EndedBy::finished;
  for (Status const status : statuses) document.cases.emplace_back().row.status = status;
  return document;
}

TEST(Summary, counts_by_status) {
  Summary const summary = summarize(document_with({Status::pass, Status::fail, Status::pass, Status::skipped,
                                                   Status::nonfinite, Status::xfail, Status::inconclusive}));

  EXPECT_EQ(summary.total(), 7);
  EXPECT_EQ(summary.passed(), 2);
  EXPECT_EQ(summary.failed(), 2);
  EXPECT_EQ(summary.skipped(), 1);
  EXPECT_EQ(summary.of(Status::xfail), 1);
  EXPECT_EQ(final_line(summary), "2 passed, 2 failed, 1 skipped");
  EXPECT_EQ(detail_line(summary), "7 cases: 2 pass, 1 fail, 1 nonfinite, 1 skipped, 1 xfail, 1 inconclusive");
}

TEST(Summary, lines_of_an_empty_run) {
  Summary const summary = summarize(document_with({}));
  EXPECT_EQ(final_line(summary), "0 passed, 0 failed, 0 skipped");
  EXPECT_EQ(detail_line(summary), "0 cases");
}

TEST(ExitCode, one_row_of_the_table_each) {
  EXPECT_EQ(exit_code(document_with({Status::pass, Status::xfail})), 0);
  EXPECT_EQ(exit_code(document_with({Status::pass, Status::inconclusive})), 0);
  EXPECT_EQ(exit_code(document_with({Status::pass, Status::inconclusive}), {.strict = true}), 4);
  EXPECT_EQ(exit_code(document_with({})), 5);
  EXPECT_EQ(exit_code(document_with({}), {.allow_empty = true}), 0);
  EXPECT_EQ(exit_code(document_with({Status::skipped, Status::skipped})), 77);
  EXPECT_EQ(exit_code(document_with({Status::skipped, Status::pass})), 0);
}

TEST(ExitCode, every_kind_of_failure_is_red) {
  for (Status const status :
       {Status::fail, Status::error, Status::timeout, Status::nonfinite, Status::oom, Status::xpass, Status::crashed}) {
    EXPECT_TRUE(is_failure(status)) << name_of(status);
    EXPECT_EQ(exit_code(document_with({Status::pass, status})), 1) << name_of(status);
  }
  EXPECT_EQ(exit_code(document_with({Status::xpass}), {.lenient_xpass = true}), 0);
  EXPECT_EQ(exit_code(document_with({Status::xpass, Status::fail}), {.lenient_xpass = true}), 1);
}

TEST(ExitCode, what_can_be_resumed_comes_before_failures) {
  ResultDocument unfinished = document_with({Status::fail});
  unfinished.finalized = false;
  ResultDocument stopped = document_with({});
  stopped.runs.back().ended_by = EndedBy::time_limit;
  stopped.finalized = false;
  ResultDocument contradictory = document_with({Status::pass});
  contradictory.runs.back().ended_by = EndedBy::crash;

  EXPECT_EQ(exit_code(unfinished), 75);
  EXPECT_EQ(exit_code(stopped), 75);
  EXPECT_EQ(exit_code(contradictory), 75);
}

}  // namespace
}  // namespace retrace::results
