// Operations counted and bytes by formula against counts by hand.
#include "core/math.hpp"
#include "problems/lorenz63.hpp"
#include "solvers/registry.hpp"
#include "verification/work_model.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace retrace {
namespace {

TEST(WorkModel, operations_of_a_right_hand_side_are_those_on_paper) {
  Arguments const defaults = Arguments::defaults(Lorenz63::arguments());

  ProblemOperations const lorenz = operations_of(Lorenz63(defaults));

  EXPECT_EQ(lorenz.rhs, 2 + 3 + 3);
  EXPECT_EQ(lorenz.vjp, (6 + 4 + 3) + (3 + 2 + 2));
  EXPECT_EQ(operations_of(Lorenz63(defaults)).rhs, lorenz.rhs) << "a second count begins anew";
}

TEST(WorkModel, elementary_functions_count_as_polynomials) {
  std::int64_t const before = Counted::operations;
  Counted const x = math::sin(Counted(0.3)) + math::fma(Counted(1.0), Counted(2.0), Counted(3.0));
  EXPECT_EQ(Counted::operations - before, Counted::elementary + 1 + 2);
  EXPECT_DOUBLE_EQ(x.value, std::sin(0.3) + 5.0);
}

/// Euler's method: a step is y + h f, its reverse lambda + h f_y^T lambda.
TEST(WorkModel, of_euler_steps_is_that_on_paper) {
  GradientResult result;
  result.work.rhs_forward = 10;
  result.work.vjp = result.work.accepted = result.work.reverse_accepted = 10;
  result.tape_bytes = 10 * 5 * 8;
  Tableau const& euler = tableau_named("euler");
  ProblemOperations const f{.rhs = 8.0, .vjp = 20.0};

  WorkModel const small = model_of(result, euler, f, {3.0, 0.0, 8.0, false});
  EXPECT_EQ(small.operations, 10 * 8 + 10 * 20 + 3 * 10 * (4 + 6));
  EXPECT_EQ(small.bytes_moved, 2 * 10 * 5 * 8);

  // y and k read, y_new written; and backwards: the seed of lambda, lambda of itself and the stage's adjoint.
  WorkModel const large = model_of(result, euler, f, {3.0, 0.0, 8.0, true});
  EXPECT_EQ(large.bytes_moved - small.bytes_moved, 8 * 3 * 10 * ((1 + 2) + (1 + 4)));
}

}  // namespace
}  // namespace retrace
