// Every problem, adaptive solver and tolerance: the two methods that promise an exact derivative against duals that go
// through the same forward program and share no reverse code.
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

// Each step makes some tens of roundings of 1.1e-16 on both sides; the rest is room for their growth downstream.
constexpr double round_off_per_step = 1e-12;
// The program's derivative divides by error estimates, whose own rounding errors are relatively larger: see
// WitnessError. Van der Pol by DOP853 at 1e-3 is the worst here: naive and duals differ by 6e-10, while both are 3e-4
// away from the same program in quadruple precision, because its steps move as much with the state's last bits.

/// Small, odd in every size, and short enough for a second-order scheme at 1e-9.
tests::Changes small_version_of(std::string_view problem) {
  if (problem == "neural_mlp")
    return {.numbers = {{"n", 7.0}, {"block", 3.0}, {"T", 1.0}}, .lists = {{"widths", {5, 11, 3, 5}}}};
  if (problem == "brusselator") return {.numbers = {{"n", 2.0}, {"grid", 5.0}, {"roughness", 0.1}}};
  return {.numbers = {{"n", 2.0}}};
}

using Case = std::tuple<std::string, std::string, double>;
class ExactPromises : public ::testing::TestWithParam<Case> {};

std::string name_of_case(::testing::TestParamInfo<Case> const& info) {
  auto const& [problem, solver, tolerance] = info.param;
  return problem + "_" + solver + "_1e" + std::to_string(static_cast<int>(std::round(-std::log10(tolerance))));
}

TEST_P(ExactPromises, aca_equals_duals_on_the_same_steps) {
  auto const& [problem_name, solver, tolerance] = GetParam();
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance(problem_name, self, small_version_of(problem_name));
  StepControl const control = control_with(tolerance);

  GradientResult const aca = gradient_of(*problem, "aca", solver, control);
  WitnessError const witness = problem->frozen_dual({.method = "aca", .solver = solver}, control, aca);

  ASSERT_EQ(aca.status, SolveStatus::success);
  EXPECT_GE(witness.compared, 2);
  EXPECT_LE(witness.relative_error, round_off_per_step * static_cast<double>(witness.steps));
}

TEST_P(ExactPromises, naive_equals_duals_of_the_whole_program) {
  auto const& [problem_name, solver, tolerance] = GetParam();
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance(problem_name, self, small_version_of(problem_name));
  StepControl const control = control_with(tolerance);

  GradientResult const naive = gradient_of(*problem, "naive", solver, control);
  WitnessError const witness = problem->program_dual({.method = "naive", .solver = solver}, control, naive);

  ASSERT_EQ(naive.status, SolveStatus::success);
  EXPECT_GE(witness.compared, 2);
  EXPECT_LE(witness.relative_error, std::max(WitnessError::clear, witness.sensitivity));
}

INSTANTIATE_TEST_SUITE_P(Everything, ExactPromises,
                         ::testing::Combine(::testing::ValuesIn(tests::all_problems()),
                                            ::testing::ValuesIn(tests::adaptive_solvers()),
                                            ::testing::Values(1e-3, 1e-5, 1e-7, 1e-9)),
                         name_of_case);

}  // namespace
}  // namespace retrace
