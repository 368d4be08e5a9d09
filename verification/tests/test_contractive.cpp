// A net whose flow contracts (claim C2c of the paper's experiments; matrix "contractive" of the suite quick): what the
// adjoint integrates backwards is unstable, and the methods that keep states do not notice.
#include "verification/tests/checked.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <limits>
#include <string>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;

class ContractiveNet : public ::testing::Test {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  StepControl const control = control_with(1e-5);

  [[nodiscard]] tests::Witnessed net(double end) const {
    return {"neural_mlp",
            self,
            {.numbers = {{"n", 16.0}, {"T", end}, {"contraction", 0.5}}, .lists = {{"widths", {16, 64, 16}}}}};
  }
  /// Infinite where there is no gradient.
  [[nodiscard]] double error_of(ProblemInstance const& problem, std::string const& method,
                                Reference const& reference) const {
    GradientResult const result = gradient_of(problem, method, "dormand_prince54", control);
    if (result.status != SolveStatus::success) return std::numeric_limits<double>::infinity();
    return gradient_error(self, result.dloss_dy0, result.dloss_dp, reference).relative_l2;
  }
};

TEST_F(ContractiveNet, is_where_the_adjoint_is_a_thousand_times_worse_than_the_others) {
  tests::Witnessed const of = net(5.0);
  Reference const reference = of.problem->make_reference();
  double const aca = error_of(*of.problem, "aca", reference);

  constexpr double of_the_tolerance = 1e-3;  // over some ten steps of 1e-5, relative to a gradient that has decayed
  EXPECT_LE(aca, of_the_tolerance);
  for (std::string const method : {"naive", "aca_budget", "symplectic_adjoint"})
    EXPECT_LE(error_of(*of.problem, method, reference), of_the_tolerance) << method;
  double const adjoint = error_of(*of.problem, "adjoint", reference);
  EXPECT_GE(adjoint, 1e3 * aca);
  // Its lambda, small for such a loss, is solved to the same absolute tolerance; but it follows the stored path.
  EXPECT_LE(10.0 * error_of(*of.problem, "adjoint_interpolated", reference), adjoint);
}

TEST_F(ContractiveNet, is_called_by_the_check_that_the_suite_expects_to_fail) {
  tests::Witnessed const of = net(5.0);
  Reference const reference = of.problem->make_reference();
  auto const verdict = [&](std::string const& method, std::string_view check, Promise promise) {
    GradientResult const result = gradient_of(*of.problem, method, "dormand_prince54", control);
    CheckedGradient const checked{*of.problem,
                                  *of.witness,
                                  self,
                                  {.method = method, .solver = "dormand_prince54"},
                                  control,
                                  promise,
                                  result,
                                  reference,
                                  gradient_error(self, result.dloss_dy0, result.dloss_dp, reference)};
    return run_checks(checked, [&](std::string_view name) { return name == check; }).front().verdict;
  };
  EXPECT_EQ(verdict("adjoint", "consistency", Promise::consistent), CheckVerdict::fail);
  EXPECT_EQ(verdict("adjoint_interpolated", "consistency", Promise::consistent), CheckVerdict::pass);
  EXPECT_EQ(verdict("aca", "dual", Promise::exact_frozen), CheckVerdict::pass);
}

TEST_F(ContractiveNet, leaves_nothing_of_the_adjoints_gradient_over_a_longer_span) {
  tests::Witnessed const of = net(10.0);
  Reference const reference = of.problem->make_reference();

  constexpr double most_of_it = 0.5;
  EXPECT_GE(error_of(*of.problem, "adjoint", reference), most_of_it);
  EXPECT_LE(error_of(*of.problem, "aca", reference), 1e-2);
}

}  // namespace
}  // namespace retrace
