// Reversible methods on every problem: against duals and differences that replay the methods' own schemes, against
// complex steps and Taylor remainders of these schemes in plain loops, and what these methods refuse.
#include "core/error.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/tests/checked.hpp"
#include "verification/tests/instances.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;

struct Pairing {
  std::string_view method, solver;
};
constexpr Pairing pairings[] = {{"mali", "midpoint_euler21"},
                                {"reversible_rk", "heun_euler21"},
                                {"reversible_rk", "bogacki_shampine32"},
                                {"reversible_rk", "dormand_prince54"}};

std::vector<std::string> problems() {
  std::vector<std::string> names;
  for (ProblemDescription const& problem : problem_catalogue()) names.emplace_back(problem.name);
  return names;
}

using Case = std::tuple<std::string, Pairing>;
class ReversibleDuals : public ::testing::TestWithParam<Case> {};

// Spans and tolerances for which the way back, on which contraction becomes growth, keeps half of its digits.
TEST_P(ReversibleDuals, and_differences_agree_with_the_gradient) {
  auto const& [problem_name, pairing] = GetParam();
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  double const end = problem_name == "lorenz63" ? 0.5 : 1.0;  // Lorenz's flow contracts volumes by exp(-13.7 t)
  tests::Changes changes{.numbers = {{"n", 2.0}, {"T", end}}};
  if (problem_name == "brusselator") changes.numbers["grid"] = 8.0;  // diffusion decays by exp(-5 t)
  auto const problem = tests::make_instance(problem_name, self, changes);
  GradientChoice const choice{.method = std::string(pairing.method), .solver = std::string(pairing.solver)};

  constexpr double loose = 1e-3, usual = 1e-5;
  for (double const tolerance : {loose, usual}) {
    StepControl const control = control_with(tolerance);
    GradientResult const gradient = gradient_of(*problem, pairing.method, pairing.solver, control);
    // Steps so large that the pair is unstable are allowed to fail, and have to say so.
    if (tolerance == loose && gradient.status != SolveStatus::success) {
      EXPECT_TRUE(std::isnan(gradient.loss));
      continue;
    }
    ASSERT_EQ(gradient.status, SolveStatus::success) << tolerance;

    // As in verification/checks/dual.cpp.
    constexpr double per_step = 1e-12, growth_downstream = 1e2;
    WitnessError const duals = problem->frozen_dual(choice, control, gradient);
    EXPECT_EQ(duals.compared, 2);
    double const round_off =
        std::max(per_step * static_cast<double>(duals.steps), growth_downstream * gradient.round_trip.lost);
    EXPECT_LE(duals.relative_error, round_off) << tolerance;
    DifferenceError const difference = problem->finite_difference(choice, control, true, gradient);
    constexpr double bars = 3.0;
    EXPECT_LE(difference.error, bars * difference.bar + round_off * difference.derivative) << tolerance;
    // The steps of the same tableau without its partner are another program.
    WitnessError const others = problem->frozen_dual({.method = "aca", .solver = choice.solver}, control, gradient);
    EXPECT_GT(others.relative_error, 1e3 * duals.relative_error) << tolerance;
  }
}

TEST_P(ReversibleDuals, and_plain_loops_over_the_scheme_agree_with_the_gradient_and_see_an_error) {
  auto const& [problem_name, pairing] = GetParam();
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  tests::Changes changes{.numbers = {{"n", 2.0}, {"T", problem_name == "lorenz63" ? 0.5 : 1.0}}};
  if (problem_name == "brusselator") changes.numbers["grid"] = 8.0;
  tests::Witnessed const of(problem_name, self, changes);
  GradientChoice const choice{.method = std::string(pairing.method), .solver = std::string(pairing.solver)};
  StepControl control = control_with(1e-5);
  control.damping = 0.9999;  // so that the witness must know it
  GradientResult gradient = gradient_of(*of.problem, pairing.method, pairing.solver, control);
  ASSERT_EQ(gradient.status, SolveStatus::success);
  auto const verdict = [&](std::string_view check) {
    return tests::verdict_of(check, of, self, choice, control, Promise::exact_frozen, gradient);
  };

  CheckResult const right = verdict("complex_step"), rate = verdict("taylor");
  EXPECT_EQ(right.verdict, CheckVerdict::pass) << right.value << " > " << right.threshold;
  EXPECT_TRUE(rate.verdict == CheckVerdict::pass || rate.verdict == CheckVerdict::inconclusive) << rate.value;
  EXPECT_EQ(verdict("program_complex_step").verdict, CheckVerdict::skipped);

  constexpr double one_per_mille = 1.001;
  for (double& x : gradient.dloss_dy0) x *= one_per_mille;
  EXPECT_EQ(verdict("complex_step").verdict, CheckVerdict::fail);
}

INSTANTIATE_TEST_SUITE_P(Everything, ReversibleDuals,
                         ::testing::Combine(::testing::ValuesIn(problems()), ::testing::ValuesIn(pairings)),
                         [](auto const& one) {
                           return std::get<0>(one.param) + "_" + std::string(std::get<1>(one.param).method) + "_" +
                                  std::string(std::get<1>(one.param).solver);
                         });

/// What the message says, which names the valid ones.
std::string refusal(std::string_view problem, GradientChoice const& choice) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  try {
    (void)tests::make_instance(problem, self)->make_gradient(choice, control_with(1e-3));
  } catch (UsageError const& error) {
    return error.what();
  }
  return "";
}

TEST(Reversible, methods_refuse_what_they_do_not_have) {
  EXPECT_NE(refusal("lorenz63", {.method = "mali", .solver = "dormand_prince54"})
                .find("its solvers are midpoint, midpoint_euler21"),
            std::string::npos);
  for (std::string const precision : {"f32", "mixed"}) {
    EXPECT_NE(refusal("lorenz63", {.method = "reversible_rk", .solver = "rk4", .precision = precision}).find(precision),
              std::string::npos);
  }
  EXPECT_NE(refusal("neural_mlp", {.method = "mali", .solver = "heun_euler21"}).find("its solvers are midpoint"),
            std::string::npos);
  EXPECT_NE(refusal("neural_mlp", {.method = "forward", .solver = "heun_euler21"}).find("is for ensembles"),
            std::string::npos);
}

}  // namespace
}  // namespace retrace
