#include "results/junit.hpp"

#include <gtest/gtest.h>

#include <string>

namespace retrace::results {
namespace {

CaseRecord record(std::string problem, Status status, std::vector<CheckRow> checks, std::string reason = "") {
  CaseRecord made;
  made.row.problem = problem;
  made.row.case_id = problem + "/aca/rk4";
  made.row.status = status;
  made.row.reason = std::move(reason);
  made.checks = std::move(checks);
  return made;
}
CheckRow check(std::string name, Verdict verdict, std::string message) {
  CheckRow row;
  row.check = std::move(name);
  row.value = 2.0;
  row.threshold = 1.0;
  row.verdict = verdict;
  row.message = std::move(message);
  row.seconds = 0.25;
  return row;
}
bool has(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

TEST(JUnit, a_suite_per_problem_and_a_testcase_per_check) {
  ResultDocument document;
  document.title = "A & B";
  document.cases = {
      record("linear", Status::fail,
             {check("dual", Verdict::fail, "round-off <of> 3 steps"), check("finite", Verdict::pass, "")}),
      record("lorenz63", Status::pass, {check("dual", Verdict::skipped, "no promise")})};

  std::string const text = as_junit(document, {}, "retrace verify -k");

  EXPECT_TRUE(has(text, "<testsuites name=\"A &amp; B\">"));
  EXPECT_TRUE(
      has(text, "<testsuite name=\"linear\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"0.500\">"));
  EXPECT_TRUE(has(text, "<testsuite name=\"lorenz63\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\""));
  EXPECT_TRUE(has(text, "<testcase classname=\"linear/aca/rk4\" name=\"finite\" time=\"0.250000\"/>"));
  EXPECT_TRUE(has(text, "<failure message=\"not 2 &lt;= 1\">round-off &lt;of&gt; 3 steps</failure>"));
  EXPECT_TRUE(has(text, "<system-out>retrace verify -k 'linear/aca/rk4'</system-out>"));
}

TEST(JUnit, inconclusive_is_never_a_pass_and_a_failure_where_that_is_asked_for) {
  ResultDocument document;
  document.cases = {record("linear", Status::inconclusive, {check("order", Verdict::inconclusive, "noise")})};

  EXPECT_TRUE(has(as_junit(document, {}, ""), "<skipped message=\"inconclusive: noise\"/>"));
  EXPECT_TRUE(has(as_junit(document, {.strict = true}, ""), "<failure message=\"inconclusive: noise\"/>"));
}

TEST(JUnit, an_expected_failure_has_its_reason_and_an_error_is_an_error) {
  ResultDocument document;
  document.cases = {record("linear", Status::xfail, {check("dual", Verdict::fail, "")}, "known limit"),
                    record("linear", Status::nonfinite, {}, "met NaN"),
                    record("linear", Status::xpass, {check("dual", Verdict::pass, "")}, "known limit")};

  std::string const text = as_junit(document, {}, "");

  EXPECT_TRUE(has(text, "<skipped message=\"expected to fail: known limit\"/>"));
  EXPECT_TRUE(has(text, "name=\"solve\" time=\"0.000000\">\n      <error message=\"nonfinite\">met NaN</error>"));
  EXPECT_TRUE(has(text, "<failure message=\"xpass\">known limit</failure>"));
  EXPECT_TRUE(has(text, "tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""));
}

TEST(JUnit, numbers_of_a_case_are_properties_of_its_suite) {
  ResultDocument document;
  document.cases = {record("linear", Status::pass, {check("dual", Verdict::pass, "")})};
  document.cases[0].accuracy.grad_rel_l2 = 2.5e-9;
  document.cases[0].cost.nfe_fwd = 40;
  document.cases[0].cost.n_jvp = 2;

  std::string const text = as_junit(document, {}, "");

  EXPECT_TRUE(has(text, "<property name=\"linear/aca/rk4 grad_rel_l2\" value=\"2.5e-09\"/>"));
  EXPECT_TRUE(has(text, "<property name=\"linear/aca/rk4 evaluations\" value=\"42\"/>"));
  EXPECT_FALSE(has(text, "time_median"));  // was not measured
  EXPECT_LT(text.find("<properties>"), text.find("<testcase"));
}

TEST(JUnit, an_unexpected_pass_may_be_forgiven_and_a_skipped_case_is_seen) {
  ResultDocument document;
  document.cases = {record("linear", Status::xpass, {check("dual", Verdict::pass, "")}, "known limit"),
                    record("linear", Status::skipped, {}, "this build lacks cuda")};

  std::string const text = as_junit(document, {.lenient_xpass = true}, "");

  EXPECT_TRUE(has(text, "tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"1\""));
  EXPECT_TRUE(has(text, "name=\"solve\" time=\"0.000000\">\n      <skipped message=\"this build lacks cuda\"/>"));
}

}  // namespace
}  // namespace retrace::results
