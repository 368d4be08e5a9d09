// The witnesses of every problem agree with right gradients, and do not with gradients that are a little off.
#include "verification/tests/checked.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <string>
#include <vector>

namespace retrace {
namespace {

using tests::gradient_of;
using tests::verdict_of;
using tests::Witnessed;

tests::Changes small(std::string const& problem) {
  tests::Changes changes;
  if (problem == "neural_mlp") {
    changes.numbers = {{"n", 5.0}, {"block", 2.0}};
    changes.lists = {{"widths", {3, 7, 3}}};
  } else if (problem == "brusselator") {
    changes.numbers = {{"n", 2.0}, {"grid", 6.0}, {"roughness", 0.1}};
  } else if (find_problem(problem).state == "ensemble") {
    changes.numbers = {{"n", 2.0}, {"T", 0.7}};
  }
  return changes;
}

class EveryProblem : public ::testing::TestWithParam<std::string> {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Witnessed const of{GetParam(), self, small(GetParam())};
  StepControl const control = tests::control_with(1e-4);

  [[nodiscard]] CheckResult verdict(std::string_view check, std::string method, Promise promise,
                                    std::string precision = "f64", double factor = 1.0,
                                    std::string solver = "bogacki_shampine32") const {
    GradientChoice const choice{
        .method = std::move(method), .solver = std::move(solver), .precision = std::move(precision)};
    auto const driver = of.problem->make_gradient(choice, control);
    driver->run();
    GradientResult gradient = driver->result();
    for (double& g : gradient.dloss_dy0) g *= factor;
    for (double& g : gradient.dloss_dp) g *= factor;
    for (double& g : gradient.dloss_dp_each) g *= factor;
    return verdict_of(check, of, self, choice, control, promise, gradient);
  }
};

TEST_P(EveryProblem, identities_hold_in_both_precisions) {
  for (char const* precision : {"f64", "f32", "mixed"}) {
    for (char const* check : {"dotprod", "dotprod_step"}) {
      CheckResult const result = verdict(check, "aca", Promise::exact_frozen, precision);
      EXPECT_EQ(result.verdict, CheckVerdict::pass)
          << check << ' ' << precision << ' ' << result.value << " > " << result.threshold << ' ' << result.message;
      EXPECT_GT(result.threshold, 0.0);
    }
  }
}

TEST_P(EveryProblem, complex_steps_agree_and_see_one_part_in_ten_billion) {
  CheckResult const right = verdict("complex_step", "aca", Promise::exact_frozen),
                    wrong = verdict("complex_step", "aca", Promise::exact_frozen, "f64", 1.0 + 1e-10),
                    single = verdict("complex_step", "aca", Promise::exact_frozen, "f32");

  EXPECT_EQ(right.verdict, CheckVerdict::pass) << right.value << " > " << right.threshold << ' ' << right.message;
  EXPECT_EQ(wrong.verdict, CheckVerdict::fail) << wrong.value << " <= " << wrong.threshold << ' ' << wrong.message;
  EXPECT_EQ(single.verdict, CheckVerdict::pass) << single.value << " > " << single.threshold << ' ' << single.message;
}

TEST_P(EveryProblem, taylor_remainders_fall_with_the_square_and_see_one_part_in_ten_thousand) {
  for (auto const& [method, promise] : {std::pair("aca", Promise::exact_frozen), {"naive", Promise::exact_program}}) {
    CheckResult const right = verdict("taylor", method, promise),
                      wrong = verdict("taylor", method, promise, "f64", 1.0 + 1e-4);
    EXPECT_EQ(right.verdict, CheckVerdict::pass) << method << ' ' << right.value << ' ' << right.message;
    EXPECT_EQ(wrong.verdict, CheckVerdict::fail) << method << ' ' << wrong.value << ' ' << wrong.message;
    EXPECT_FALSE(right.taylor.empty());
  }
}

TEST_P(EveryProblem, rounding_is_measured_and_small) {
  GradientChoice const choice{.method = "aca", .solver = "dormand_prince54"};
  GradientResult const gradient = gradient_of(*of.problem, "aca", choice.solver, control);
  for (bool const program : {false, true}) {
    MeasuredRounding const rounding = of.witness->rounding(choice, control, program, gradient);
    EXPECT_GT(rounding.runs, 0) << program;
    EXPECT_GT(rounding.relative, 1e-18) << program;
    EXPECT_LT(rounding.relative, 1e-11) << program;
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryProblem, ::testing::ValuesIn(tests::all_problems()),
                         [](auto const& problem) { return problem.param; });

TEST(StepReverse, holds_for_every_scheme) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Witnessed const of("van_der_pol_forced", self, {.numbers = {{"T", 1.0}}});
  for (NamedTableau const& scheme : tableau_catalogue()) {
    StepControl control = tests::control_with(1e-4);
    if (!scheme.tableau.adaptive) control.fixed_steps = control.max_steps = 7;
    IdentityDefect const defect =
        of.witness->step_reverse({.method = "aca", .solver = std::string(scheme.name)}, control);
    EXPECT_GT(defect.compared, 0) << scheme.name;
    EXPECT_LE(defect.error, defect.bound) << scheme.name << ' ' << defect.where;
  }
}

}  // namespace
}  // namespace retrace
