// Losses along the trajectory: every method that has them, against duals through the same program that share no reverse
// code.
#include "verification/tests/instances.hpp"
#include "verification/tests/observed_losses.hpp"
#include "verification/vector_error.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;
using tests::largest;
using tests::observed;
using tests::program_round_off;
using tests::round_off_per_step;

struct ProblemCase {
  std::string_view name;
  tests::Changes changes;
  std::vector<double> times;  ///< with t0 and t1, and two that lie in one step
};
std::vector<ProblemCase> const& problem_cases() {
  static std::vector<ProblemCase> const cases{
      {"van_der_pol_forced", {.numbers = {{"n", 3.0}}}, {0.1, 0.9, 0.90001, 2.5, 4.0}},
      {"lorenz63", {.numbers = {{"n", 11.0}, {"T", 1.0}}}, {0.0, 0.3, 0.30001, 0.8, 1.0}},
      {"neural_mlp",
       {.numbers = {{"n", 7.0}, {"block", 3.0}, {"T", 1.0}}, .lists = {{"widths", {5, 11, 3, 5}}}},
       {0.0, 0.25, 0.250001, 1.0}},
      {"van_der_pol_forced", {.numbers = {{"n", 3.0}, {"T", -1.0}}}, {0.1, -0.3, -0.30001, -0.8, -1.0}},
      {"neural_mlp",
       {.numbers = {{"n", 7.0}, {"block", 3.0}, {"T", -0.7}}, .lists = {{"widths", {5, 11, 3, 5}}}},
       {0.0, -0.2, -0.200001, -0.7}}};
  return cases;
}
std::string label_of(ProblemCase const& of) {
  return std::string(of.name) + (of.times.back() < of.times.front() ? "_backward" : "");
}

Objective objective_named(std::string_view name, ProblemCase const& problem) {
  if (name == "integral") return {.kind = LossKind::integral};
  LossKind const kind = name.starts_with("dense") ? LossKind::dense : LossKind::exact;
  std::vector<double> times = problem.times;
  if (name.ends_with("inside")) times = {times[1], times[2]};
  return observed(kind, times);
}

using Case = std::tuple<int, std::string, std::string>;  // problem, solver, objective
class Objectives : public ::testing::TestWithParam<Case> {
 protected:
  ProblemCase const& of = problem_cases()[static_cast<std::size_t>(std::get<0>(GetParam()))];
  std::string const solver = std::get<1>(GetParam());
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  std::unique_ptr<ProblemInstance> const problem = tests::make_instance(of.name, self, of.changes);

  [[nodiscard]] StepControl control(double tolerance) const {
    StepControl control = control_with(tolerance);
    control.objective = objective_named(std::get<2>(GetParam()), of);
    return control;
  }
};
INSTANTIATE_TEST_SUITE_P(
    Everything, Objectives,
    ::testing::Combine(::testing::Range(0, static_cast<int>(problem_cases().size())),
                       ::testing::Values("heun_euler21", "bogacki_shampine32", "dormand_prince54", "dormand_prince853"),
                       ::testing::Values("exact", "exact_inside", "dense", "dense_inside", "integral")),
    [](auto const& of_case) {
      return label_of(problem_cases()[static_cast<std::size_t>(std::get<0>(of_case.param))]) + "_" +
             std::get<1>(of_case.param) + "_" + std::get<2>(of_case.param);
    });

TEST_P(Objectives, frozen_methods_equal_duals_on_the_same_steps) {
  StepControl const how = control(1e-5);
  for (std::string const method :
       {"aca", "aca_stages", "aca_budget", "naive_detached", "symplectic_adjoint", "forward"}) {
    if (method == "symplectic_adjoint" && how.objective.kind == LossKind::dense) continue;
    if (method == "forward" && of.name == "neural_mlp") continue;
    GradientResult const result = gradient_of(*problem, method, solver, how);
    WitnessError const witness = problem->frozen_dual({.method = method, .solver = solver}, how, result);

    ASSERT_EQ(result.status, SolveStatus::success) << method;
    EXPECT_LE(witness.relative_error, round_off_per_step * static_cast<double>(witness.steps)) << method;
  }
}

/// The schemes of their own: the field's flow does not contract, so that the way back keeps its digits.
TEST_P(Objectives, reversible_methods_equal_duals_through_their_own_steps) {
  StepControl const how = control(1e-5);
  if (how.objective.kind != LossKind::exact || of.name != "neural_mlp") return;
  for (std::string const method : {"reversible_rk", "mali"}) {
    GradientChoice const choice{.method = method, .solver = method == "mali" ? "midpoint_euler21" : solver};
    GradientResult const result = gradient_of(*problem, method, choice.solver, how);
    WitnessError const witness = problem->frozen_dual(choice, how, result);
    DifferenceError const difference = problem->finite_difference(choice, how, true, result);

    ASSERT_EQ(result.status, SolveStatus::success) << method;
    constexpr double growth_downstream = 1e2, bars = 3.0;  // as in dual.cpp and difference.cpp
    double const round_off =
        std::max(round_off_per_step * static_cast<double>(witness.steps), growth_downstream * result.round_trip.lost);
    EXPECT_LE(witness.relative_error, round_off) << method;
    EXPECT_EQ(witness.steps, result.work.accepted) << method;
    EXPECT_LE(difference.error, bars * difference.bar + round_off * difference.derivative) << method;
    EXPECT_LE(difference.bar, 1e-6 * difference.derivative) << method;
  }
}

TEST_P(Objectives, naive_equals_duals_of_the_whole_program) {
  StepControl const how = control(1e-5);
  GradientResult const result = gradient_of(*problem, "naive", solver, how);
  WitnessError const witness = problem->program_dual({.method = "naive", .solver = solver}, how, result);

  ASSERT_EQ(result.status, SolveStatus::success);
  EXPECT_LE(witness.relative_error, program_round_off);
}

TEST_P(Objectives, naive_half_equals_duals_of_the_program_with_its_factor_detached) {
  StepControl how = control(1e-5);
  GradientResult const result = gradient_of(*problem, "naive_half", solver, how);
  how.detached_factor = true;
  WitnessError const own = problem->program_dual({.method = "naive_half", .solver = solver}, how, result);
  how.detached_factor = false;
  WitnessError const other = problem->program_dual({.method = "naive_half", .solver = solver}, how, result);

  ASSERT_EQ(result.status, SolveStatus::success);
  EXPECT_LE(own.relative_error, program_round_off);
  // Both observations inside the first steps leave the factor nothing to do.
  if (std::get<2>(GetParam()) == "exact_inside") return;
  EXPECT_GT(other.relative_error, program_round_off) << "the witness does not see the factor";
}

TEST_P(Objectives, methods_that_store_otherwise_have_the_same_bits) {
  StepControl const how = control(1e-5);
  GradientResult const aca = gradient_of(*problem, "aca", solver, how);
  EXPECT_EQ(gradient_of(*problem, "aca_stages", solver, how).digest, aca.digest);
  EXPECT_EQ(gradient_of(*problem, "aca_budget", solver, how).digest, aca.digest);
}

TEST_P(Objectives, all_methods_converge_to_the_flow) {
  if (solver != "dormand_prince54") return;
  StepControl const how = control(1e-9);
  Reference const reference = problem->make_reference(how.objective);
  for (std::string const method :
       {"aca", "naive", "adjoint", "adjoint_seminorm", "adjoint_blocks", "adjoint_reset", "adjoint_interpolated"}) {
    if (method == "adjoint_reset" && how.objective.kind != LossKind::exact) continue;
    GradientResult const result = gradient_of(*problem, method, solver, how);
    GradientError const error = gradient_error(self, result.dloss_dy0, result.dloss_dp, reference);

    ASSERT_EQ(result.status, SolveStatus::success) << method;
    // Four digits above the tolerance, for growth along the way; two more for growth in reverse time (Lorenz).
    bool const integrates_back = method.starts_with("adjoint") && method != "adjoint_interpolated";
    EXPECT_LE(error.relative_l2, integrates_back ? 1e-3 : 1e-5) << method;
    EXPECT_NEAR(result.loss / reference.loss, 1.0, 1e-6) << method;
  }
}

TEST(Objective, an_observation_at_the_end_alone_is_the_terminal_loss_to_the_bit) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  for (ProblemCase const& of : problem_cases()) {
    auto const problem = tests::make_instance(of.name, self, of.changes);
    StepControl control = control_with(1e-5);
    for (std::string const method : {"aca", "naive"}) {
      control.objective = {};
      GradientResult const terminal = gradient_of(*problem, method, "dormand_prince54", control);
      control.objective = observed(LossKind::exact, {of.times.back()});
      GradientResult const at_end = gradient_of(*problem, method, "dormand_prince54", control);

      EXPECT_EQ(at_end.loss, terminal.loss);
      EXPECT_EQ(at_end.dloss_dy0, terminal.dloss_dy0);
      EXPECT_EQ(at_end.dloss_dp, terminal.dloss_dp);
    }
  }
}

TEST(Objective, without_observations_there_is_no_loss) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance("lorenz63", self, {.numbers = {{"n", 2.0}}});
  StepControl control = control_with(1e-5);
  control.objective = observed(LossKind::exact, {});
  for (std::string const method : {"aca", "naive", "adjoint", "forward"}) {
    GradientResult const result = gradient_of(*problem, method, "dormand_prince54", control);
    EXPECT_EQ(result.status, SolveStatus::success);
    EXPECT_EQ(result.loss, 0.0);
    EXPECT_EQ(largest(result.dloss_dy0), 0.0) << method;
    EXPECT_EQ(largest(result.dloss_dp), 0.0) << method;
  }
}

TEST(Objective, what_cannot_be_is_refused) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance("lorenz63", self, {.numbers = {{"n", 2.0}, {"T", 1.0}}});
  auto const complaint = [&](std::string const& method, std::vector<double> const& times, bool time_gradients = false,
                             LossKind kind = LossKind::exact) {
    StepControl control = control_with(1e-5);
    control.objective = observed(kind, times);
    control.time_gradients = time_gradients;
    try {
      (void)gradient_of(*problem, method, "dormand_prince54", control);
    } catch (UsageError const& error) {
      return std::string(error.what());
    }
    return std::string("no complaint");
  };
  EXPECT_EQ(complaint("aca", {0.5, 1.5}), "observation time number 2 is 1.5, outside [0, 1]");
  EXPECT_EQ(complaint("aca", {-0.5}), "observation time number 1 is -0.5, outside [0, 1]");
  EXPECT_EQ(complaint("aca", {std::nan("")}), "observation time number 1 is nan, outside [0, 1]");
  EXPECT_EQ(complaint("aca", {0.5, 0.5}), "observation time 0.5 is given twice");
  EXPECT_EQ(complaint("aca", {0.5, 0.25}),
            "observation times must be in the order in which they are passed from 0 to 1, and 0.5 stands before 0.25");
  EXPECT_EQ(complaint("reversible_rk", {0.5}, true),
            "method 'reversible_rk' has no derivatives in times: see retrace list methods");
  EXPECT_EQ(complaint("reversible_rk", {0.5}, false, LossKind::dense),
            "method 'reversible_rk' has no gradient of a loss of kind 'dense': see retrace list methods");
  EXPECT_EQ(complaint("adjoint_reset", {0.5}, false, LossKind::dense),
            "method 'adjoint_reset' has no gradient of a loss of kind 'dense': see retrace list methods");
}

TEST(Objective, controls_that_no_method_can_work_with_are_refused) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  for (std::string_view const name : {"lorenz63", "neural_mlp"}) {
    auto const problem = tests::make_instance(name, self, {.numbers = {{"n", 2.0}, {"T", 1.0}}});
    auto const complaint = [&](std::string const& method, StepControl const& control) {
      try {
        (void)problem->make_gradient({.method = method, .solver = "dormand_prince54"}, control);
      } catch (UsageError const& error) {
        return std::string(error.what());
      }
      return std::string("no complaint");
    };
    StepControl none = control_with(1e-5), negative = none, uncoupled = none;
    none.checkpoints = 0;
    negative.checkpoints = -1;
    uncoupled.coupling = 0.0;
    EXPECT_EQ(complaint("aca_budget", none), "'checkpoints' is 0; expected 1 to 256");
    EXPECT_EQ(complaint("aca_budget", negative), "'checkpoints' is -1; expected 1 to 256");
    EXPECT_EQ(complaint("reversible_rk", uncoupled), "'coupling' is 0.000000; expected a number above 0 and at most 1");
  }
}

TEST(Objective, on_the_dense_output_of_a_scheme_that_has_none_is_refused) {
  add_tableau({"without_dense_output", tableau_of<Rk4>});
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance("lorenz63", self, {.numbers = {{"n", 2.0}, {"T", 1.0}}});
  StepControl control;
  control.fixed_steps = 10;
  control.objective = observed(LossKind::dense, {0.5});
  try {
    (void)gradient_of(*problem, "aca", "without_dense_output", control);
    FAIL() << "not refused";
  } catch (UsageError const& error) {
    EXPECT_NE(std::string(error.what()).find("scheme 'without_dense_output' has no dense output"), std::string::npos)
        << error.what();
  }
}

/// What y drifts on its way back ends at each observation.
TEST(Objective, resets_at_observations_keep_the_adjoint_near_the_path) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance("lorenz63", self, {.numbers = {{"n", 5.0}, {"T", 2.0}}});
  StepControl control = control_with(1e-7);
  std::vector<double> times;
  for (int k = 1; k <= 8; ++k) times.push_back(0.25 * k);
  control.objective = observed(LossKind::exact, times);
  Reference const reference = problem->make_reference(control.objective);
  auto const error_of = [&](std::string const& method) {
    GradientResult const result = gradient_of(*problem, method, "dormand_prince54", control);
    return result.status == SolveStatus::success
               ? gradient_error(self, result.dloss_dy0, result.dloss_dp, reference).relative_l2
               : 1.0;
  };
  // The flow contracts by exp(-14.6 t): over a quarter of a unit the reverse grows by 40, over two units by 5e12.
  EXPECT_LE(error_of("adjoint_reset"), 1e-3);
  EXPECT_GE(error_of("adjoint"), 100.0 * error_of("adjoint_reset"));
  // Without observations to be hit there is nothing to go back to.
  control.objective = {};
  EXPECT_EQ(gradient_of(*problem, "adjoint_reset", "dormand_prince54", control_with(1e-6)).status,
            gradient_of(*problem, "adjoint", "dormand_prince54", control_with(1e-6)).status);
}

TEST(Objective, observations_on_the_dense_output_leave_the_grid_alone) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  for (ProblemCase const& of : problem_cases()) {
    auto const problem = tests::make_instance(of.name, self, of.changes);
    for (std::string const method : {"aca", "naive"}) {
      StepControl control = control_with(1e-5);
      GradientResult const terminal = gradient_of(*problem, method, "dormand_prince54", control);
      control.objective = observed(LossKind::dense, of.times);
      GradientResult const all = gradient_of(*problem, method, "dormand_prince54", control);
      control.objective = observed(LossKind::dense, {of.times[1]});
      GradientResult const one = gradient_of(*problem, method, "dormand_prince54", control);

      EXPECT_EQ(all.final_state, terminal.final_state) << method;
      EXPECT_EQ(one.final_state, terminal.final_state) << method;
      EXPECT_EQ(all.work.accepted, terminal.work.accepted) << method;
    }
  }
}

}  // namespace
}  // namespace retrace
