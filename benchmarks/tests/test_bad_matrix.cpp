#include "benchmarks/matrix.hpp"
#include "benchmarks/tests/example_vocabulary.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace retrace::test {
namespace {

std::string const all_solvers = "solver = [\"rk4\", \"dormand_prince54\"]";

struct BadMatrix {
  std::string name;
  std::vector<std::string> lines;  ///< from line 4 on
  std::string message;             ///< behind "s.toml:"
  friend void PrintTo(BadMatrix const& bad, std::ostream* out) { *out << bad.name; }
};
class BadMatrixTest : public testing::TestWithParam<BadMatrix> {};

TEST_P(BadMatrixTest, says_where_and_what) {
  EXPECT_EQ(error_in(with_matrix(GetParam().lines)), "s.toml:" + GetParam().message);
}

BadMatrix bad_control(std::string const& name, std::string const& control, std::string const& message) {
  return {name, {problem_line, method_line, solver_line, "control = " + control}, message};
}
BadMatrix bad_arguments(std::string const& name, std::string const& arguments, std::string const& message) {
  return {name, {problem_line, "problem_args = " + arguments, method_line, solver_line, control_line}, message};
}
BadMatrix bad_rule(std::string const& name, std::string const& rule, std::string const& message) {
  return {name, {problem_line, method_line, solver_line, control_line, rule}, message};
}

INSTANTIATE_TEST_SUITE_P(
    names, BadMatrixTest,
    testing::Values(
        BadMatrix{"no_problem", {method_line, solver_line, control_line}, "2:1: [[matrix]] needs the key 'problem'"},
        BadMatrix{
            "key", {problem_line, "metod = \"aca\""}, "5:1: [[matrix]]: unknown key 'metod'; did you mean 'method'?"},
        BadMatrix{"problem",
                  {"problem = \"lorentz63\"", method_line, solver_line, control_line},
                  "4:11: unknown problem 'lorentz63'; did you mean 'lorenz63'?"},
        BadMatrix{"method",
                  {problem_line, "method = [\"aca\", \"adjiont\"]", solver_line, control_line},
                  "5:18: unknown method 'adjiont'; did you mean 'adjoint'?"},
        BadMatrix{"solver",
                  {problem_line, method_line, "solver = \"dopri\"", control_line},
                  "6:10: unknown solver 'dopri'; valid: euler, midpoint, rk4, heun_euler21, bogacki_shampine32, "
                  "dormand_prince54, midpoint_euler21, ralston21, tsitouras54, dormand_prince853"},
        BadMatrix{"precision",
                  {problem_line, method_line, solver_line, control_line, "precision = \"f46\""},
                  "8:13: unknown precision 'f46'; did you mean 'f64'?"},
        BadMatrix{"backend",
                  {problem_line, method_line, solver_line, control_line, "backend = \"openpm\""},
                  "8:11: unknown backend 'openpm'; did you mean 'openmp'?"},
        BadMatrix{"twice",
                  {problem_line, "method = [\"aca\", \"aca\"]", solver_line, control_line},
                  "5:18: method 'aca' is given twice"},
        BadMatrix{"empty_list",
                  {problem_line, "method = []", solver_line, control_line},
                  "5:10: 'method' is an empty list; give at least one value"},
        BadMatrix{"type",
                  {problem_line, "method = 3", solver_line, control_line},
                  "5:10: 'method' must be text in quotes, not the integer 3"},
        BadMatrix{"tag",
                  {problem_line, method_line, solver_line, control_line, "tags = [\"a b\"]"},
                  "8:9: 'tags' must be made of letters, digits, '_', '.', '-', not the text \"a b\""},
        BadMatrix{"check",
                  {problem_line, method_line, solver_line, control_line, "checks = { duel = { enable = true } }"},
                  "8:12: [checks]: unknown key 'duel'; did you mean 'dual'?"}),
    [](auto const& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    arguments, BadMatrixTest,
    testing::Values(
        bad_arguments("unknown", "{ T = 1.0, kk = 2 }",
                      "5:27: problem_args of problem 'linear': unknown key 'kk'; did you mean 'k'?"),
        bad_arguments("end_time_nan", "{ T = nan }",
                      "5:22: 'T' must be a number >= -1e6 and <= 1e6, not the number nan"),
        bad_arguments("n_zero", "{ n = [4, 0] }", "5:26: 'n' must be an integer >= 1 and <= 1e9, not the integer 0"),
        bad_arguments("n_number", "{ n = 1.0 }", "5:22: 'n' must be an integer >= 1 and <= 1e9, not the number 1"),
        bad_arguments("k_text", "{ k = \"big\" }",
                      "5:22: 'k' must be a number >= -100 and <= 100, not the text \"big\""),
        bad_arguments("no_table", "3", "5:16: 'problem_args of problem 'linear'' must be a table, not the integer 3"),
        bad_arguments("empty_list", "{ n = [] }", "5:22: 'n' is an empty list; give at least one value"),
        BadMatrix{"list_entry",
                  {"problem = \"neural_mlp\"", "problem_args = { widths = [4, 0, 4] }", method_line, solver_line,
                   control_line},
                  "5:31: 'widths' must be an integer >= 1, not the integer 0"},
        BadMatrix{"no_list",
                  {"problem = \"neural_mlp\"", "problem_args = { widths = 4 }", method_line, solver_line, control_line},
                  "5:27: 'widths' must be a list of integers, not the integer 4"},
        BadMatrix{"together",
                  {"problem = \"neural_mlp\"", "problem_args = { widths = [4, 8, 5] }", method_line, solver_line,
                   control_line},
                  "5:16: neural_mlp: first and last width differ"}),
    [](auto const& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    control, BadMatrixTest,
    testing::Values(
        bad_control("zero_tolerance", "{ adaptive = { rtol = 0.0 } }",
                    "7:33: 'rtol' must be a number > 0 and <= 1, not the number 0"),
        bad_control("negative_tolerance", "{ adaptive = { rtol = [1e-3, -1e-3] } }",
                    "7:40: 'rtol' must be a number > 0 and <= 1, not the number -0.001"),
        bad_control("nan_tolerance", "{ adaptive = { rtol = nan } }",
                    "7:33: 'rtol' must be a number > 0 and <= 1, not the number nan"),
        bad_control("infinite_tolerance", "{ adaptive = { rtol = 1e-3, atol = inf } }",
                    "7:46: 'atol' must be a number > 0, not the number inf"),
        bad_control("zero_atol", "{ adaptive = { rtol = 1e-3, atol = 0 } }",
                    "7:46: 'atol' must be a number > 0, not the integer 0"),
        bad_control("formula", "{ adaptive = { rtol = 1e-3, atol = \"rtol+1\" } }",
                    "7:46: 'atol' is \"rtol+1\", which is no formula; expected a number or a formula such as \"rtol\", "
                    "\"rtol*1e-2\" or \"rtol/100\""),
        bad_control(
            "formula_of_something_else", "{ adaptive = { rtol = 1e-3, atol = \"atol*2\" } }",
            "7:46: 'atol' is \"atol*2\", which does not begin with rtol; expected a number or a formula such as "
            "\"rtol\", \"rtol*1e-2\" or \"rtol/100\""),
        bad_control("formula_zero", "{ adaptive = { rtol = 1e-3, atol = \"rtol*0\" } }",
                    "7:46: 'atol' is \"rtol*0\", which makes 0; expected a number or a formula such as \"rtol\", "
                    "\"rtol*1e-2\" or \"rtol/100\""),
        bad_control("no_rtol", "{ adaptive = { atol = 1e-3 } }", "7:24: control.adaptive needs the key 'rtol'"),
        bad_control("key", "{ adaptive = { rtoll = 1e-3 } }",
                    "7:26: control.adaptive: unknown key 'rtoll'; did you mean 'rtol'?"),
        bad_control("initial_step", "{ adaptive = { rtol = 1e-3, initial_step = -1.0 } }",
                    "7:54: 'initial_step' must be a number >= 0, not the number -1"),
        bad_control("max_steps", "{ adaptive = { rtol = 1e-3, max_steps = 0 } }",
                    "7:51: 'max_steps' must be an integer >= 1 and <= 1e12, not the integer 0"),
        bad_control("controller", "{ adaptive = { rtol = 1e-3, controller = \"papre\" } }",
                    "7:52: unknown controller 'papre'; did you mean 'paper'?"),
        bad_control("norm", "{ adaptive = { rtol = 1e-3, norm = \"mex\" } }",
                    "7:46: unknown norm 'mex'; did you mean 'max'?"),
        bad_control("no_steps", "{ fixed = { n = 0 } }",
                    "7:27: 'n' must be an integer >= 1 and <= 1e12, not the integer 0"),
        bad_control("kind", "{ fixd = { n = 4 } }", "7:13: control: unknown key 'fixd'; did you mean 'fixed'?"),
        bad_control("both", "{ fixed = { n = 4 }, adaptive = { rtol = 1e-3 } }",
                    "7:11: 'control' must hold either { fixed = { n = … } } or { adaptive = { rtol = … } }"),
        bad_control("no_table", "3", "7:11: 'control' must be a table, not the integer 3"),
        BadMatrix{
            "solver_without_estimate",
            {problem_line, method_line, all_solvers, control_line},
            "6:10: solver 'rk4' has no error estimate, so it needs a fixed control such as { fixed = { n = 64 } }; "
            "this matrix has only adaptive ones"},
        BadMatrix{"control_without_solver",
                  {problem_line, method_line, "solver = \"rk4\"",
                   "control = [{ fixed = { n = 8 } }, { adaptive = { rtol = 1e-3 } }]"},
                  "7:11: no solver of this matrix has an error estimate, so none can use the control "
                  "adaptive:rtol=1e-3,atol=1e-3"}),
    [](auto const& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    rules, BadMatrixTest,
    testing::Values(
        bad_rule("exclude_reason", "exclude = [{ method = \"aca\" }]",
                 "8:12: exclude needs the key 'reason', which the report prints"),
        bad_rule("exclude_empty_reason", "exclude = [{ method = \"aca\", reason = \" \" }]",
                 "8:39: 'reason' must be a text that says something, not the text \" \""),
        bad_rule("exclude_key", "exclude = [{ metod = \"aca\", reason = \"x\" }]",
                 "8:14: exclude: unknown key 'metod'; did you mean 'method'?"),
        bad_rule("exclude_name", "exclude = [{ method = \"acca\", reason = \"x\" }]",
                 "8:23: unknown method 'acca'; did you mean 'aca'?"),
        bad_rule(
            "exclude_control", "exclude = [{ control = \"n=64\", reason = \"x\" }]",
            "8:24: 'control' is \"n=64\"; expected \"fixed:n=64\", \"adaptive:rtol=1e-3,atol=1e-5\" or a glob such as "
            "\"adaptive:*\""),
        bad_rule("exclude_argument", "exclude = [{ problem_args = { nn = 1 }, reason = \"x\" }]",
                 "8:31: exclude.problem_args: unknown key 'nn'; did you mean 'n'?"),
        bad_rule("exclude_nothing", "exclude = [{ reason = \"x\" }]",
                 "8:12: exclude names no axis, so it would fit every case; expected at least one of problem, "
                 "problem_args, method, solver, control, precision, backend"),
        bad_rule("exclude_everything", "exclude = [{ method = \"aca\", reason = \"x\" }]",
                 "2:1: matrix 'm' yields no case: its exclusions leave nothing"),
        bad_rule("expect_status", "expect = [{ where = { method = \"aca\" }, status = \"xfial\", reason = \"x\" }]",
                 "8:50: unknown status 'xfial'; did you mean 'xfail'?"),
        bad_rule("expect_reason", "expect = [{ where = { method = \"aca\" }, status = \"xfail\" }]",
                 "8:11: expect needs the key 'reason'"),
        bad_rule("expect_where", "expect = [{ status = \"xfail\", reason = \"x\" }]",
                 "8:11: expect needs the key 'where'")),
    [](auto const& tested) { return tested.param.name; });

BadMatrix bad_loss(std::string const& name, std::string const& loss, std::string const& message) {
  return {name, {problem_line, method_line, solver_line, control_line, "loss = " + loss}, message};
}
INSTANTIATE_TEST_SUITE_P(
    losses, BadMatrixTest,
    testing::Values(
        bad_loss("times_twice", "{ exact = [0.5, 0.5] }", "8:24: observation time 0.5 is given twice"),
        bad_loss("times_unsorted", "{ dense = [0.25, 0.5, 0.4] }",
                 "8:30: observation times must be in order, and 0.4 comes after 0.5"),
        bad_loss("times_no_number", "{ exact = [0.5, nan] }",
                 "8:24: 'loss.exact' must be a finite number, not the number nan"),
        bad_loss("both", "{ exact = 3, dense = 3 }",
                 "8:8: 'loss' must be \"terminal\", \"integral\", { exact = [times] } or { dense = [times] }; instead "
                 "of times, a number stands for so many equal distances"),
        bad_loss("kind", "\"integrals\"", "8:8: unknown loss 'integrals'; did you mean 'integral'?")),
    [](auto const& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    budgets, BadMatrixTest,
    testing::Values(bad_control("no_state", "{ adaptive = { rtol = 1e-3, checkpoints = 0 } }",
                                "7:53: 'checkpoints' must be an integer >= 1 and <= 256, not the integer 0"),
                    bad_control("no_byte", "{ adaptive = { rtol = 1e-3, checkpoints = \"0KiB\" } }",
                                "7:53: 'checkpoints' is no byte; expected at least one state"),
                    bad_control("norm_of_samples", "{ adaptive = { rtol = 1e-3, norm = \"sample\" } }",
                                "7:46: unknown norm 'sample'; valid: rms, max, per_sample")),
    [](auto const& tested) { return tested.param.name; });

TEST(Matrix, a_name_is_needed_and_must_be_a_word) {
  EXPECT_EQ(error_in("schema = 1\n[[matrix]]\n" + problem_line + "\n"), "s.toml:2:1: [[matrix]] needs the key 'name'");
  EXPECT_EQ(error_in("schema = 1\n[[matrix]]\nname = \"a/b\"\n"),
            "s.toml:3:8: 'name' must be made of letters, digits, '_', '.', '-', not the text \"a/b\"");
}

TEST(Matrix, the_same_case_twice_is_an_error_that_names_both_places) {
  std::string text = valid_suite();
  std::string second = text.substr(text.find("[[matrix]]"));
  second.replace(second.find("\"m\""), 3, "\"other\"");

  EXPECT_EQ(error_in(text + second),
            "s.toml:8:1: matrix 'other' yields the case linear/aca/dormand_prince54/rtol1e-6-atol1e-6/n1/f64/default, "
            "which matrix 'm' at s.toml:2:1 has already");
  EXPECT_EQ(
      error_in(with_matrix({problem_line, "problem_args = { n = [1, 1] }", method_line, solver_line, control_line})),
      "s.toml:2:1: matrix 'm' yields the case linear/aca/dormand_prince54/rtol1e-6-atol1e-6/n1/f64/default twice");
}

TEST(Matrix, a_product_that_cannot_be_meant_is_refused_before_it_is_built) {
  std::string numbers;
  for (int i = 1; i <= 400; ++i) numbers += std::to_string(i) + ",";

  EXPECT_EQ(error_in(with_matrix({problem_line, "problem_args = { n = [" + numbers + "], T = [" + numbers + "] }",
                                  method_line, solver_line, control_line})),
            "s.toml:5:16: problem_args has more than 100000 combinations");
  EXPECT_EQ(error_in(with_matrix({problem_line, "problem_args = { n = [" + numbers + "] }", method_line,
                                  "solver = \"rk4\"", "control = { fixed = { n = [" + numbers + "] } }"})),
            "s.toml:2:1: this matrix has 160000 combinations; at most 100000 are allowed");
}

}  // namespace
}  // namespace retrace::test
