// Gradients of PETSc's TSAdjoint: what is right of them passes, what is wrong is found and named.
#include "core/error.hpp"
#include "gradients/external/external_method.hpp"
#include "verification/tests/checked.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <string>

namespace retrace {
namespace {

using tests::gradient_of;
using tests::verdict_of;
using tests::Witnessed;

class Petsc : public ::testing::Test {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Witnessed const of{"van_der_pol", self, {.numbers = {{"n", 2.0}, {"T", 5.0}}}};

  void SetUp() override {
    if (find_external_method("petsc_adjoint")->make == nullptr)
      GTEST_SKIP() << find_external_method("petsc_adjoint")->absent;
  }
  [[nodiscard]] static StepControl fixed(std::int64_t steps) {
    StepControl control;
    control.fixed_steps = control.max_steps = steps;
    return control;
  }
  [[nodiscard]] CheckResult dual(std::string const& solver, StepControl const& control) const {
    return verdict_of("dual", of, self, {.method = "petsc_adjoint", .solver = solver}, control, Promise::exact_frozen,
                      gradient_of(*of.problem, "petsc_adjoint", solver, control));
  }
};

TEST_F(Petsc, schemes_without_a_zero_weight_pass_the_check_dual) {
  for (CheckResult const& result :
       {dual("petsc_3bs", tests::control_with(1e-6)), dual("petsc_3bs", fixed(50)), dual("petsc_4", fixed(50))}) {
    EXPECT_EQ(result.verdict, CheckVerdict::pass) << result.value << " > " << result.threshold << ' ' << result.message;
    EXPECT_LT(result.threshold, 1e-10);
  }
}

TEST_F(Petsc, the_wrong_dl_dp_of_5dp_fails_and_the_message_says_that_dl_dy0_is_right) {
  for (StepControl const& control : {tests::control_with(1e-6), fixed(50)}) {
    CheckResult const result = dual("petsc_5dp", control);

    EXPECT_EQ(result.verdict, CheckVerdict::fail);
    EXPECT_GT(result.value, 0.01);
    EXPECT_EQ(result.message.find("dL/dp is off by 0."), 0U) << result.message;
    EXPECT_NE(result.message.find("while dL/dy0 is right to "), std::string::npos) << result.message;
  }
}

TEST_F(Petsc, dl_dy0_is_that_of_our_own_adjoint_of_the_same_steps) {
  StepControl const control = fixed(50);
  for (auto const& [theirs, ours] :
       {std::pair("petsc_3bs", "bogacki_shampine32"), {"petsc_4", "rk4"}, {"petsc_5dp", "dormand_prince54"}}) {
    GradientResult const of_petsc = gradient_of(*of.problem, "petsc_adjoint", theirs, control),
                         of_aca = gradient_of(*of.problem, "aca", ours, control);

    constexpr double round_off = 1e-13;  // of 50 steps, whose times both add up
    EXPECT_LE(relative_l2(of_petsc.dloss_dy0, of_aca.dloss_dy0), round_off) << theirs;
    EXPECT_EQ(of_petsc.work.accepted, 2 * 50);
    // A product for y and one for p; of 5dp PETSc leaves one out.
    std::int64_t const left_out = theirs == std::string("petsc_5dp") ? 2 * 50 : 0;
    EXPECT_EQ(of_petsc.work.vjp, 2 * of_aca.work.vjp - left_out) << theirs;
  }
}

TEST_F(Petsc, its_tape_is_counted) {
  GradientResult const few = gradient_of(*of.problem, "petsc_adjoint", "petsc_4", fixed(50)),
                       many = gradient_of(*of.problem, "petsc_adjoint", "petsc_4", fixed(100));

  constexpr std::int64_t state = 2 * sizeof(double), kept_of_a_step = 5 * state;  // the state and four stages
  EXPECT_GE(few.checkpoint_bytes, 50 * kept_of_a_step);
  EXPECT_GE(many.checkpoint_bytes - few.checkpoint_bytes, 50 * kept_of_a_step);
}

TEST_F(Petsc, fields_too) {
  Witnessed const net("neural_mlp", self, {.numbers = {{"n", 5.0}, {"block", 2.0}}, .lists = {{"widths", {3, 7, 3}}}});
  StepControl const control = tests::control_with(1e-6);
  GradientResult const gradient = gradient_of(*net.problem, "petsc_adjoint", "petsc_3bs", control);

  CheckResult const result = verdict_of("dual", net, self, {.method = "petsc_adjoint", .solver = "petsc_3bs"}, control,
                                        Promise::exact_frozen, gradient);

  EXPECT_EQ(result.verdict, CheckVerdict::pass) << result.value << " > " << result.threshold << ' ' << result.message;
}

TEST_F(Petsc, what_it_does_not_have_is_refused) {
  auto const refusal = [&](Witnessed const& problem, StepControl const& control) -> std::string {
    try {
      (void)gradient_of(*problem.problem, "petsc_adjoint", "petsc_4", control);
    } catch (UsageError const& error) {
      return error.what();
    }
    return "nothing";
  };
  Witnessed const backward("van_der_pol", self, {.numbers = {{"T", -1.0}}});

  EXPECT_EQ(refusal(of, {}),
            "method 'petsc_adjoint' with solver 'petsc_4' has no error estimate; it needs fixed steps");
  EXPECT_EQ(refusal(backward, fixed(10)),
            "method 'petsc_adjoint' integrates forward in time only, and the span ends before it begins");
}

TEST_F(Petsc, a_limit_on_steps_is_a_recorded_failure) {
  StepControl control = tests::control_with(1e-6);
  control.max_steps = 5;

  GradientResult const result = gradient_of(*of.problem, "petsc_adjoint", "petsc_3bs", control);

  EXPECT_EQ(result.status, SolveStatus::max_steps_reached);
  EXPECT_TRUE(std::isnan(result.loss));
}

}  // namespace
}  // namespace retrace
