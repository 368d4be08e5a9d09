// Failure is a value: recorded per trajectory, with a gradient of NaN, no exception, and no harm to the neighbours.
#include "core/tests/typed.hpp"
#include "gradients/registry.hpp"
#include "gradients/tests/gradient_of.hpp"
#include "problems/lorenz63.hpp"
#include "problems/van_der_pol.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"
#include "solvers/tableaus/midpoint_euler21.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;
using tests::make_problem;

/// y' = -p y, but not a number from t = 1 on wherever p > 2.1: the fourth and later trajectories.
struct NanHalfWay {
  static constexpr std::string_view name = "nan_half_way", family = "broken", summary = "for tests of failure";
  static constexpr int dimension = 1, parameters = 1;
  static constexpr bool autonomous = false;
  double t0 = 0.0, t1 = 2.0;
  std::int64_t trajectories;

  static std::vector<Argument> arguments() { return {trajectories_argument()}; }
  explicit NanHalfWay(Arguments const& a) : trajectories(a.integer("n")) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const& t, Vec<T, 1> const& y, Vec<T, 1> const& p, Vec<T, 1>& dydt) {
    MaskOf<T> const late = t > T(1.0), broken = MaskOf<T>(p[0] > T(2.1)) & late;
    dydt[0] = select(broken, T(Kokkos::Experimental::quiet_NaN_v<double>), -p[0] * y[0]);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, Vec<T, 1> const& y, Vec<T, 1> const& p, Vec<T, 1> const& w,
                                         Vec<T, 1>& y_bar, Vec<T, 1>& p_bar, T&) {
    y_bar[0] = -p[0] * w[0];
    p_bar[0] -= y[0] * w[0];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 1> const& y) {
    return sum_of_squares(y);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 1> loss_gradient(Vec<T, 1> const& y) {
    return sum_of_squares_gradient(y);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> initial_state(std::int64_t) const { return {{1.0}}; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> parameter_values(std::int64_t i) const {
    return {{1.0 + 0.5 * static_cast<double>(i)}};
  }
};
static_assert(EnsembleProblem<NanHalfWay>);

bool all_nan(std::vector<double> const& values) {
  return std::ranges::all_of(values, [](double x) { return std::isnan(x); });
}

void expect_failed(GradientResult const& result, SolveStatus status) {
  EXPECT_EQ(result.status, status) << name_of(result.status);
  EXPECT_EQ(result.failed_trajectories, 1);
  EXPECT_TRUE(std::isnan(result.loss));
  EXPECT_TRUE(all_nan(result.dloss_dy0));
  EXPECT_TRUE(all_nan(result.dloss_dp));
}

template <class Method>
class Failures : public ::testing::Test {};
/// A scheme that the method steps by.
template <class Method>
using SchemeOf = std::conditional_t<std::is_same_v<Method, Mali>, MidpointEuler21, DormandPrince54>;
TYPED_TEST_SUITE(Failures, tests::Typed<AllGradientMethods>, tests::ByName);

TYPED_TEST(Failures, too_few_steps) {
  StepControl control = control_with(1e-6);
  control.max_steps = 5;

  GradientResult const result = gradient_of<TypeParam, SchemeOf<TypeParam>>(make_problem<VanDerPol>(), control);

  expect_failed(result, SolveStatus::max_steps_reached);
  EXPECT_EQ(result.work.accepted + result.work.rejected, 5);
  EXPECT_EQ(result.work.vjp, 0) << "nothing is differentiated after a failed solve";
}

TYPED_TEST(Failures, a_right_hand_side_that_turns_nan_spares_the_other_trajectories) {
  auto const problem = make_problem<NanHalfWay>({{"n", 5.0}});
  constexpr double tolerance = 1e-9;

  GradientResult const result = gradient_of<TypeParam, SchemeOf<TypeParam>>(problem, control_with(tolerance));

  EXPECT_EQ(result.status, SolveStatus::non_finite);
  EXPECT_EQ(result.failed_trajectories, 2);
  EXPECT_TRUE(std::isnan(result.loss));
  EXPECT_TRUE(all_nan(result.dloss_dp)) << "a sum with a failed trajectory in it is not a gradient";
  for (std::size_t i = 0; i < 5; ++i) {
    bool const broken = i >= 3;
    double const p = 1.0 + 0.5 * static_cast<double>(i), exact = 2.0 * std::exp(-4.0 * p);
    EXPECT_EQ(std::isnan(result.dloss_dy0[i]), broken) << i;
    EXPECT_EQ(std::isnan(result.dloss_dp_each[i]), broken) << i;
    EXPECT_TRUE(std::isfinite(result.final_state[i])) << "the last accepted state";
    constexpr double steps_and_growth = 1e3;  // local errors of the tolerance, absolute, relative to a small gradient
    if (!broken) {
      EXPECT_NEAR(result.dloss_dy0[i], exact, steps_and_growth * tolerance);
    }
  }
}

TYPED_TEST(Failures, under_the_papers_rule_end_too) {
  StepControl control = control_with(1e-6);
  control.rule = StepSizeRule::paper();
  auto const problem = make_problem<NanHalfWay>({{"n", 4.0}});

  GradientResult const result = gradient_of<TypeParam, SchemeOf<TypeParam>>(problem, control);

  // Sixty non-finite trials are allowed, but shrinking by 5 each the step meets round-off after some twenty.
  EXPECT_EQ(result.status, SolveStatus::step_too_small);
  EXPECT_EQ(result.failed_trajectories, 1);
  EXPECT_TRUE(std::isnan(result.dloss_dy0[3]));
}

TYPED_TEST(Failures, of_fixed_steps_are_seen_at_the_end) {
  StepControl control;
  control.fixed_steps = 11;

  GradientResult const result =
      gradient_of<TypeParam, SchemeOf<TypeParam>>(make_problem<NanHalfWay>({{"n", 4.0}}), control);

  EXPECT_EQ(result.status, SolveStatus::non_finite);
  EXPECT_EQ(result.failed_trajectories, 1);
  EXPECT_TRUE(std::isnan(result.dloss_dy0[3]));
  EXPECT_TRUE(std::isfinite(result.dloss_dy0[2]));
}

/// y' = p y from y = 0, L = y(T): the state stays 0, lambda grows like exp(p T), beyond all doubles.
struct GrowsFromNothing {
  static constexpr std::string_view name = "grows_from_nothing", family = "broken", summary = "for tests of failure";
  static constexpr int dimension = 1, parameters = 1;
  static constexpr bool autonomous = true;
  double t0 = 0.0, t1 = 1.0;
  std::int64_t trajectories = 1;

  static std::vector<Argument> arguments() { return {trajectories_argument()}; }
  explicit GrowsFromNothing(Arguments const&) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const&, Vec<T, 1> const& y, Vec<T, 1> const& p, Vec<T, 1>& dydt) {
    dydt[0] = p[0] * y[0];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, Vec<T, 1> const& y, Vec<T, 1> const& p, Vec<T, 1> const& w,
                                         Vec<T, 1>& y_bar, Vec<T, 1>& p_bar, T&) {
    y_bar[0] = p[0] * w[0];
    p_bar[0] += y[0] * w[0];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 1> const& y) {
    return y[0];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 1> loss_gradient(Vec<T, 1> const&) {
    return {{T(1.0)}};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> initial_state(std::int64_t) const { return {{0.0}}; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> parameter_values(std::int64_t) const { return {{2000.0}}; }
};
static_assert(EnsembleProblem<GrowsFromNothing>);

TYPED_TEST(Failures, of_a_derivative_that_overflows_while_the_state_does_not_are_recorded) {
  StepControl control;
  control.fixed_steps = 800;

  GradientResult const result = gradient_of<TypeParam, SchemeOf<TypeParam>>(make_problem<GrowsFromNothing>(), control);

  expect_failed(result, SolveStatus::non_finite);
  EXPECT_EQ(result.final_state[0], 0.0) << "the way there was good";
}

TEST(Failures, of_the_backward_solve_alone_are_recorded) {
  // Lorenz's flow contracts volumes by exp(-13.7 t): backwards it expands, and the adjoint runs out of steps.
  auto const problem = make_problem<Lorenz63>({{"T", 20.0}});
  StepControl control = control_with(1e-6);
  control.max_steps = 2000;

  GradientResult const adjoint = gradient_of<Adjoint, DormandPrince54>(problem, control);
  GradientResult const aca = gradient_of<Aca, DormandPrince54>(problem, control);

  EXPECT_EQ(aca.status, SolveStatus::success);
  EXPECT_NE(adjoint.status, SolveStatus::success);
  EXPECT_EQ(adjoint.work.accepted, aca.work.accepted);
  EXPECT_EQ(adjoint.final_state, aca.final_state);
  EXPECT_TRUE(std::isnan(adjoint.loss));
  EXPECT_TRUE(all_nan(adjoint.dloss_dy0));
}

}  // namespace
}  // namespace retrace
