// The formulas of the controller and of the first step, evaluated a second time by hand.
#include "core/tests/typed.hpp"
#include "solvers/tests/function_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace retrace {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double a_few_roundings = 16 * epsilon;

template <class Tab>
class StepControlTest : public ::testing::Test {
 protected:
  static constexpr double exponent = 1.0 / (Tab::embedded_order + 1);
  /// The E at which safety E^(-exponent) is `ratio`.
  static double error_for(double ratio) { return std::pow(0.9 / ratio, 1.0 / exponent); }
  static detail::Factor<double> factor(StepSizeRule const& rule, double error, bool after_rejection = false) {
    return detail::step_factor<Tab>(rule, error, error <= 1.0, after_rejection);
  }
};
TYPED_TEST_SUITE(StepControlTest, tests::Typed<tests::AdaptiveTableauList>, tests::ByName);

TYPED_TEST(StepControlTest, ratio_follows_the_power_of_the_error_between_its_bounds) {
  for (double const ratio : {0.3, 0.5, 0.8, 1.5, 4.0}) {
    auto const factor = TestFixture::factor(StepSizeRule::standard(), TestFixture::error_for(ratio));
    EXPECT_NEAR(factor.value, ratio, a_few_roundings * ratio);
    EXPECT_FALSE(factor.is_constant);
  }
}

TYPED_TEST(StepControlTest, bounds_differ_by_rule_and_history) {
  struct Expected {
    StepSizeRule rule;
    bool after_rejection;
    double error, value;
  };
  double const tiny = TestFixture::error_for(1e3), huge = TestFixture::error_for(1e-3);
  double const slightly_too_large = TestFixture::error_for(0.95);  // accepted, but the next step should be shorter
  for (Expected const& e :
       {Expected{StepSizeRule::standard(), false, tiny, 10.0}, Expected{StepSizeRule::standard(), true, tiny, 1.0},
        Expected{StepSizeRule::standard(), false, 0.0, 10.0}, Expected{StepSizeRule::standard(), true, 0.0, 1.0},
        Expected{StepSizeRule::standard(), false, huge, 0.2}, Expected{StepSizeRule::plain(), false, tiny, 5.0},
        Expected{StepSizeRule::plain(), true, tiny, 5.0}, Expected{StepSizeRule::plain(), false, huge, 0.2},
        Expected{StepSizeRule::paper(), false, tiny, 10.0}, Expected{StepSizeRule::paper(), true, tiny, 10.0},
        Expected{StepSizeRule::paper(), false, slightly_too_large, 1.0},
        Expected{StepSizeRule::paper(), false, huge, 0.2}}) {
    auto const factor = TestFixture::factor(e.rule, e.error, e.after_rejection);
    EXPECT_EQ(factor.value, e.value);
    EXPECT_TRUE(factor.is_constant);
  }
}

TYPED_TEST(StepControlTest, a_rejection_never_lengthens_and_an_infinite_error_shrinks_most) {
  EXPECT_LT(TestFixture::factor(StepSizeRule::standard(), 1.0 + 1e-9).value, 1.0);
  for (double const error : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    auto const factor = TestFixture::factor(StepSizeRule::standard(), error);
    EXPECT_EQ(factor.value, 0.2);
    EXPECT_TRUE(factor.is_constant);
  }
}

TYPED_TEST(StepControlTest, is_what_an_integration_does) {
  auto const model = tests::model_of<1>([](double t, Vec<double, 1> const& y, Vec<double, 1>& dydt) {
    dydt[0] = -y[0] + 20.0 * Kokkos::exp(-400.0 * (t - 1.0) * (t - 1.0));
  });
  for (StepSizeRule const& rule : {StepSizeRule::standard(), StepSizeRule::plain(), StepSizeRule::paper()}) {
    StepControl control = tests::adaptive(1e-6);
    control.rule = rule;

    auto const solved = tests::solve<TypeParam>(model, control, 0.0, 2.0, Vec<double, 1>{{1.0}});

    auto const& trials = solved.recording.trials;
    ASSERT_GT(trials.size(), 10U);
    EXPECT_GT(solved.counts.rejected, 0);
    for (std::size_t i = 0; i + 1 < trials.size(); ++i) {
      bool const after_rejection = i > 0 && !trials[i - 1].accepted;
      auto const factor = TestFixture::factor(rule, trials[i].error_norm, after_rejection);
      EXPECT_EQ(trials[i].factor, factor.value);
      EXPECT_EQ(trials[i].factor_is_constant, factor.is_constant);
      EXPECT_NEAR(trials[i + 1].proposed, trials[i].span.h * factor.value, a_few_roundings * trials[i].span.h * 10.0);
    }
  }
}

// --- The first step: Hairer, Norsett & Wanner, Sec. II.4 -------------------------------------------------------------

/// The algorithm once more, for y' = a y + b t in one component, from (t0, y0) with span `span`.
double first_step_by_hand(double a, double b, double t0, double y0, double span, double atol, double rtol, double order,
                          double direction) {
  double const weight = atol + rtol * std::abs(y0), f0 = a * y0 + b * t0;
  double const d0 = std::abs(y0) / weight, d1 = std::abs(f0) / weight;
  double const h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
  double const f1 = a * (y0 + direction * h0 * f0) + b * (t0 + direction * h0);
  double const d2 = std::abs(f1 - f0) / weight / h0, largest = std::max(d1, d2);
  double const h1 = largest <= 1e-15 ? std::max(1e-6, 1e-3 * h0) : std::pow(0.01 / largest, 1.0 / order);
  return std::min({100.0 * h0, h1, span});
}

struct Start {
  double a, b, y0, span;
};
// Both bounds, no slope, no state, nothing at all, and a span shorter than all of them.
constexpr Start starts[] = {{-2.0, 0.3, 1.5, 5.0},   {-0.01, 3.0, 1e-4, 50.0}, {0.0, 0.0, 2.0, 5.0},
                            {1.0, 2.0, 0.0, 5.0},    {0.0, 0.0, 0.0, 5.0},     {-2.0, 0.3, 1.5, 1e-4},
                            {30.0, -1.0, 100.0, 5.0}};

TYPED_TEST(StepControlTest, chooses_the_first_step_as_the_textbook) {
  for (Start const& start : starts) {
    for (double const direction : {1.0, -1.0}) {
      auto const model = tests::model_of<1>(
          [start](double t, Vec<double, 1> const& y, Vec<double, 1>& dydt) { dydt[0] = start.a * y[0] + start.b * t; });
      StepControl control;
      control.relative_tolerance = 1e-4;
      control.absolute_tolerance = 1e-5;
      control.max_steps = 1;
      constexpr double t0 = 0.25;

      auto const solved =
          tests::solve<TypeParam>(model, control, t0, t0 + direction * start.span, Vec<double, 1>{{start.y0}});

      double const expected = first_step_by_hand(start.a, start.b, t0, start.y0, start.span, 1e-5, 1e-4,
                                                 TypeParam::embedded_order + 1, direction);
      // d2 is a difference quotient over h_a: its rounding is 1/h_a larger than the others.
      constexpr double difference_quotient = 1e-9;
      ASSERT_EQ(solved.recording.starts.size(), 1U);
      EXPECT_NEAR(solved.recording.starts[0].h, expected, difference_quotient * expected);
      EXPECT_EQ(solved.recording.trials[0].proposed, solved.recording.starts[0].h);
    }
  }
}

}  // namespace
}  // namespace retrace
