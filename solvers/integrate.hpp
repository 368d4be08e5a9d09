#pragma once

#include "core/dual.hpp"
#include "core/math.hpp"
#include "solvers/initial_step.hpp"
#include "solvers/rk_step.hpp"
#include "solvers/step_control.hpp"

namespace retrace {

/// What a controller knows of the accepted steps before the present one: the two last errors and sizes. Size 0: there
/// was no such step. Steps that were clipped to hit a time are left out: their size was not the controller's choice,
/// and their error says nothing of the step that it would have taken.
template <class S>
struct ControllerMemory {
  S error_1{1.0}, error_2{1.0}, size_1{0.0}, size_2{0.0};

  KOKKOS_INLINE_FUNCTION void accept_where(MaskOf<S> where, StepSizeRule const& rule, S const& error, S const& size) {
    error_2 = select(where, error_1, error_2);
    error_1 = select(where, math::max(error, S(rule.least_remembered_error)), error_1);
    size_2 = select(where, size_1, size_2);
    size_1 = select(where, size, size_1);
  }
};

/// One trial step as observers see it, before the state moves on. `work.k`, `work.y_new` hold its stages and result.
template <class Model>
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
  Mask factor_is_constant;            ///< phi sits at a bound: no derivative through E
  ControllerMemory<S> const& memory;  ///< of the controller, before this trial
  typename Model::State const& y;
  StepMemory<Model> const& work;
};

/// An observer that sees nothing.
struct NoObserver {
  template <class TrialType>
  KOKKOS_INLINE_FUNCTION void on_trial(TrialType const&) {}
  template <class S>
  KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const&) {}
};

namespace detail {

/// phi = clip(safety E^{-1/(q+1)}) with the bounds of the rule; whether a bound was hit. See ControllerGains for rules
/// that remember; `size` is |h| then.
template <class S>
struct Factor {
  S value;
  MaskOf<S> is_constant;
};

/// phi of an accepted step, unclipped.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S remembering_factor(Tableau const& tab, StepSizeRule const& rule,
                                                          S const& error_norm, ControllerMemory<S> const& memory,
                                                          S const& size) {
  ControllerGains const& gains = rule.gains;
  double const exponent = -tab.controller_exponent;
  S phi = S(rule.safety) * math::pow(error_norm, gains.error * exponent);
  if (gains.error_1 != 0.0) phi *= math::pow(memory.error_1, gains.error_1 * exponent);
  if (gains.error_2 != 0.0) phi *= math::pow(memory.error_2, gains.error_2 * exponent);
  S const one(1.0), none(0.0);
  if (gains.ratio != 0.0) phi *= math::pow(select(memory.size_1 > none, size / memory.size_1, one), -gains.ratio);
  if (gains.ratio_1 != 0.0)
    phi *= math::pow(select(memory.size_2 > none, memory.size_1 / memory.size_2, one), -gains.ratio_1);
  return phi;
}

template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION Factor<S> step_factor(Tableau const& tab, StepSizeRule const& rule,
                                                           S const& error_norm, MaskOf<S> accepted,
                                                           MaskOf<S> after_rejection,
                                                           ControllerMemory<S> const& memory = {},
                                                           S const& size = S(1.0)) {
  using Mask = MaskOf<S>;
  Mask const held = after_rejection & Mask(rule.no_growth_after_rejection), may_grow = accepted & !held;
  S const lower = select(accepted, S(rule.accepted_shrink_limit), S(rule.shrink_limit));
  S const upper = select(may_grow, S(rule.growth_limit), S(1.0));
  S ideal = S(rule.safety) * math::pow(error_norm, -tab.controller_exponent);  // infinite where E = 0
  if (rule.gains.remember()) ideal = select(accepted, remembering_factor(tab, rule, error_norm, memory, size), ideal);
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
/// Observations that are to be hit (LossKind::exact) end a step exactly, as t1 does; the step after goes on with the
/// size that was proposed before the clipping, and the controller forgets the clipped step.
///
/// If the scalars are packs, each lane has its own time, step size and status, and takes the steps that it would take
/// alone, to the bit. Lanes that have ended go along with h = 0.
///
/// Evaluations of f, exact and per lane: first-same-as-last schemes (accepted + rejected) (s - 1) + 1, others
/// (accepted + rejected) s; one more for each of the two where the initial step is chosen here (f at the end of an
/// Euler step; f(t0, y0) is shared with the first stage of a first-same-as-last scheme, else evaluated apart).
template <class Model, class Observer>
KOKKOS_INLINE_FUNCTION LaneStatus<typename Model::Time> integrate(
    Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
    typename Model::Time const& t1, typename Model::State& y, StepMemory<Model>& work, Observer& observer,
    IntegrationCounts<CountOf<typename Model::Time>>& counts) {
  using S = typename Model::Time;
  using Mask = MaskOf<S>;
  using Count = CountOf<S>;
  LaneStatus<S> status;
  S const direction = math::sign(t1 - t0);
  S t = t0, proposed = math::abs(t1 - t0);
  Mask running = t != t1;
  bool have_first_stage = false;
  ObservationCursor<S> stops(control.objective, control.objective.kind == LossKind::exact);
  bool const has_stops = any(stops.more());
  if (has_stops) stops.advance(stops.more() & Mask(stops.time_or(t1) == t0));

  if (!control.adaptive()) {
    proposed = proposed / S(static_cast<double>(control.fixed_steps));
  } else if (control.initial_step > 0.0) {
    proposed = math::min(S(control.initial_step), proposed);
  } else if (any(running)) {
    model.rhs(t0, y, work.k[0]);
    InitialStep<S> const start = choose_initial_step(tab, model, control, t0, t1, y, work.k[0], work.y_new, work.u);
    counts.rhs += Count(2) * one_where<Count>(running);
    Mask const hopeless = running & !math::is_finite(start.h);
    status.set(hopeless, SolveStatus::non_finite);
    running = running & !hopeless;
    proposed = start.h;
    have_first_stage = tab.fsal;
    if (any(running)) observer.on_start(start);
  }

  Mask after_rejection(false);
  ControllerMemory<S> memory;
  Count non_finite_in_a_row(0);
  Count const limit = largest_count<S>(control.max_steps), last_fixed = largest_count<S>(control.fixed_steps - 1);
  while (any(running)) {
    Mask const spent = running & Mask(counts.accepted + counts.rejected >= limit);
    status.set(spent, SolveStatus::max_steps_reached);
    running = running & !spent;
    S const stop = stops.time_or(t1);
    S const target = select(Mask(stop == t1), t1, stop);  // where the step may not go beyond
    S const remaining = math::abs(target - t);
    // Without the slack a proposal that misses t1 by a rounding would leave a step too small to take.
    S const slack = S(16.0 * round_off<S>()) * math::max(math::abs(t), math::abs(t1));
    // Equal steps that meet observations are counted no more; rounding must not add one at the end.
    S const ample = has_stops && !control.adaptive() ? S(1e-6) * proposed : slack;
    Mask const clipped =
        control.adaptive() || has_stops ? Mask(proposed >= remaining - ample) : Mask(counts.accepted == last_fixed);
    Mask const too_small = running & !clipped & Mask(proposed <= slack);
    status.set(too_small, SolveStatus::step_too_small);
    running = running & !too_small;
    if (!any(running)) break;

    S const h = direction * proposed;
    StepSpan<S> const span{t, select(running, select(clipped, target - t, h), S(0.0)),
                           select(running, select(clipped, target, t + h), t)};
    if (!have_first_stage) {
      model.rhs(t, y, work.k[0]);
      counts.rhs += one_where<Count>(running);
    }
    bool const update_with_error_norm = control.adaptive() && !tab.fsal;
    rk_step(tab, model, span, y, work, update_with_error_norm ? StepPart::without_update : StepPart::everything);
    counts.rhs += Count(tab.stages - 1) * one_where<Count>(running);

    Trial<Model> trial{span, proposed, S(0.0), S(1.0), running, running, clipped, Mask(true), memory, y, work};
    if (control.adaptive()) {
      trial.error_norm = update_with_error_norm
                             ? model.update_and_error_norm(tab, control, y, work.y_new, span.h, work.k)
                             : model.error_norm(tab, control, y, work.y_new, span.h, work.k);
      Mask const finite = math::is_finite(trial.error_norm);
      non_finite_in_a_row = select(finite, Count(0), non_finite_in_a_row + one_where<Count>(Mask(running & !finite)));
      Mask const hopeless = running & Mask(non_finite_in_a_row > Count(control.rule.non_finite_rejections));
      status.set(hopeless, SolveStatus::non_finite);
      running = running & !hopeless;
      if (!any(running)) break;
      trial.active = running;
      trial.accepted = running & Mask(trial.error_norm <= S(1.0));
      auto const factor = detail::step_factor(tab, control.rule, trial.error_norm, trial.accepted, after_rejection,
                                              memory, math::abs(span.h));
      trial.factor = control.detached_factor ? detached(factor.value) : factor.value;
      trial.factor_is_constant = factor.is_constant;
    }
    observer.on_trial(trial);

    proposed = select(Mask(trial.accepted & clipped), proposed, math::abs(span.h) * trial.factor);
    if (has_stops) stops.advance(trial.accepted & clipped & stops.more());
    after_rejection = !trial.accepted;
    if (control.rule.gains.remember())
      memory.accept_where(trial.accepted & !clipped, control.rule, trial.error_norm, math::abs(span.h));
    counts.accepted += one_where<Count>(trial.accepted);
    counts.rejected += one_where<Count>(Mask(running & !trial.accepted));
    t = select(trial.accepted, span.t_next, t);
    model.take_where(trial.accepted, y, work.y_new);
    if (tab.fsal) model.take_where(trial.accepted, work.k[0], work.k[static_cast<std::size_t>(tab.stages - 1)]);
    have_first_stage = tab.fsal;
    running = running & Mask(t != t1);
  }
  Mask const arrived = status.is(SolveStatus::success);
  status.set(arrived & !model.is_finite(y), SolveStatus::non_finite);
  return status;
}

}  // namespace retrace
