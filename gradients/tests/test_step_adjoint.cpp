// The reverse of one step against duals through the same step: where a whole gradient is wrong, this says which
// formula.
#include "core/tests/typed.hpp"
#include "gradients/step_adjoint.hpp"
#include "problems/van_der_pol_forced.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/registry.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace retrace {
namespace {

// Seven stages of some ten operations each, on numbers of size 1 to 10.
constexpr double round_off = 1000 * std::numeric_limits<double>::epsilon();

/// Unknowns of one step: y (2), p (2), then t at fixed h, then h.
constexpr int unknowns = 6, t_direction = 4, h_direction = 5;
using Number = Dual<double, unknowns>;
using Plain = EnsembleModel<VanDerPolForced, double>;
using Moving = EnsembleModel<VanDerPolForced, Number, Number>;

constexpr double t = 0.4, h = 0.17;
constexpr Vec<double, 2> y{{1.2, -0.8}}, p{{2.0, 0.7}}, y_new_bar{{0.6, -1.3}}, e_bar{{-0.9, 0.4}}, k_bar{{0.2, 1.1}};

template <class Tab>
class StepAdjoint : public ::testing::Test {
 protected:
  static constexpr Tableau const& tab = tableau_of<Tab>;

  struct Step {
    Vec<Number, 2> y_new, e, k_last;
  };
  /// The step in duals.
  static Step moving_step() {
    Moving model{};
    Vec<Number, 2> start{};
    for (int d = 0; d < 2; ++d) {
      start[d] = Number::variable(y[d], d);
      model.p[d] = Number::variable(p[d], 2 + d);
    }
    StepSpan<Number> span{Number::variable(t, t_direction), Number::variable(h, h_direction), {}};
    span.t_next = span.t + span.h;
    StepWorkspace<Moving> work(tab, model);
    model.rhs(span.t, start, work.k[0]);
    rk_step(tab, model, span, start, work);
    Step step{work.y_new, {}, work.k[Tab::stages - 1]};
    model.combine(step.e, tab.error_row(), span.h, work.k);
    return step;
  }
  /// The stage derivatives and arguments of the step in doubles.
  struct Replayed {
    Plain model{};
    StepSpan<double> span{t, h, t + h};
    StepWorkspace<Plain> step{tab, model};
    StepAdjointWorkspace<Plain> reverse{model, tab.stages, tab.stages - 1};
    Replayed() {
      model.p = p;
      model.rhs(t, y, step.k[0]);
      rk_step(tab, model, span, y, step);
      reverse.arguments[0] = y;
      for (int i = 1; i < tab.stages; ++i)
        stage_argument(tab, i, model, h, y, step.k, reverse.arguments[static_cast<std::size_t>(i)]);
    }
  };
  static double slope(Vec<Number, 2> const& x, Vec<double, 2> const& x_bar, int direction) {
    return x_bar[0] * x[0].tangent[direction] + x_bar[1] * x[1].tangent[direction];
  }
};
TYPED_TEST_SUITE(StepAdjoint, tests::Typed<AllTableaus>, tests::ByName);

TYPED_TEST(StepAdjoint, of_the_new_state_alone_is_the_transpose_of_the_step) {
  int const used = TestFixture::tab.last_used_stage;
  Plain model{};
  model.p = p;
  StepWorkspace<Plain> step(TestFixture::tab, model);
  StepAdjointWorkspace<Plain> work(model, used, used - 1);
  StepSpan<double> const span{t, h, t + h};
  Vec<double, 2> lambda = y_new_bar, p_bar{{0.25, 0.5}};

  replay_stages(TestFixture::tab, used, model, span, y, step.k, work);
  reverse_step(TestFixture::tab, used, model, span, lambda, p_bar, work);

  auto const expected = TestFixture::moving_step();
  for (int d = 0; d < 2; ++d) {
    EXPECT_NEAR(lambda[d], TestFixture::slope(expected.y_new, y_new_bar, d), round_off);
    EXPECT_NEAR(p_bar[d] - (d == 0 ? 0.25 : 0.5), TestFixture::slope(expected.y_new, y_new_bar, 2 + d), round_off);
  }
}

TYPED_TEST(StepAdjoint, of_a_trial_has_error_estimate_shared_stages_and_both_times) {
  typename TestFixture::Replayed replay;
  Vec<double, 2> lambda = y_new_bar, p_bar{}, first_stage_bar{}, first_y_bar{};
  constexpr bool fsal = TypeParam::fsal;

  StepTimeAdjoint<double> const times =
      reverse_trial(TestFixture::tab, replay.model, replay.span, replay.step.k, e_bar, first_stage_bar, lambda, p_bar,
                    replay.reverse, {.last_stage_bar = fsal ? &k_bar : nullptr});
  // A shared first stage is reversed by whoever computed it; here that is this test.
  double t_bar = 0.0;
  if (fsal) replay.model.vjp(t, y, first_stage_bar, first_y_bar, p_bar, t_bar);

  auto const expected = TestFixture::moving_step();
  auto const slope = [&](int direction) {
    return TestFixture::slope(expected.y_new, y_new_bar, direction) + TestFixture::slope(expected.e, e_bar, direction) +
           (fsal ? TestFixture::slope(expected.k_last, k_bar, direction) : 0.0);
  };
  for (int d = 0; d < 2; ++d) {
    EXPECT_NEAR(lambda[d] + first_y_bar[d], slope(d), round_off);
    EXPECT_NEAR(p_bar[d], slope(2 + d), round_off);
  }
  EXPECT_NEAR(times.tau + t_bar, slope(t_direction), round_off);
  EXPECT_NEAR(times.eta, slope(h_direction), round_off);
}

}  // namespace
}  // namespace retrace
