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

TEST(Matrix, lists_multiply) {
  Suite const suite = parse(with_matrix(
      {"problem = [\"linear\", \"lorenz63\"]", "problem_args = { T = [1.0, 2.5], n = [1, 7] }",
       "method = [\"aca\", \"naive\", \"adjoint\"]", "solver = [\"heun_euler21\", \"dormand_prince54\"]",
       "control = { adaptive = { rtol = [1e-3, 1e-5], atol = [1e-6, 1e-7] } }", "backend = [\"serial\", \"openmp\"]"}));

  auto const ids = ids_of(suite);
  EXPECT_EQ(ids.size(), 2U * 2 * 2 * 3 * 2 * 2 * 2 * 2);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
}

TEST(Matrix, methods_vary_fastest) {
  Suite const suite = parse(with_matrix({problem_line, "method = [\"naive\", \"aca\"]", solver_line,
                                         "control = { adaptive = { rtol = [1e-3, 1e-4] } }"}));

  EXPECT_EQ(ids_of(suite), (std::vector<std::string>{"linear/naive/dormand_prince54/rtol1e-3-atol1e-3/n1/f64/default",
                                                     "linear/aca/dormand_prince54/rtol1e-3-atol1e-3/n1/f64/default",
                                                     "linear/naive/dormand_prince54/rtol1e-4-atol1e-4/n1/f64/default",
                                                     "linear/aca/dormand_prince54/rtol1e-4-atol1e-4/n1/f64/default"}));
}

TEST(Matrix, an_integer_list_is_one_value_and_a_list_of_lists_multiplies) {
  auto const widths = [](std::string const& value) {
    Suite const suite = parse(with_matrix({"problem = \"neural_mlp\"", "problem_args = { widths = " + value + " }",
                                           method_line, solver_line, control_line}));
    std::vector<nlohmann::json> found;
    for (CaseSpec const& spec : suite.cases) found.push_back(spec.problem_args["widths"]);
    return found;
  };

  EXPECT_EQ(widths("[4, 8, 4]"), (std::vector<nlohmann::json>{{4, 8, 4}}));
  EXPECT_EQ(widths("[[4, 8, 4], [2, 2]]"), (std::vector<nlohmann::json>{{4, 8, 4}, {2, 2}}));
}

TEST(Matrix, integers_and_numbers_keep_their_kind) {
  Suite const suite =
      parse(with_matrix({problem_line, "problem_args = { T = 2, n = 3 }", method_line, solver_line, control_line}));

  EXPECT_TRUE(suite.cases.front().problem_args["T"].is_number_float());
  EXPECT_TRUE(suite.cases.front().problem_args["n"].is_number_integer());
}

TEST(Matrix, absolute_tolerance_by_formula) {
  auto const atol = [](std::string const& formula) {
    return parse(with_matrix({problem_line, method_line, solver_line,
                              "control = { adaptive = { rtol = 1e-3, atol = \"" + formula + "\" } }"}))
        .cases.front()
        .control.atol;
  };

  EXPECT_EQ(atol("rtol"), 1e-3);
  EXPECT_EQ(atol("rtol*1e-2"), 1e-5);
  EXPECT_EQ(atol(" rtol / 100 "), 1e-5);
}

TEST(Matrix, reads_the_kind_of_reference_and_refuses_what_has_none) {
  Vocabulary vocabulary = example_vocabulary();
  auto const reference_in = [&](std::string const& line) {
    std::string const text = with_matrix({problem_line, method_line, solver_line, control_line, line});
    return parse_suite(text, "suite.toml", vocabulary).cases.front().reference;
  };
  EXPECT_EQ(reference_in(""), "auto");
  try {
    (void)reference_in("reference = \"quad\"");
    ADD_FAILURE() << "this problem has none";
  } catch (UsageError const& error) {
    EXPECT_NE(std::string(error.what()).find("has no reference in quadruple precision"), std::string::npos)
        << error.what();
  }
  for (ProblemEntry& problem : vocabulary.problems) problem.has_quad_reference = true;
  EXPECT_EQ(reference_in("reference = \"quad\""), "quad");
  EXPECT_THROW((void)reference_in("reference = \"quat\""), UsageError);
}

TEST(Matrix, reads_every_setting_of_adaptive_control) {
  Suite const suite = parse(with_matrix({problem_line, method_line, solver_line,
                                         "control = { adaptive = { rtol = 1, atol = 1e-9, initial_step = 0.5, "
                                         "max_steps = 20, controller = \"paper\", norm = \"max\" } }"}));

  ControlSpec const& control = suite.cases.front().control;
  EXPECT_TRUE(control.adaptive);
  EXPECT_EQ(control.rtol, 1.0);
  EXPECT_EQ(control.atol, 1e-9);
  EXPECT_EQ(control.initial_step, 0.5);
  EXPECT_EQ(control.max_steps, 20);
  EXPECT_EQ(control.controller, "paper");
  EXPECT_EQ(control.norm, "max");
}

TEST(Matrix, what_single_methods_look_at_is_an_axis_of_either_control) {
  auto const with_control = [](std::string const& control) {
    return with_matrix({problem_line, method_line, solver_line, "control = { " + control + " }"});
  };

  Suite const suite = parse(with_control("fixed = { n = 8, damping = [1, 0.95], coupling = [0.99, 0.999] }"));
  ASSERT_EQ(suite.cases.size(), 4U);
  EXPECT_EQ(suite.cases[2].control.damping, 0.95);
  EXPECT_EQ(suite.cases[2].control.coupling, 0.99);
  EXPECT_EQ(parse(with_control("adaptive = { rtol = 1e-3, damping = 0.9 }")).cases.front().control.damping, 0.9);

  EXPECT_NE(error_in(with_control("adaptive = { rtol = 1e-3, damping = 0.5 }")).find("cannot be undone"),
            std::string::npos);
  for (std::string const wrong : {"damping = 0", "damping = 1.5", "coupling = 0", "coupling = 1.01"})
    EXPECT_NE(error_in(with_control("fixed = { n = 8, " + wrong + " }")), "(no error)") << wrong;
}

TEST(Matrix, a_product_pairs_each_solver_with_the_control_it_is_made_for) {
  Suite const suite = parse(with_matrix({problem_line, method_line, all_solvers,
                                         "control = [{ fixed = { n = [8, 16] } }, { adaptive = { rtol = 1e-3 } }]"}));

  EXPECT_EQ(ids_of(suite),
            (std::vector<std::string>{"linear/aca/rk4/steps8/n1/f64/default", "linear/aca/rk4/steps16/n1/f64/default",
                                      "linear/aca/dormand_prince54/rtol1e-3-atol1e-3/n1/f64/default"}));
}

TEST(Matrix, an_adaptive_solver_takes_fixed_steps_where_that_is_what_is_asked) {
  std::string const fixed = "control = { fixed = { n = 8 } }";

  EXPECT_EQ(parse(with_matrix({problem_line, method_line, solver_line, fixed})).cases.size(), 1U);
  EXPECT_EQ(parse(with_matrix({problem_line, method_line, all_solvers, fixed})).cases.size(), 2U);
}

TEST(Matrix, more_steps_than_the_default_limit_raise_it) {
  Suite const suite =
      parse(with_matrix({problem_line, method_line, "solver = \"rk4\"", "control = { fixed = { n = 300000 } }"}));

  EXPECT_EQ(suite.cases.front().control.max_steps, 300'000);
}

TEST(Matrix, tags_are_the_familys_and_its_own) {
  Suite const suite =
      parse(with_matrix({problem_line, method_line, solver_line, control_line, "tags = [\"x\", \"analytic\"]"}));

  EXPECT_EQ(suite.cases.front().tags, (std::vector<std::string>{"analytic", "x"}));
}

TEST(Matrix, exclusions_leave_cases_out_and_keep_their_reason) {
  Suite const suite = parse(with_matrix(
      {"problem = [\"linear\", \"lorenz63\"]", "problem_args = { n = [1, 7] }", "method = [\"aca\", \"adjoint\"]",
       solver_line, "control = { adaptive = { rtol = [1e-3, 1e-5] } }", "[[matrix.exclude]]", "problem = \"lorenz63\"",
       "method = [\"adjoint\"]", "reason = \"chaotic\"", "[[matrix.exclude]]", "control = \"adaptive:rtol=1e-5,*\"",
       "problem_args = { n = 7 }", "reason = \"slow\""}));

  // 16 in all; 4 are chaotic; of the 4 with n = 7 and 1e-5 one of lorenz63's is already out.
  EXPECT_EQ(suite.cases.size(), 16U - 4 - 3);
  ASSERT_EQ(suite.excluded.size(), 7U);
  EXPECT_EQ(suite.excluded.back().id, "lorenz63/adjoint/dormand_prince54/rtol1e-5-atol1e-5/n7/f64/default");
  EXPECT_EQ(suite.excluded.back().reason, "chaotic");
  EXPECT_EQ(suite.excluded.front().reason, "slow");
}

TEST(Matrix, one_rule_needs_no_list) {
  Suite const suite = parse(with_matrix({problem_line, "method = [\"aca\", \"adjoint\", \"naive\"]", solver_line,
                                         control_line, "exclude = { method = \"aca\", reason = \"not today\" }",
                                         "expect = { where = { method = \"adjoint\" }, status = \"xfail\", "
                                         "reason = \"known\" }"}));

  ASSERT_EQ(suite.excluded.size(), 1U);
  EXPECT_EQ(suite.excluded.front().reason, "not today");
  ASSERT_EQ(suite.cases.size(), 2U);
  EXPECT_EQ(suite.cases[0].expected.status, "xfail");
  EXPECT_EQ(suite.cases[1].expected.status, "pass");
}

/// With a method of a library, which integrates by solvers of its own.
Vocabulary vocabulary_with_library() {
  Vocabulary vocabulary = example_vocabulary();
  vocabulary.methods.emplace_back("cvodes_adjoint");
  for (char const* const solver : {"cvodes_adams", "cvodes_bdf"})
    vocabulary.solvers.push_back({solver, true, 5, {"cvodes_adjoint"}});
  return vocabulary;
}
Suite parse_with_library(std::string const& methods, std::string const& solvers) {
  return parse_suite(with_matrix({problem_line, "method = " + methods, "solver = " + solvers, control_line}), "s.toml",
                     vocabulary_with_library());
}

TEST(Matrix, a_librarys_method_integrates_by_its_own_solvers_and_nobody_else_does) {
  Suite const suite = parse_with_library("[\"aca\", \"cvodes_adjoint\"]", "[\"dormand_prince54\", \"cvodes_bdf\"]");

  ASSERT_EQ(suite.cases.size(), 2U);
  EXPECT_EQ(suite.cases[0].method + "/" + suite.cases[0].solver, "aca/dormand_prince54");
  EXPECT_EQ(suite.cases[1].method + "/" + suite.cases[1].solver, "cvodes_adjoint/cvodes_bdf");
}

TEST(Matrix, a_method_or_a_solver_without_partner_is_refused) {
  auto const said = [](char const* methods, char const* solvers) {
    return message_of([&] { (void)parse_with_library(methods, solvers); });
  };

  EXPECT_NE(said("[\"aca\", \"cvodes_adjoint\"]", "\"dormand_prince54\"")
                .find("method 'cvodes_adjoint' integrates by none of this matrix's solvers; those that it takes: "
                      "cvodes_adams, cvodes_bdf"),
            std::string::npos);
  EXPECT_NE(
      said("\"aca\"", "[\"dormand_prince54\", \"cvodes_bdf\"]")
          .find("solver 'cvodes_bdf' goes with none of this matrix's methods; those that take it: cvodes_adjoint"),
      std::string::npos);
}

TEST(Matrix, methods_that_a_build_lacks_are_left_out_with_a_reason) {
  Vocabulary vocabulary = vocabulary_with_library();
  vocabulary.absent_methods["cvodes_adjoint"] = "this build has no SUNDIALS";

  Suite const suite =
      parse_suite(with_matrix({problem_line, "method = \"cvodes_adjoint\"", "solver = \"cvodes_bdf\"", control_line}),
                  "s.toml", vocabulary);

  EXPECT_TRUE(suite.cases.empty());
  ASSERT_EQ(suite.excluded.size(), 1U);
  EXPECT_EQ(suite.excluded.front().reason, "this build has no SUNDIALS");
}

TEST(Matrix, expectations_mark_cases) {
  Suite const suite = parse(with_matrix({problem_line, "method = [\"aca\", \"adjoint\"]", solver_line,
                                         "control = { fixed = { n = [64, 128] } }", "[[matrix.expect]]",
                                         "where = { method = \"adjoint\", control = \"fixed:n=64\" }",
                                         "status = \"xfail\"", "reason = \"inconsistent\""}));

  for (CaseSpec const& spec : suite.cases) {
    bool const marked = spec.method == "adjoint" && spec.control.steps == 64;
    EXPECT_EQ(spec.expected.status, marked ? "xfail" : "pass");
    EXPECT_EQ(spec.expected.reason, marked ? "inconsistent" : "");
  }
}

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
                                "7:46: unknown norm 'sample'; valid: rms, max")),
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
