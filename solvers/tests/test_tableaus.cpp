// Every scheme keeps the order that it claims, and so does the partner that estimates its error.
#include "core/tests/typed.hpp"
#include "solvers/registry.hpp"
#include "solvers/tests/function_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace retrace {
namespace {

using tests::DrivenCycle;

template <class Tab>
class Tableaus : public ::testing::Test {};
TYPED_TEST_SUITE(Tableaus, tests::Typed<AllTableaus>, tests::ByName);

template <class Tab>
class AdaptiveTableaus : public ::testing::Test {};
TYPED_TEST_SUITE(AdaptiveTableaus, tests::Typed<tests::AdaptiveTableauList>, tests::ByName);

/// log2 of the ratio of neighbours: the order, if the entries belong to steps halved each time.
std::vector<double> slopes(std::vector<double> const& errors) {
  std::vector<double> all;
  for (std::size_t i = 0; i + 1 < errors.size(); ++i) all.push_back(std::log2(errors[i] / errors[i + 1]));
  return all;
}

/// Equal steps for orders: as many as round-off allows, which the eighth order is down to after 16 steps.
template <class Tab>
std::vector<std::int64_t> step_halvings() {
  return Tab::order > 5 ? std::vector<std::int64_t>{2, 4, 8} : std::vector<std::int64_t>{32, 64, 128};
}

/// Errors at `end` after so many equal steps.
template <class Tab, class F>
std::vector<double> errors_on_fixed_grids(F const& f, Vec<double, 2> const& start, Vec<double, 2> const& exact,
                                          double end, std::vector<std::int64_t> const& steps) {
  std::vector<double> errors;
  for (std::int64_t const n : steps) {
    auto const solved = tests::solve<Tab>(tests::model_of<2>(f), tests::fixed(n), 0.0, end, start);
    EXPECT_EQ(solved.status, SolveStatus::success);
    errors.push_back(tests::distance(solved.y, exact));
  }
  return errors;
}

TYPED_TEST(Tableaus, order_on_an_oscillator_is_the_claimed_one) {
  // Two-sided: too high a slope would mean steps outside of the asymptotic range. The next term of the error has a
  // share of up to end h / 2 = 1/16 (Euler's, whose amplitude grows), and a slope misses by that times log2(e).
  constexpr double next_error_term = 0.1, end = 2.0;
  auto const oscillator = [](double, Vec<double, 2> const& y, Vec<double, 2>& dydt) {
    dydt[0] = y[1];
    dydt[1] = -y[0];
  };

  auto const errors = errors_on_fixed_grids<TypeParam>(oscillator, {{1.0, 0.0}}, {{std::cos(end), -std::sin(end)}}, end,
                                                       step_halvings<TypeParam>());

  for (double const slope : slopes(errors)) EXPECT_NEAR(slope, TypeParam::order, next_error_term);
}

TYPED_TEST(Tableaus, order_on_a_nonlinear_nonautonomous_system_is_not_lower) {
  // Here the conditions that a linear system does not see matter. One-sided: Dormand and Prince made their leading
  // error so small that the next one covers it until both drown in round-off. The slope of the others misses by O(h) =
  // 1/32.
  constexpr double next_error_term = 0.12, end = 2.0;

  auto const errors = errors_on_fixed_grids<TypeParam>(DrivenCycle{}, DrivenCycle::start, DrivenCycle::exact(end), end,
                                                       step_halvings<TypeParam>());

  for (double const slope : slopes(errors)) EXPECT_GE(slope, TypeParam::order - next_error_term);
}

TYPED_TEST(AdaptiveTableaus, error_estimate_has_the_order_of_the_embedded_scheme) {
  // One step from one point; with weights of one, E is the size of y_new - y_hat = O(h^(embedded order + 1)).
  StepControl control = tests::adaptive(0.0);
  control.absolute_tolerance = 1.0;
  constexpr double next_error_term = 0.15;  // as above, at h = 1/8 and below
  std::vector<double> estimates;

  for (double const h : {1.0 / 8, 1.0 / 16, 1.0 / 32}) {
    control.initial_step = h;
    auto const solved = tests::solve<TypeParam>(tests::model_of<2>(DrivenCycle{}), control, 0.0, h, DrivenCycle::start);
    ASSERT_EQ(solved.recording.trials.size(), 1U);
    estimates.push_back(solved.recording.trials[0].error_norm);
  }

  for (double const slope : slopes(estimates)) EXPECT_NEAR(slope, TypeParam::embedded_order + 1, next_error_term);
}

TYPED_TEST(AdaptiveTableaus, error_falls_with_the_tolerance) {
  constexpr double end = 2.0;
  // With error per step and local extrapolation the global error is about proportional to the tolerance; the step
  // pattern makes it erratic, so only a fall by thirty for a hundred is asked for.
  constexpr double least_fall = 30.0;
  std::vector<double> errors;

  for (double const tolerance : {1e-4, 1e-6, 1e-8}) {
    auto const solved = tests::solve<TypeParam>(tests::model_of<2>(DrivenCycle{}), tests::adaptive(tolerance), 0.0, end,
                                                DrivenCycle::start);
    ASSERT_EQ(solved.status, SolveStatus::success);
    errors.push_back(tests::distance(solved.y, DrivenCycle::exact(end)));
    EXPECT_LT(errors.back(), 100.0 * tolerance);
  }

  EXPECT_GT(errors[0] / errors[1], least_fall);
  EXPECT_GT(errors[1] / errors[2], least_fall);
}

TYPED_TEST(Tableaus, coefficients_sum_up) {
  EXPECT_TRUE(is_consistent<TypeParam>());
  EXPECT_LE(tableau_of<TypeParam>.last_used_stage, TypeParam::stages);
  EXPECT_EQ(tableau_of<TypeParam>.last_used_stage < TypeParam::stages, TypeParam::fsal);
  if (TypeParam::adaptive) {
    EXPECT_LT(TypeParam::embedded_order, TypeParam::order);
    EXPECT_DOUBLE_EQ(tableau_of<TypeParam>.controller_exponent, 1.0 / (TypeParam::embedded_order + 1));
  }
}

/// A scheme with one coefficient off by a little, for the test of the test.
struct WrongHeun : HeunEuler21 {
  static constexpr Row<2> b{{0.5, 0.5 + 1e-9}};
};
struct WrongStage : HeunEuler21 {
  static constexpr Square<2> a{{{{0.0, 0.0}}, {{1.0 - 1e-9, 0.0}}}};
};
struct Implicit : HeunEuler21 {
  static constexpr Square<2> a{{{{0.0, 0.0}}, {{0.5, 0.5}}}};
};

TEST(IsConsistent, refuses_wrong_sums_and_implicit_stages) {
  EXPECT_FALSE(is_consistent<WrongHeun>());
  EXPECT_FALSE(is_consistent<WrongStage>());
  EXPECT_FALSE(is_consistent<Implicit>());
}

}  // namespace
}  // namespace retrace
