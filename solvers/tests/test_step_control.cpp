// The formulas of the controller and of the first step, evaluated a second time by hand.
#include "core/tests/typed.hpp"
#include "solvers/tests/function_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

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
    return detail::step_factor(tableau_of<Tab>, rule, error, error <= 1.0, after_rejection);
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

TEST(StepSizeRules, have_the_gains_of_the_literature) {
  // Soderlind (2003), Table III: k (beta_1, beta_2, beta_3), (alpha_2, alpha_3). A controller whose error gains and
  // ratios add up to 1 follows a constant error without lag: PI, PID; the digital filters spread it over ratios.
  struct Expected {
    std::string_view name;
    ControllerGains gains;
  };
  for (Expected const& e :
       {Expected{"pi", {0.7, -0.4, 0.0, 0.0, 0.0}}, Expected{"pi42", {0.6, -0.2, 0.0, 0.0, 0.0}},
        Expected{"pi33", {2.0 / 3.0, -1.0 / 3.0, 0.0, 0.0, 0.0}}, Expected{"pid", {0.49, -0.34, 0.10, 0.0, 0.0}},
        Expected{"h211pi", {1.0 / 6.0, 1.0 / 6.0, 0.0, 0.0, 0.0}}, Expected{"h211b", {0.25, 0.25, 0.0, 0.25, 0.0}},
        Expected{"h312pid", {1.0 / 18.0, 1.0 / 9.0, 1.0 / 18.0, 0.0, 0.0}},
        Expected{"h312b", {0.125, 0.25, 0.125, 0.375, 0.125}}}) {
    auto const found = std::ranges::find(step_size_rules, e.name, &NamedStepSizeRule::name);
    ASSERT_NE(found, step_size_rules.end()) << e.name;
    ControllerGains const& gains = found->rule.gains;
    EXPECT_DOUBLE_EQ(gains.error, e.gains.error) << e.name;
    EXPECT_DOUBLE_EQ(gains.error_1, e.gains.error_1) << e.name;
    EXPECT_DOUBLE_EQ(gains.error_2, e.gains.error_2) << e.name;
    EXPECT_DOUBLE_EQ(gains.ratio, e.gains.ratio) << e.name;
    EXPECT_DOUBLE_EQ(gains.ratio_1, e.gains.ratio_1) << e.name;
    EXPECT_TRUE(gains.remember());
  }
}

/// phi of an accepted step by Soderlind's formula over the list of accepted steps so far, the present one last.
double factor_by_hand(StepSizeRule const& rule, double exponent, std::vector<tests::Recording::Entry> const& accepted) {
  auto const error = [&](std::size_t back) {  // of the step so many before
    if (back >= accepted.size()) return 1.0;
    double const e = accepted[accepted.size() - 1 - back].error_norm;
    return back == 0 ? e : std::max(e, rule.least_remembered_error);
  };
  auto const ratio = [&](std::size_t back) {
    if (back + 1 >= accepted.size()) return 1.0;
    return accepted[accepted.size() - 1 - back].span.h / accepted[accepted.size() - 2 - back].span.h;
  };
  return rule.safety * std::pow(error(0), -exponent * rule.gains.error) *
         std::pow(error(1), -exponent * rule.gains.error_1) * std::pow(error(2), -exponent * rule.gains.error_2) *
         std::pow(ratio(0), -rule.gains.ratio) * std::pow(ratio(1), -rule.gains.ratio_1);
}

TYPED_TEST(StepControlTest, rules_that_remember_look_at_accepted_steps_only) {
  auto const model = tests::model_of<1>([](double t, Vec<double, 1> const& y, Vec<double, 1>& dydt) {
    dydt[0] = -y[0] + 20.0 * Kokkos::exp(-400.0 * (t - 1.0) * (t - 1.0));
  });
  constexpr double roundings = 256 * epsilon;  // five powers, each of relative error some epsilon times its exponent
  for (NamedStepSizeRule const& named : step_size_rules) {
    StepSizeRule const& rule = named.rule;
    StepControl control = tests::adaptive(1e-6);
    control.rule = rule;

    auto const solved = tests::solve<TypeParam>(model, control, 0.0, 2.0, Vec<double, 1>{{1.0}});

    std::vector<tests::Recording::Entry> accepted;
    int free_factors = 0;
    for (std::size_t i = 0; i < solved.recording.trials.size(); ++i) {
      auto const& trial = solved.recording.trials[i];
      bool const after_rejection = i > 0 && !solved.recording.trials[i - 1].accepted;
      double ideal = rule.safety * std::pow(trial.error_norm, -TestFixture::exponent);
      if (trial.accepted) {
        accepted.push_back(trial);
        ideal = factor_by_hand(rule, TestFixture::exponent, accepted);
      }
      double const low = trial.accepted ? rule.accepted_shrink_limit : rule.shrink_limit;
      double const high =
          trial.accepted && !(after_rejection && rule.no_growth_after_rejection) ? rule.growth_limit : 1.0;
      EXPECT_NEAR(trial.factor, std::clamp(ideal, low, high), roundings * trial.factor)
          << named.name << ", trial " << i;
      if (!trial.factor_is_constant) ++free_factors;
    }
    EXPECT_GT(free_factors, 5) << named.name;
    EXPECT_GT(solved.counts.accepted, 5) << named.name;
  }
}

/// A size that hits an observation is no choice of the controller: what it remembers are the steps that were.
TYPED_TEST(StepControlTest, rules_that_remember_leave_clipped_steps_out) {
  auto const model = tests::model_of<1>([](double t, Vec<double, 1> const& y, Vec<double, 1>& dydt) {
    dydt[0] = -y[0] + 20.0 * Kokkos::exp(-400.0 * (t - 1.0) * (t - 1.0));
  });
  constexpr double roundings = 256 * epsilon;  // as above
  for (NamedStepSizeRule const& named : step_size_rules) {
    StepSizeRule const& rule = named.rule;
    if (!rule.gains.remember()) continue;
    StepControl control = tests::adaptive(1e-6);
    control.rule = rule;
    control.objective.kind = LossKind::exact;
    for (double const t :
         {0.5, 0.500001, 0.9, 0.900001, 1.1}) {  // one soon after another: steps of no size to speak of
      control.objective.times[static_cast<std::size_t>(control.objective.observations)] = t;
      ++control.objective.observations;
    }

    auto const solved = tests::solve<TypeParam>(model, control, 0.0, 2.0, Vec<double, 1>{{1.0}});

    ASSERT_EQ(solved.status, SolveStatus::success);
    std::vector<tests::Recording::Entry> chosen, all;
    int hits = 0, would_differ = 0;
    for (std::size_t i = 0; i < solved.recording.trials.size(); ++i) {
      auto const& trial = solved.recording.trials[i];
      if (!trial.accepted) continue;
      all.push_back(trial);
      if (trial.clipped) {
        ++hits;
        bool const is_last = i + 1 == solved.recording.trials.size();
        if (!is_last) {
          EXPECT_EQ(solved.recording.trials[i + 1].proposed, trial.proposed) << named.name;
        }
        continue;
      }
      chosen.push_back(trial);
      bool const after_rejection = i > 0 && !solved.recording.trials[i - 1].accepted;
      double const high = after_rejection ? 1.0 : rule.growth_limit;
      auto const clamped = [&](double ideal) { return std::clamp(ideal, rule.accepted_shrink_limit, high); };
      double const expected = clamped(factor_by_hand(rule, TestFixture::exponent, chosen));
      EXPECT_NEAR(trial.factor, expected, roundings * trial.factor) << named.name << ", trial " << i;
      if (std::abs(clamped(factor_by_hand(rule, TestFixture::exponent, all)) - expected) > 0.01) ++would_differ;
    }
    EXPECT_EQ(hits, control.objective.observations + 1) << "T too";
    EXPECT_GT(would_differ, 0) << named.name << ": nothing has been tested";
  }
}

TYPED_TEST(StepControlTest, the_largest_component_rules_with_the_norm_of_the_maximum) {
  // Two components of unlike size without coupling: their E alone, and together in either norm.
  auto const both = tests::model_of<2>([](double t, Vec<double, 2> const&, Vec<double, 2>& dydt) {
    dydt[0] = 30.0 * Kokkos::cos(3.0 * t);
    dydt[1] = Kokkos::cos(t);
  });
  StepControl control = tests::adaptive(1e-4);
  control.initial_step = 0.2;
  auto const first_error = [&](ErrorNorm norm) {
    control.norm = norm;
    return tests::solve<TypeParam>(both, control, 0.0, 2.0, Vec<double, 2>{{1.0, 1.0}}).recording.trials[0].error_norm;
  };
  auto const alone = [&](double scale, double speed) {
    auto const one = tests::model_of<1>(
        [=](double t, Vec<double, 1> const&, Vec<double, 1>& dydt) { dydt[0] = scale * Kokkos::cos(speed * t); });
    control.norm = ErrorNorm::rms;
    return tests::solve<TypeParam>(one, control, 0.0, 2.0, Vec<double, 1>{{1.0}}).recording.trials[0].error_norm;
  };
  double const e0 = alone(30.0, 3.0), e1 = alone(1.0, 1.0);

  EXPECT_NEAR(first_error(ErrorNorm::max), std::max(e0, e1), a_few_roundings * std::max(e0, e1));
  EXPECT_NEAR(first_error(ErrorNorm::rms), std::sqrt((e0 * e0 + e1 * e1) / 2.0), a_few_roundings * std::max(e0, e1));
}

TEST(ErrorNorms, say_so_when_any_component_is_not_finite) {
  using Algebra = VecAlgebra<double, double, 3>;
  Tableau const tab = tableau_of<HeunEuler21>;
  StepControl control = tests::adaptive(1e-3);
  control.norm = ErrorNorm::max;
  for (int bad = 0; bad < 3; ++bad) {
    for (double const value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      Algebra::Stages k{};
      k[0] = {{1.0, 2.0, 3.0}};
      k[0][bad] = value;
      EXPECT_FALSE(std::isfinite(Algebra{}.error_norm(tab, control, {{1.0, 1.0, 1.0}}, {{1.0, 1.0, 1.0}}, 0.1, k)))
          << bad;
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
