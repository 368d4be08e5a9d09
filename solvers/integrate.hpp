#pragma once

#include "core/math.hpp"
#include "solvers/initial_step.hpp"
#include "solvers/rk_step.hpp"
#include "solvers/step_control.hpp"

namespace retrace {

/// One trial step as observers see it, before the state moves on. `work.k`, `work.y_new` hold its stages and result.
template <Tableau Tab, class Model>
struct Trial {
  using S = typename Model::Time;
  using Mask = MaskOf<S>;
  StepSpan<S> span;
  S proposed;     ///< what the controller asked for, before it was clipped to hit the end
  S error_norm;   ///< E; 0 with fixed steps
  S factor;       ///< phi; the next proposal is |h| phi
  Mask active;    ///< lanes that take part; the others have ended, and their h is 0
  Mask accepted;  ///< of the active ones
  Mask clipped;
  Mask factor_is_constant;  ///< phi sits at a bound: no derivative through E
  typename Model::State const& y;
  StepWorkspace<Tab, Model> const& work;
};

/// An observer that sees nothing.
struct NoObserver {
  template <class TrialType>
  KOKKOS_INLINE_FUNCTION void on_trial(TrialType const&) {}
  template <class S>
  KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const&) {}
};

namespace detail {

/// phi = clip(safety E^{-1/(q+1)}) with the bounds of the rule; whether a bound was hit.
template <class S>
struct Factor {
  S value;
  MaskOf<S> is_constant;
};

template <Tableau Tab, class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION Factor<S> step_factor(StepSizeRule const& rule, S const& error_norm,
                                                           MaskOf<S> accepted, MaskOf<S> after_rejection) {
  using Mask = MaskOf<S>;
  Mask const held = after_rejection & Mask(rule.no_growth_after_rejection), may_grow = accepted & !held;
  S const lower = select(accepted, S(rule.accepted_shrink_limit), S(rule.shrink_limit));
  S const upper = select(may_grow, S(rule.growth_limit), S(1.0));
  S const ideal = S(rule.safety) * math::pow(error_norm, -controller_exponent<Tab>());  // infinite where E = 0
  Mask const finite = math::is_finite(error_norm), low = ideal<lower, high = ideal> upper;
  Factor<S> factor{select(low, lower, select(high, upper, ideal)), Mask(low | high | !finite)};
  factor.value = select(finite, factor.value, S(rule.shrink_limit));
  return factor;
}

}  // namespace detail

/// Integrates y' = f(t, y) from t0 to t1 (either direction); on return `y` is y(t1), or the last accepted state where
/// the status is not `success`. Adaptive steps follow HNW II.4 with these rules: every accepted step has E <= 1, the
/// last one (clipped to end at t1 exactly) included; a non-finite E ends the solve (or counts as a rejection, if the
/// rule says so); a step below 16 u |t| ends it. The observer is told of the initial step and of every trial; it cannot
/// change anything.
///
/// If the scalars are packs, each lane has its own time, step size and status, and takes the steps that it would take
/// alone, to the bit. Lanes that have ended go along with h = 0.
///
/// Evaluations of f, exact and per lane: first-same-as-last schemes (accepted + rejected) (s - 1) + 1, others
/// (accepted + rejected) s; one more for each of the two where the initial step is chosen here (f at the end of an
/// Euler step; f(t0, y0) is shared with the first stage of a first-same-as-last scheme, else evaluated apart).
template <Tableau Tab, class Model, class Observer>
KOKKOS_INLINE_FUNCTION LaneStatus<typename Model::Time> integrate(
    Model const& model, StepControl const& control, typename Model::Time const& t0, typename Model::Time const& t1,
    typename Model::State& y, StepWorkspace<Tab, Model>& work, Observer& observer,
    IntegrationCounts<CountOf<typename Model::Time>>& counts) {
  using S = typename Model::Time;
  using Mask = MaskOf<S>;
  using Count = CountOf<S>;
  LaneStatus<S> status;
  S const direction = math::sign(t1 - t0);
  S t = t0, proposed = math::abs(t1 - t0);
  Mask running = t != t1;
  bool have_first_stage = false;

  if (!control.adaptive()) {
    proposed = proposed / S(static_cast<double>(control.fixed_steps));
  } else if (control.initial_step > 0.0) {
    proposed = math::min(S(control.initial_step), proposed);
  } else if (any(running)) {
    model.rhs(t0, y, work.k[0]);
    InitialStep<S> const start = choose_initial_step<Tab>(model, control, t0, t1, y, work.k[0], work.y_new, work.u);
    counts.rhs += Count(2) * one_where<Count>(running);
    Mask const hopeless = running & !math::is_finite(start.h);
    status.set(hopeless, SolveStatus::non_finite);
    running = running & !hopeless;
    proposed = start.h;
    have_first_stage = Tab::fsal;
    if (any(running)) observer.on_start(start);
  }

  Mask after_rejection(false);
  Count non_finite_in_a_row(0);
  Count const limit = largest_count<S>(control.max_steps), last_fixed = largest_count<S>(control.fixed_steps - 1);
  while (any(running)) {
    Mask const spent = running & Mask(counts.accepted + counts.rejected >= limit);
    status.set(spent, SolveStatus::max_steps_reached);
    running = running & !spent;
    S const remaining = math::abs(t1 - t);
    // Without the slack a proposal that misses t1 by a rounding would leave a step too small to take.
    S const slack = S(16.0 * round_off<S>()) * math::max(math::abs(t), math::abs(t1));
    Mask const clipped = control.adaptive() ? Mask(proposed >= remaining - slack) : Mask(counts.accepted == last_fixed);
    Mask const too_small = running & !clipped & Mask(proposed <= slack);
    status.set(too_small, SolveStatus::step_too_small);
    running = running & !too_small;
    if (!any(running)) break;

    S const h = direction * proposed;
    StepSpan<S> const span{t, select(running, select(clipped, t1 - t, h), S(0.0)),
                           select(running, select(clipped, t1, t + h), t)};
    if (!have_first_stage) {
      model.rhs(t, y, work.k[0]);
      counts.rhs += one_where<Count>(running);
    }
    rk_step<Tab, true>(model, span, y, work);
    counts.rhs += Count(Tab::stages - 1) * one_where<Count>(running);

    Trial<Tab, Model> trial{span, proposed, S(0.0), S(1.0), running, running, clipped, Mask(true), y, work};
    if constexpr (Tab::adaptive) {
      if (control.adaptive()) {
        trial.error_norm = model.template error_norm<Tab>(control, y, work.y_new, span.h, work.k);
        Mask const finite = math::is_finite(trial.error_norm);
        non_finite_in_a_row = select(finite, Count(0), non_finite_in_a_row + one_where<Count>(Mask(running & !finite)));
        Mask const hopeless = running & Mask(non_finite_in_a_row > Count(control.rule.non_finite_rejections));
        status.set(hopeless, SolveStatus::non_finite);
        running = running & !hopeless;
        if (!any(running)) break;
        trial.active = running;
        trial.accepted = running & Mask(trial.error_norm <= S(1.0));
        auto const factor = detail::step_factor<Tab>(control.rule, trial.error_norm, trial.accepted, after_rejection);
        trial.factor = factor.value;
        trial.factor_is_constant = factor.is_constant;
      }
    }
    observer.on_trial(trial);

    proposed = math::abs(span.h) * trial.factor;
    after_rejection = !trial.accepted;
    counts.accepted += one_where<Count>(trial.accepted);
    counts.rejected += one_where<Count>(Mask(running & !trial.accepted));
    t = select(trial.accepted, span.t_next, t);
    model.take_where(trial.accepted, y, work.y_new);
    if constexpr (Tab::fsal) model.take_where(trial.accepted, work.k[0], work.k[Tab::stages - 1]);
    have_first_stage = Tab::fsal;
    running = running & Mask(t != t1);
  }
  Mask const arrived = status.is(SolveStatus::success);
  status.set(arrived & !model.is_finite(y), SolveStatus::non_finite);
  return status;
}

}  // namespace retrace
