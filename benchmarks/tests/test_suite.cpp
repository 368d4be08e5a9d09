#include "benchmarks/suite.hpp"
#include "benchmarks/tests/example_vocabulary.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace retrace::test {
namespace {

TEST(ParseSuite, a_minimal_suite_has_the_defaults) {
  Suite const suite = parse(valid_suite());

  ASSERT_EQ(ids_of(suite), (std::vector<std::string>{"linear/aca/dormand_prince54/rtol1e-6-atol1e-6/n1/f64/default"}));
  EXPECT_EQ(suite.title, "");
  EXPECT_EQ(suite.run.repeat, 9);
  EXPECT_EQ(suite.run.warmup, 2);
  EXPECT_EQ(suite.run.order, "interleaved");
  EXPECT_EQ(suite.report.error, "grad_rel_l2");
  CaseSpec const& spec = suite.cases.front();
  EXPECT_EQ(spec.problem_args, nlohmann::json({{"k", 0.25}, {"T", 10.0}, {"n", 1}}));
  EXPECT_EQ(spec.seed, suite.run.seed);
  EXPECT_EQ(spec.tags, std::vector<std::string>{"analytic"});
  EXPECT_EQ(spec.checks["dual"], nlohmann::json({{"enable", true}, {"rtol", "auto"}}));
  EXPECT_EQ(spec.checks["taylor"]["enable"], false);
  EXPECT_EQ(spec.expected.status, "pass");
  EXPECT_EQ(spec.matrix, "m");
  EXPECT_EQ(spec.origin, "s.toml:2:1");
}

TEST(ParseSuite, reads_run_checks_report_and_limits) {
  Suite const suite = parse(R"(
schema = 1
title = "Study"
[run]
seed = 7
repeat = 5
warmup = 0
min_time = "20ms"
case_timeout = "1h30min"
order = "longest-first"
[checks]
dual = { rtol = 1e-12 }
taylor = { enable = true, directions = 5, class = "bitwise" }
[report]
error = "loss_rel"
cost = "bytes"
[limits.linear]
grad_rel_l2 = { aca = 1e-10 }
loss_rel = 1e-3
peak_bytes = { aca = "64KiB" }
[limits.lorenz63]
loss_rel = 0.5
[[matrix]]
name = "m"
problem = "linear"
method = ["aca", "naive"]
solver = "dormand_prince54"
control = { adaptive = { rtol = 1e-6 } }
checks = { taylor = { directions = 1 }, dual = { enable = false } }
)");

  EXPECT_EQ(suite.title, "Study");
  EXPECT_EQ(suite.run.seed, 7U);
  EXPECT_EQ(suite.run.repeat, 5);
  EXPECT_EQ(suite.run.warmup, 0);
  EXPECT_DOUBLE_EQ(suite.run.min_time_seconds, 0.02);
  EXPECT_DOUBLE_EQ(suite.run.case_timeout_seconds, 5400.0);
  EXPECT_EQ(suite.run.order, "longest-first");
  EXPECT_EQ(suite.report.error, "loss_rel");
  EXPECT_EQ(suite.report.cost, "bytes");
  ASSERT_EQ(suite.cases.size(), 2U);
  EXPECT_EQ(suite.cases[0].limits,
            (std::map<std::string, double>{{"grad_rel_l2", 1e-10}, {"loss_rel", 1e-3}, {"peak_bytes", 65536.0}}));
  EXPECT_EQ(suite.cases[1].limits, (std::map<std::string, double>{{"loss_rel", 1e-3}}));
  EXPECT_EQ(suite.cases[0].checks["taylor"],
            nlohmann::json({{"enable", true}, {"directions", 1}, {"class", "bitwise"}}));
  EXPECT_EQ(suite.cases[0].checks["dual"], nlohmann::json({{"enable", false}, {"rtol", 1e-12}}));
}

TEST(ParseSuite, effective_configuration_has_every_default) {
  Suite const suite = parse(valid_suite());

  EXPECT_EQ(suite.effective["schema"], 1);
  EXPECT_EQ(suite.effective["run"]["repeat"], 9);
  EXPECT_EQ(suite.effective["run"]["case_timeout"], "600s");
  EXPECT_EQ(suite.effective["checks"]["taylor"]["directions"], 3);
  EXPECT_EQ(suite.effective["report"]["cost"], "time");
  EXPECT_EQ(suite.effective["matrix"][0]["control"]["adaptive"]["rtol"], 1e-6);
  EXPECT_EQ(suite.sources.front().name, "s.toml");
  EXPECT_EQ(suite.sources.front().text, valid_suite());
}

struct BadText {
  std::string name, text, message;
  friend void PrintTo(BadText const& bad, std::ostream* out) { *out << bad.name; }
};
class BadSuite : public testing::TestWithParam<BadText> {};

TEST_P(BadSuite, says_where_and_what) {
  EXPECT_EQ(error_in(GetParam().text), GetParam().message);
}

/// A valid suite with `section` in front of its matrix, from line 2 on.
std::string with(std::string const& section) {
  std::string text = valid_suite();
  return text.insert(text.find("[[matrix]]"), section + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    sections, BadSuite,
    testing::Values(
        BadText{"no_schema", "title = \"x\"\n", "s.toml:1:1: needs the key 'schema = 1'"},
        BadText{"empty", "", "s.toml:1:1: needs the key 'schema = 1'"},
        BadText{"other_schema", "schema = 2\n",
                "s.toml:1:10: schema 2 is not supported; this version of retrace reads schema 1"},
        BadText{"schema_type", "schema = \"1\"\n", "s.toml:1:10: 'schema' must be an integer, not the text \"1\""},
        BadText{"no_matrix", "schema = 1\n", "s.toml:1:1: the suite needs the key 'matrix'"},
        BadText{"matrix_type", "schema = 1\nmatrix = 3\n",
                "s.toml:2:10: 'matrix' must be a list of tables, each begun by [[matrix]]"},
        BadText{"matrix_table", "schema = 1\n[matrix]\nname = \"m\"\n",
                "s.toml:2:1: 'matrix' must be a list of tables, each begun by [[matrix]]"},
        BadText{"unknown_section", with("[rum]"), "s.toml:2:2: the suite: unknown key 'rum'; did you mean 'run'?"},
        BadText{"unknown_key", with("[run]\nrepaet = 3"),
                "s.toml:3:1: [run]: unknown key 'repaet'; did you mean 'repeat'?"},
        BadText{"far_off_key", with("[report]\nx = 3"), "s.toml:3:1: [report]: unknown key 'x'; valid: error, cost"},
        BadText{"section_type", with("run = 3"), "s.toml:2:7: '[run]' must be a table, not the integer 3"},
        BadText{"repeat_zero", with("[run]\nrepeat = 0"),
                "s.toml:3:10: 'repeat' must be an integer >= 1 and <= 1e5, not the integer 0"},
        BadText{"repeat_number", with("[run]\nrepeat = 2.5"),
                "s.toml:3:10: 'repeat' must be an integer >= 1 and <= 1e5, not the number 2.5"},
        BadText{"seed_negative", with("[run]\nseed = -1"),
                "s.toml:3:8: 'seed' must be an integer >= 0, not the integer -1"},
        BadText{"duration_without_unit", with("[run]\nmin_time = 5"),
                "s.toml:3:12: 'min_time' must be a duration in quotes with its unit, such as \"200ms\" or \"10min\", "
                "not the integer 5"},
        BadText{"duration_with_bad_unit", with("[run]\nmin_time = \"5\""),
                "s.toml:3:12: 'min_time': '5' is not a duration; expected a number with its unit, such as 200ms, 30s, "
                "10min, 1h30min"},
        BadText{"timeout_zero", with("[run]\ncase_timeout = \"0s\""),
                "s.toml:3:16: 'case_timeout' must be longer than 0"},
        BadText{"order", with("[run]\norder = \"interleave\""),
                "s.toml:3:9: unknown order 'interleave'; did you mean 'interleaved'?"},
        BadText{"unknown_check", with("[checks]\ntailor = { enable = true }"),
                "s.toml:3:1: [checks]: unknown key 'tailor'; did you mean 'taylor'?"},
        BadText{"check_option", with("[checks.taylor]\ndirection = 3"),
                "s.toml:3:1: [checks.taylor]: unknown key 'direction'; did you mean 'directions'?"},
        BadText{"check_enable", with("[checks]\ntaylor = { enable = 1 }"),
                "s.toml:3:21: 'enable' must be true or false, not the integer 1"},
        BadText{"check_range", with("[checks]\ntaylor = { directions = 0 }"),
                "s.toml:3:25: 'directions' must be an integer >= 1, not the integer 0"},
        BadText{"check_word", with("[checks]\ndual = { rtol = \"aoto\" }"),
                "s.toml:3:17: unknown rtol 'aoto'; did you mean 'auto'?"},
        BadText{"check_choice", with("[checks]\ntaylor = { class = \"bitwide\" }"),
                "s.toml:3:20: unknown class 'bitwide'; did you mean 'bitwise'?"},
        BadText{"report_error", with("[report]\nerror = \"grad_rel_l3\""),
                "s.toml:3:9: unknown error 'grad_rel_l3'; did you mean 'grad_rel_l2'?"},
        BadText{"limit_problem", with("[limits.lorenz]\nloss_rel = 1.0"),
                "s.toml:2:9: [limits]: unknown key 'lorenz'; did you mean 'lorenz63'?"},
        BadText{"limit_quantity", with("[limits.linear]\nlos_rel = 1.0"),
                "s.toml:3:1: [limits.linear]: unknown key 'los_rel'; did you mean 'loss_rel'?"},
        BadText{"limit_method", with("[limits.linear]\nloss_rel = { aac = 1.0 }"),
                "s.toml:3:14: [limits.linear.loss_rel]: unknown key 'aac'; did you mean 'aca'?"},
        BadText{"limit_value", with("[limits.linear]\nloss_rel = 0.0"),
                "s.toml:3:12: 'loss_rel' must be a number > 0, not the number 0"},
        BadText{"limit_size", with("[limits.linear]\npeak_bytes = 65536"),
                "s.toml:3:14: 'peak_bytes' must be a size in quotes with its unit, such as \"64KiB\", not the integer "
                "65536"},
        BadText{"limit_size_unit", with("[limits.linear]\npeak_bytes = \"64 kib\""),
                "s.toml:3:14: 'peak_bytes': '64 kib' is not a size; expected a number with its unit, such as 512B, "
                "64KiB, 1.5GB"},
        BadText{"title_type", "schema = 1\ntitle = 1979-05-27\n" + valid_suite().substr(11),
                "s.toml:2:9: 'title' must be text in quotes, not a date"}),
    [](auto const& tested) { return tested.param.name; });

TEST(ParseSuite, a_syntax_error_has_its_place) {
  // The rest of the message is the TOML library's.
  EXPECT_EQ(error_in("schema = 1\ntitle = \n").substr(0, 13), "s.toml:2:9: E");
}

TEST(ParseSuite, a_message_is_one_line_whatever_it_quotes) {
  EXPECT_EQ(error_in("schema = 1\n\"a\\nb\" = 1\n").substr(0, 46), "s.toml:2:1: the suite: unknown key 'a b'; vali");
  EXPECT_LT(error_in("schema = 1\ntitle = 1\nrun = \"" + std::string(5000, 'x') + "\"\n").size(), 400U);
}

TEST(LoadSuite, names_the_file_that_is_missing) {
  std::string const path = testing::TempDir() + "retrace_no_such_suite.toml";

  EXPECT_EQ(message_of([&] { static_cast<void>(load_suite(path, example_vocabulary())); }),
            path + ": cannot be read: No such file or directory");
}

TEST(LoadSuite, refuses_a_folder) {
  std::string const path = testing::TempDir();

  EXPECT_EQ(message_of([&] { static_cast<void>(load_suite(path, example_vocabulary())); }),
            path + ": is a folder; expected a TOML or JSON file");
}

TEST(LoadSuite, reads_a_file) {
  std::string const path = testing::TempDir() + "retrace_test_suite.toml";
  std::ofstream(path) << valid_suite();

  Suite const suite = load_suite(path, example_vocabulary());
  std::filesystem::remove(path);

  EXPECT_EQ(suite.cases.size(), 1U);
  EXPECT_EQ(suite.cases.front().origin, path + ":2:1");
}

TEST(LoadSuite, refuses_bytes_that_are_no_text) {
  EXPECT_EQ(error_in(std::string("\xff\xfe\x01", 3)).substr(0, 7), "s.toml:");
}

}  // namespace
}  // namespace retrace::test
