// Every step-size rule and error norm: naive goes through what the controller remembers, held to duals of the same
// program and to differences of it; methods that hold the steps fixed do not see the controller.
#include "solvers/step_control.hpp"
#include "verification/tests/instances.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace retrace {
namespace {

// As in test_duals.cpp: naive and its witness divide by error estimates, whose own rounding errors are relatively
// larger.
constexpr double program_round_off = 1e-10;
constexpr double round_off_per_step = 1e-12;

/// Fields have one error norm over the whole batch, ensembles one per trajectory.
tests::Changes small_version_of(std::string_view problem) {
  if (problem == "neural_mlp")
    return {.numbers = {{"n", 7.0}, {"block", 3.0}, {"T", 1.0}}, .lists = {{"widths", {5, 11, 3, 5}}}};
  return {.numbers = {{"n", 9.0}}};  // a pack, and one alone
}

using Case = std::tuple<std::string, std::string, ErrorNorm, std::string>;
class Controllers : public ::testing::TestWithParam<Case> {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  std::string const problem_name = std::get<3>(GetParam()), solver = std::get<1>(GetParam());
  std::unique_ptr<ProblemInstance> const problem =
      tests::make_instance(problem_name, self, small_version_of(problem_name));

  [[nodiscard]] static StepControl control(double tolerance) {
    StepControl control = tests::control_with(tolerance);
    auto const& [rule, solver, norm, problem] = GetParam();
    control.rule = std::ranges::find(step_size_rules, std::string_view(rule), &NamedStepSizeRule::name)->rule;
    control.norm = norm;
    return control;
  }
};

TEST_P(Controllers, naive_equals_duals_of_the_whole_program) {
  for (double const tolerance : {1e-3, 1e-6}) {
    GradientResult const naive = tests::gradient_of(*problem, "naive", solver, control(tolerance));
    WitnessError const witness =
        problem->program_dual({.method = "naive", .solver = solver}, control(tolerance), naive);

    ASSERT_EQ(naive.status, SolveStatus::success);
    EXPECT_GE(witness.compared, 2);
    EXPECT_LE(witness.relative_error, program_round_off) << "tolerance " << tolerance;
  }
}

/// Steps that end at an observation are left out of what the controller remembers, on the way back too.
TEST_P(Controllers, naive_equals_duals_of_the_whole_program_with_observations) {
  StepControl how = control(1e-5);
  how.objective.kind = LossKind::exact;
  double const t0 = problem->initial_time(), span = problem->final_time() - t0;
  for (double const share : {0.3, 0.300001, 0.7}) {
    how.objective.times[static_cast<std::size_t>(how.objective.observations)] = t0 + share * span;
    ++how.objective.observations;
  }
  GradientResult const naive = tests::gradient_of(*problem, "naive", solver, how);
  WitnessError const witness = problem->program_dual({.method = "naive", .solver = solver}, how, naive);

  ASSERT_EQ(naive.status, SolveStatus::success);
  EXPECT_LE(witness.relative_error, program_round_off);
}

TEST_P(Controllers, naive_lies_within_the_bars_of_differences) {
  // A second-order scheme takes so many steps at 1e-5 that every difference changes one of its decisions.
  double const tolerance = std::string_view(solver) == "heun_euler21" ? 1e-3 : 1e-5;
  constexpr double bars = 3.0;  // of verification/checks/difference.cpp
  GradientResult const naive = tests::gradient_of(*problem, "naive", solver, control(tolerance));
  DifferenceError const difference =
      problem->finite_difference({.method = "naive", .solver = solver}, control(tolerance), false, naive);

  if (difference.compared == 0 && std::string_view(solver) == "heun_euler21")
    GTEST_SKIP() << "no difference has the steps of the program itself";
  ASSERT_GT(difference.compared, 0) << "no difference has the steps of the program itself";
  EXPECT_LE(difference.error, bars * difference.bar);
}

TEST_P(Controllers, aca_equals_duals_on_the_steps_that_were_taken) {
  GradientResult const aca = tests::gradient_of(*problem, "aca", solver, control(1e-5));
  WitnessError const witness = problem->frozen_dual({.method = "aca", .solver = solver}, control(1e-5), aca);

  ASSERT_EQ(aca.status, SolveStatus::success);
  EXPECT_LE(witness.relative_error, round_off_per_step * static_cast<double>(witness.steps));
}

std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (NamedStepSizeRule const& rule : step_size_rules) names.emplace_back(rule.name);
  return names;
}
std::string name_of_case(::testing::TestParamInfo<Case> const& info) {
  auto const& [rule, solver, norm, problem] = info.param;
  return rule + "_" + solver + "_" + std::string(error_norm_names[static_cast<std::size_t>(norm)]) + "_" + problem;
}
INSTANTIATE_TEST_SUITE_P(Ensemble, Controllers,
                         ::testing::Combine(::testing::ValuesIn(rule_names()),
                                            ::testing::Values("dormand_prince54", "heun_euler21"),
                                            ::testing::Values(ErrorNorm::rms, ErrorNorm::max),
                                            ::testing::Values("van_der_pol_forced")),
                         name_of_case);
// The same lines of naive and of the integrator; a field's own are the other norms and their reverse. One rule
// without memory, one with errors, one with errors and ratios.
INSTANTIATE_TEST_SUITE_P(Field, Controllers,
                         ::testing::Combine(::testing::Values("standard", "pid", "h312b"),
                                            ::testing::Values("dormand_prince54"),
                                            ::testing::Values(ErrorNorm::rms, ErrorNorm::max, ErrorNorm::per_sample),
                                            ::testing::Values("neural_mlp")),
                         name_of_case);

}  // namespace
}  // namespace retrace
