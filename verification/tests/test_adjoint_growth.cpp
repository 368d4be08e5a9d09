// The trap of a smooth start: steps beyond the limit of stability that neither the error estimate nor L shows.
#include "verification/step_witness.hpp"
#include "verification/tests/checked.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <string>

namespace retrace {
namespace {

using tests::gradient_of;
using tests::verdict_of;
using tests::Witnessed;

class BrusselatorOn64 : public ::testing::Test {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  StepControl const control = tests::control_with(1e-6);
  GradientChoice const choice{.method = "aca", .solver = "dormand_prince54"};

  [[nodiscard]] CheckResult verdict(double roughness) const {
    Witnessed const of("brusselator", self, {.numbers = {{"roughness", roughness}}});
    return verdict_of("adjoint_growth", of, self, choice, control, Promise::exact_frozen,
                      gradient_of(*of.problem, choice.method, choice.solver, control));
  }
  [[nodiscard]] AdjointGrowth growth(double roughness) const {
    auto const problem = tests::make_instance("brusselator", self, {.numbers = {{"roughness", roughness}}});
    return dynamic_cast<StepWitness const&>(*problem).adjoint_growth(
        choice, control, gradient_of(*problem, choice.method, choice.solver, control));
  }
};

TEST_F(BrusselatorOn64, a_smooth_start_hides_steps_beyond_the_limit_of_stability) {
  AdjointGrowth const trapped = growth(0.0);

  // 2e4 to 4e6 was measured at this tolerance: last bits decide when the modes of the grid are seen. The check asks for
  // less than 10.
  constexpr double orders_beyond = 1e3, tolerance = 1e-6;
  EXPECT_GT(trapped.ratio, orders_beyond);
  EXPECT_LT(trapped.loss_change, tolerance);
}

TEST_F(BrusselatorOn64, the_check_says_so_in_words_that_name_the_cause_and_the_cure) {
  CheckResult const result = verdict(0.0);

  EXPECT_EQ(result.verdict, CheckVerdict::fail) << result.value;
  for (char const* part : {"dL/dy0 is ", " times as large as with the same ", " steps cut into halves",
                           "while L changes by ", "stability limit of dormand_prince54",
                           "a tighter tolerance, a start that excites them, or a "
                           "bound on the step cures it"})
    EXPECT_NE(result.message.find(part), std::string::npos) << part << " in: " << result.message;
}

TEST_F(BrusselatorOn64, five_per_cent_of_roughness_cure_it) {
  CheckResult const result = verdict(0.05);

  EXPECT_EQ(result.verdict, CheckVerdict::pass) << result.message;
  // The halved steps give the same gradient, to what the tolerance makes of it.
  EXPECT_NEAR(result.value, 1.0, 1e-3);
}

}  // namespace
}  // namespace retrace
