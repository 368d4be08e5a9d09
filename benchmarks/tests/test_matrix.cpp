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

}  // namespace
}  // namespace retrace::test
