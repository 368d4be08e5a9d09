// The rules of the step control, its counts and its ways to fail.
#include "core/tests/typed.hpp"
#include "problems/three_body.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/tests/function_model.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace retrace {
namespace {

using tests::adaptive;
using tests::DrivenCycle;
using tests::fixed;
using tests::model_of;
using tests::solve;

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr Vec<double, 1> one{{1.0}};

template <class Tab>
class Integrate : public ::testing::Test {};
TYPED_TEST_SUITE(Integrate, tests::Typed<AllTableaus>, tests::ByName);

template <class Tab>
class IntegrateAdaptively : public ::testing::Test {};
TYPED_TEST_SUITE(IntegrateAdaptively, tests::Typed<tests::AdaptiveTableauList>, tests::ByName);

/// Slow, then a fast transient near t = 1, then slow: makes every controller reject.
auto const bump = [](double t, Vec<double, 1> const& y, Vec<double, 1>& dydt) {
  dydt[0] = -y[0] + 20.0 * Kokkos::exp(-400.0 * (t - 1.0) * (t - 1.0));
};

// --- Fixed steps -----------------------------------------------------------------------------------------------------

TYPED_TEST(Integrate, takes_exactly_the_fixed_steps_asked_for) {
  constexpr std::int64_t steps = 7;
  constexpr double t0 = 0.1, t1 = 1.3;
  auto const model = model_of<2>(DrivenCycle{});

  auto const solved = solve<TypeParam>(model, fixed(steps), t0, t1, DrivenCycle::start);

  ASSERT_EQ(solved.status, SolveStatus::success);
  EXPECT_EQ(solved.counts.accepted, steps);
  EXPECT_EQ(solved.counts.rejected, 0);
  EXPECT_EQ(solved.counts.rhs, model.evaluations);
  EXPECT_EQ(solved.counts.rhs, TypeParam::fsal ? steps * (TypeParam::stages - 1) + 1 : steps * TypeParam::stages);
  ASSERT_EQ(solved.recording.trials.size(), static_cast<std::size_t>(steps));
  EXPECT_EQ(solved.recording.trials.front().span.t, t0);
  EXPECT_EQ(solved.recording.trials.back().span.t_next, t1);
  constexpr double accumulated = steps * 2 * epsilon;  // t is a sum of rounded steps
  for (auto const& trial : solved.recording.trials) EXPECT_NEAR(trial.span.h, (t1 - t0) / steps, accumulated);
}

TYPED_TEST(Integrate, one_fixed_step_covers_the_whole_span) {
  auto const solved = solve<TypeParam>(model_of<2>(DrivenCycle{}), fixed(1), 0.0, 0.25, DrivenCycle::start);

  ASSERT_EQ(solved.recording.trials.size(), 1U);
  EXPECT_EQ(solved.recording.trials[0].span.h, 0.25);
  EXPECT_EQ(solved.recording.trials[0].span.t_next, 0.25);
}

// --- Adaptive steps --------------------------------------------------------------------------------------------------

TYPED_TEST(IntegrateAdaptively, steps_join_without_gap_and_end_exactly) {
  for (double const t1 : {2.0, 1.9, 0.3, 1e-3}) {
    auto const solved = solve<TypeParam>(model_of<1>(bump), adaptive(1e-5), 0.1 * t1, t1, one);

    ASSERT_EQ(solved.status, SolveStatus::success);
    double t = 0.1 * t1;
    for (auto const& trial : solved.recording.trials) {
      EXPECT_EQ(trial.span.t, t);
      EXPECT_GT(trial.span.h, 0.0);
      EXPECT_LE(trial.span.t_next, t1);
      EXPECT_EQ(trial.clipped, trial.span.t_next == t1);
      EXPECT_LE(std::abs(trial.span.h), trial.proposed * (1.0 + 4 * epsilon)) << "clipping only shortens";
      if (trial.accepted) t = trial.span.t_next;
    }
    EXPECT_EQ(t, t1);
  }
}

TYPED_TEST(IntegrateAdaptively, every_step_is_accepted_by_its_error_and_only_by_that) {
  auto const solved = solve<TypeParam>(model_of<1>(bump), adaptive(1e-6), 0.0, 2.0, one);

  ASSERT_EQ(solved.status, SolveStatus::success);
  EXPECT_GT(solved.counts.rejected, 0);
  std::int64_t accepted = 0;
  for (auto const& trial : solved.recording.trials) {
    EXPECT_EQ(trial.accepted, trial.error_norm <= 1.0);
    accepted += trial.accepted ? 1 : 0;
  }
  EXPECT_EQ(accepted, solved.counts.accepted);
  EXPECT_EQ(std::ssize(solved.recording.trials), solved.counts.accepted + solved.counts.rejected);
}

TYPED_TEST(IntegrateAdaptively, evaluations_are_counted_exactly) {
  constexpr std::int64_t s = TypeParam::stages;
  for (double const initial_step : {0.0, 0.05}) {
    auto const model = model_of<1>(bump);
    StepControl control = adaptive(1e-6);
    control.initial_step = initial_step;

    auto const solved = solve<TypeParam>(model, control, 0.0, 2.0, one);

    std::int64_t const trials = solved.counts.accepted + solved.counts.rejected, chosen = initial_step == 0.0 ? 1 : 0;
    EXPECT_EQ(solved.counts.rhs, model.evaluations);
    // f(t0, y0) once for all who want it with first-same-as-last, else once for the choice and once for the stage.
    EXPECT_EQ(solved.counts.rhs, TypeParam::fsal ? trials * (s - 1) + 1 + chosen : trials * s + 2 * chosen);
    EXPECT_EQ(std::ssize(solved.recording.starts), chosen);
  }
}

TYPED_TEST(IntegrateAdaptively, a_clipped_last_step_is_tested_like_any_other) {
  // Nothing happens before the last trial reaches over the bump: the step that the end clips is far too long.
  StepControl control = adaptive(1e-6);
  control.initial_step = 10.0;

  auto const solved = solve<TypeParam>(model_of<1>(bump), control, 0.0, 1.2, one);

  auto const& first = solved.recording.trials.front();
  ASSERT_EQ(solved.status, SolveStatus::success);
  EXPECT_TRUE(first.clipped);
  EXPECT_EQ(first.span.t_next, 1.2);
  EXPECT_GT(first.error_norm, 1.0);
  EXPECT_FALSE(first.accepted);
  EXPECT_TRUE(solved.recording.trials.back().clipped);
  EXPECT_LE(solved.recording.trials.back().error_norm, 1.0);
}

TYPED_TEST(IntegrateAdaptively, the_first_trial_has_the_size_asked_for) {
  StepControl control = adaptive(1e-4);
  control.initial_step = 0.0625;

  auto const solved = solve<TypeParam>(model_of<1>(bump), control, 0.0, 2.0, one);

  EXPECT_EQ(solved.recording.trials.front().span.h, 0.0625);
  EXPECT_EQ(solved.recording.trials.front().proposed, 0.0625);
}

TYPED_TEST(IntegrateAdaptively, no_sliver_is_left_before_the_end) {
  // Ten steps of a tenth end one rounding before or after one; the last of them has to reach the end.
  auto const still = model_of<1>([](double, Vec<double, 1> const&, Vec<double, 1>& dydt) { dydt[0] = 0.0; });
  StepControl control = adaptive(1e-4);
  control.initial_step = 0.1;
  control.rule.growth_limit = 1.0;

  auto const solved = solve<TypeParam>(still, control, 0.0, 1.0, one);

  EXPECT_EQ(solved.status, SolveStatus::success);
  EXPECT_EQ(solved.counts.accepted, 10);
}

TYPED_TEST(IntegrateAdaptively, tolerances_are_weights_per_component) {
  // y' = (0, c): only the second component has an error; its weight is atol + rtol max(|y|, |y_new|).
  auto const model = model_of<2>([](double t, Vec<double, 2> const&, Vec<double, 2>& dydt) {
    dydt[0] = 0.0;
    dydt[1] = 1e-3 * Kokkos::exp(8.0 * t);
  });
  StepControl control;
  control.absolute_tolerance = 1e-4;
  control.relative_tolerance = 1e-3;
  control.initial_step = 0.25;
  Vec<double, 2> const y0{{1e6, -0.5}};

  auto const solved = solve<TypeParam>(model, control, 0.0, 0.25, y0);

  // The estimate again, from the tableau's own coefficients.
  Vec<double, 2> stage{}, unused{};
  double estimate = 0.0, change = 0.0;
  for (std::size_t i = 0; i < TypeParam::stages; ++i) {
    model.rhs(0.25 * TypeParam::c[i], unused, stage);
    change += 0.25 * TypeParam::b[i] * stage[1];
    estimate += 0.25 * (TypeParam::b[i] - TypeParam::b_hat[i]) * stage[1];
  }
  double const weight = 1e-4 + 1e-3 * std::max(0.5, std::abs(-0.5 + change));
  constexpr double cancellation = 1e-9;  // b and b_hat nearly cancel on a smooth function
  double const expected = std::sqrt(estimate * estimate / (weight * weight) / 2.0);
  EXPECT_NEAR(solved.recording.trials[0].error_norm, expected, cancellation * expected + 1e-12);
}

TYPED_TEST(IntegrateAdaptively, backwards_in_time_returns_to_the_start) {
  constexpr double tolerance = 1e-9, stability = 1e3;  // the cycle repels backwards: errors grow by e^2 to e^4
  auto const there = solve<TypeParam>(model_of<2>(DrivenCycle{}), adaptive(tolerance), 0.0, 1.0, DrivenCycle::start);

  auto const back = solve<TypeParam>(model_of<2>(DrivenCycle{}), adaptive(tolerance), 1.0, 0.0, there.y);

  ASSERT_EQ(back.status, SolveStatus::success);
  EXPECT_LT(tests::distance(back.y, DrivenCycle::start), stability * tolerance);
  EXPECT_EQ(back.recording.trials.back().span.t_next, 0.0);
  for (auto const& trial : back.recording.trials) EXPECT_LT(trial.span.h, 0.0);
}

TYPED_TEST(Integrate, backwards_in_fixed_steps_has_its_order_too) {
  // Forward errors of both signs of h are the scheme's own; there and back again they nearly cancel.
  auto const there = solve<TypeParam>(model_of<2>(DrivenCycle{}), fixed(400), 0.0, 1.0, DrivenCycle::start);
  auto const back = solve<TypeParam>(model_of<2>(DrivenCycle{}), fixed(400), 1.0, 0.0, there.y);

  double const forward_error = tests::distance(there.y, DrivenCycle::exact(1.0));
  constexpr double growth = 20.0, round_off = 1e-13;
  EXPECT_EQ(back.recording.trials.back().span.t_next, 0.0);
  EXPECT_LT(tests::distance(back.y, DrivenCycle::start), growth * forward_error + round_off);
}

TYPED_TEST(Integrate, an_observer_changes_no_bit) {
  auto const model = model_of<1>(bump);
  StepControl const control = TypeParam::adaptive ? adaptive(1e-6) : fixed(400);
  auto const watched = solve<TypeParam>(model, control, 0.0, 2.0, one);
  Vec<double, 1> alone = one;
  StepWorkspace<std::remove_const_t<decltype(model)>> work(tableau_of<TypeParam>, model);
  NoObserver nobody;
  IntegrationCounts<> counts;

  SolveStatus const status = integrate(tableau_of<TypeParam>, model, control, 0.0, 2.0, alone, work, nobody, counts);

  EXPECT_EQ(status, watched.status);
  EXPECT_EQ(alone[0], watched.y[0]);
  EXPECT_EQ(counts.rhs, watched.counts.rhs);
  EXPECT_EQ(counts.accepted, watched.counts.accepted);
  EXPECT_EQ(counts.rejected, watched.counts.rejected);
}

TYPED_TEST(Integrate, an_empty_span_is_no_work) {
  auto const solved = solve<TypeParam>(model_of<2>(DrivenCycle{}), fixed(3), 1.0, 1.0, DrivenCycle::start);

  EXPECT_EQ(solved.status, SolveStatus::success);
  EXPECT_EQ(solved.counts.rhs, 0);
  EXPECT_EQ(solved.y[0], DrivenCycle::start[0]);
}

// --- Failures are values ---------------------------------------------------------------------------------------------

TYPED_TEST(IntegrateAdaptively, too_few_steps_end_with_the_last_accepted_state) {
  StepControl control = adaptive(1e-8);
  auto const whole = solve<TypeParam>(model_of<1>(bump), control, 0.0, 2.0, one);
  control.max_steps = 6;

  auto const solved = solve<TypeParam>(model_of<1>(bump), control, 0.0, 2.0, one);

  EXPECT_EQ(solved.status, SolveStatus::max_steps_reached);
  EXPECT_EQ(solved.counts.accepted + solved.counts.rejected, 6);
  EXPECT_TRUE(std::isfinite(solved.y[0]));
  EXPECT_NE(solved.y[0], one[0]);
  control.max_steps = whole.counts.accepted + whole.counts.rejected;
  EXPECT_EQ(solve<TypeParam>(model_of<1>(bump), control, 0.0, 2.0, one).status, SolveStatus::success)
      << "exactly as many as needed are enough";
}

TYPED_TEST(IntegrateAdaptively, a_pole_ends_the_solve) {
  // y' = y^2 from 1 has its pole at t = 1.
  auto const pole = model_of<1>([](double, Vec<double, 1> const& y, Vec<double, 1>& dydt) { dydt[0] = y[0] * y[0]; });

  auto const solved = solve<TypeParam>(pole, adaptive(1e-4), 0.0, 2.0, one);

  EXPECT_TRUE(solved.status == SolveStatus::step_too_small || solved.status == SolveStatus::non_finite)
      << name_of(solved.status);
  EXPECT_TRUE(std::isfinite(solved.y[0]));
}

TYPED_TEST(IntegrateAdaptively, a_jump_larger_than_any_tolerance_makes_the_step_too_small) {
  // A scheme without a stage at the end of its step may step over the jump unseen, and behind it all is smooth again.
  if (TypeParam::c[TypeParam::stages - 1] < 1.0) return;
  // Whichever stages lie beyond the jump, the error estimate is at least 1e-3 of the change, ten times the tolerance.
  auto const wall =
      model_of<1>([](double t, Vec<double, 1> const&, Vec<double, 1>& dydt) { dydt[0] = t < 1.0 ? 0.0 : 1e30; });

  auto const solved = solve<TypeParam>(wall, adaptive(1e-4), 0.0, 2.0, one);

  EXPECT_EQ(solved.status, SolveStatus::step_too_small);
  EXPECT_EQ(solved.y[0], 1.0);
}

auto const nan_after_one = [](double t, Vec<double, 1> const& y, Vec<double, 1>& dydt) {
  dydt[0] = t > 1.0 ? nan : -y[0];
};

TYPED_TEST(IntegrateAdaptively, a_right_hand_side_that_turns_nan_ends_the_solve_at_once) {
  auto const solved = solve<TypeParam>(model_of<1>(nan_after_one), adaptive(1e-4), 0.0, 2.0, one);

  EXPECT_EQ(solved.status, SolveStatus::non_finite);
  EXPECT_TRUE(std::isfinite(solved.y[0]));
  ASSERT_FALSE(solved.recording.trials.empty());
  EXPECT_TRUE(std::isfinite(solved.recording.trials.back().error_norm)) << "the failed trial is nobody's business";
}

TYPED_TEST(IntegrateAdaptively, non_finite_trials_are_rejections_where_the_rule_says_so) {
  // So close to the wall that three cuts to a fifth do not get in front of it.
  StepControl control = adaptive(1e-4);
  control.initial_step = 0.5;
  control.rule.non_finite_rejections = 3;

  auto const solved = solve<TypeParam>(model_of<1>(nan_after_one), control, 1.0 - 1e-9, 2.0, one);

  EXPECT_EQ(solved.status, SolveStatus::non_finite);
  auto const& trials = solved.recording.trials;
  ASSERT_EQ(trials.size(), 3U);
  for (auto const& trial : trials) {
    EXPECT_FALSE(std::isfinite(trial.error_norm));
    EXPECT_FALSE(trial.accepted);
    EXPECT_EQ(trial.factor, control.rule.shrink_limit);
  }
}

TYPED_TEST(IntegrateAdaptively, a_stretch_of_nan_can_be_stepped_around_from_before) {
  // Not a number beyond 1 only for large states, which overshooting trials reach: smaller steps get through.
  auto const fragile = model_of<1>([](double, Vec<double, 1> const& y, Vec<double, 1>& dydt) {
    dydt[0] = y[0] > 1.5 ? nan : -100.0 * (y[0] - 1.2);
  });
  StepControl control = adaptive(1e-4);
  control.rule = StepSizeRule::paper();
  control.initial_step = 1.0;

  auto const solved = solve<TypeParam>(fragile, control, 0.0, 1.0, one);

  EXPECT_EQ(solved.status, SolveStatus::success);
  EXPECT_NEAR(solved.y[0], 1.2, 1e-2);
}

TYPED_TEST(IntegrateAdaptively, a_start_that_is_not_a_number_is_seen_before_the_first_step) {
  auto const broken = model_of<1>([](double, Vec<double, 1> const&, Vec<double, 1>& dydt) { dydt[0] = nan; });

  auto const solved = solve<TypeParam>(broken, adaptive(1e-4), 0.0, 2.0, one);

  EXPECT_EQ(solved.status, SolveStatus::non_finite);
  EXPECT_EQ(solved.counts.accepted + solved.counts.rejected, 0);
  EXPECT_EQ(solved.counts.rhs, 2);
}

TYPED_TEST(Integrate, overflow_is_not_a_result) {
  auto const explosive =
      model_of<1>([](double, Vec<double, 1> const& y, Vec<double, 1>& dydt) { dydt[0] = 1e200 * y[0] * y[0]; });

  auto const in_fixed_steps = solve<TypeParam>(explosive, fixed(10), 0.0, 1.0, one);

  EXPECT_EQ(in_fixed_steps.status, SolveStatus::non_finite);
  if constexpr (TypeParam::adaptive) {
    StepControl control = adaptive(1e-4);
    control.initial_step = 1.0;
    EXPECT_EQ(solve<TypeParam>(explosive, control, 0.0, 1.0, one).status, SolveStatus::non_finite);
  }
}

TEST(SolveStatus, has_the_names_of_the_result_tables) {
  EXPECT_EQ(name_of(SolveStatus::success), "success");
  EXPECT_EQ(name_of(SolveStatus::max_steps_reached), "max_steps");
  EXPECT_EQ(name_of(SolveStatus::step_too_small), "step_too_small");
  EXPECT_EQ(name_of(SolveStatus::non_finite), "non_finite");
  EXPECT_EQ(name_of(SolveStatus::arena_exhausted), "arena_exhausted");
}

// --- Published positions ---------------------------------------------------------------------------------------------

struct Positions {
  double t;
  std::array<double, 9> r;
};
class ThreeBodyPositions : public ::testing::TestWithParam<Positions> {};
INSTANTIATE_TEST_SUITE_P(Published, ThreeBodyPositions,
                         ::testing::Values(Positions{1.0,
                                                     {.5185965216, .2763387019, .6945241778, .1881154691, .4746741299,
                                                      .5305749697, .4712843984, .2113461230, .4985739594}},
                                           Positions{2.0,
                                                     {.4580603950, .6507144186, .9389058792, .8728286087, .6553711608,
                                                      .8081049557, .4323337694, .4177301266, .7454881477}}));

TEST_P(ThreeBodyPositions, are_reached_at_a_tight_tolerance) {
  ThreeBody const problem(Arguments::defaults(ThreeBody::arguments()));
  EnsembleModel<ThreeBody, double> model{};
  model.p = problem.parameter_values(0);
  Vec<double, 18> y = problem.initial_state(0);
  StepWorkspace<decltype(model)> work(tableau_of<DormandPrince54>, model);
  NoObserver observer;
  IntegrationCounts<> counts;

  SolveStatus const status =
      integrate(tableau_of<DormandPrince54>, model, adaptive(1e-12), 0.0, GetParam().t, y, work, observer, counts);

  ASSERT_EQ(status, SolveStatus::success);
  // Ten printed digits (5e-11) and the tolerance times a sensitivity of 58 at t = 1, hundreds at t = 2.
  constexpr double digits_and_sensitivity = 1e-9;
  for (int d = 0; d < 9; ++d)
    EXPECT_NEAR(y[d], GetParam().r[static_cast<std::size_t>(d)], digits_and_sensitivity) << "component " << d;
}

}  // namespace
}  // namespace retrace
