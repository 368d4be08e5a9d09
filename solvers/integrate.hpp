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
  StepSpan<S> span;
  S proposed;    ///< what the controller asked for, before it was clipped to hit the end
  S error_norm;  ///< E; 0 with fixed steps
  S factor;      ///< phi; the next proposal is |h| phi
  bool accepted, clipped;
  bool factor_is_constant;  ///< phi sits at a bound: no derivative through E
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
  bool is_constant;
};

template <Tableau Tab, class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION Factor<S> step_factor(StepSizeRule const& rule, S const& error_norm, bool accepted,
                                                           bool after_rejection) {
  if (!math::is_finite(error_norm)) return {S(rule.shrink_limit), true};
  double const lower = accepted ? rule.accepted_shrink_limit : rule.shrink_limit;
  double const upper = accepted && !(after_rejection && rule.no_growth_after_rejection) ? rule.growth_limit : 1.0;
  if (error_norm == S(0.0)) return {S(upper), true};
  S const ideal = S(rule.safety) * math::pow(error_norm, -controller_exponent<Tab>());
  if (ideal < S(lower)) return {S(lower), true};
  if (ideal > S(upper)) return {S(upper), true};
  return {ideal, false};
}

}  // namespace detail

/// Integrates y' = f(t, y) from t0 to t1 (either direction); on return `y` is y(t1), or the last accepted state if the
/// status is not `success`. Adaptive steps follow HNW II.4 with these rules: every accepted step has E <= 1, the last
/// one (clipped to end at t1 exactly) included; a non-finite E ends the solve (or counts as a rejection, if the rule
/// says so); a step below 16 u |t| ends it. The observer is told of the initial step and of every trial; it cannot
/// change anything.
///
/// Evaluations of f, exact: first-same-as-last schemes (accepted + rejected) (s - 1) + 1, others
/// (accepted + rejected) s; one more for each of the two where the initial step is chosen here (f at the end of an
/// Euler step; f(t0, y0) is shared with the first stage of a first-same-as-last scheme, else evaluated apart).
template <Tableau Tab, class Model, class Observer>
KOKKOS_INLINE_FUNCTION SolveStatus integrate(Model const& model, StepControl const& control,
                                             typename Model::Time const& t0, typename Model::Time const& t1,
                                             typename Model::State& y, StepWorkspace<Tab, Model>& work,
                                             Observer& observer, IntegrationCounts& counts) {
  using S = typename Model::Time;
  constexpr double round_off = 2.220446049250313e-16 / 2;  // u of double: time is kept in double
  S const direction = math::sign(t1 - t0);
  S t = t0;
  S proposed = math::abs(t1 - t0);
  bool have_first_stage = false;

  if (!control.adaptive()) {
    proposed = math::abs(t1 - t0) / S(static_cast<double>(control.fixed_steps));
  } else if (control.initial_step > 0.0) {
    proposed = math::min(S(control.initial_step), math::abs(t1 - t0));
  } else {
    model.rhs(t0, y, work.k[0]);
    InitialStep<S> const start = choose_initial_step<Tab>(model, control, t0, t1, y, work.k[0], work.y_new, work.u);
    counts.rhs += 2;
    if (!math::is_finite(start.h)) return SolveStatus::non_finite;
    proposed = start.h;
    have_first_stage = Tab::fsal;
    observer.on_start(start);
  }

  bool after_rejection = false;
  int non_finite_in_a_row = 0;
  while (t != t1) {
    if (counts.accepted + counts.rejected >= control.max_steps) return SolveStatus::max_steps_reached;
    S const remaining = math::abs(t1 - t);
    S const slack = S(16.0 * round_off) * math::max(math::abs(t), math::abs(t1));
    // Without the slack a proposal that misses t1 by a rounding would leave a step too small to take.
    bool const clipped =
        control.adaptive() ? proposed >= remaining - slack : counts.accepted == control.fixed_steps - 1;
    S const size = clipped ? remaining : proposed;
    if (!clipped && size <= slack) return SolveStatus::step_too_small;

    StepSpan<S> span{t, direction * size, t1};
    if (clipped)
      span.h = t1 - t;
    else
      span.t_next = t + span.h;
    if (!have_first_stage) {
      model.rhs(t, y, work.k[0]);
      ++counts.rhs;
    }
    rk_step<Tab, true>(model, span, y, work);
    counts.rhs += Tab::stages - 1;

    Trial<Tab, Model> trial{span, proposed, S(0.0), S(1.0), true, clipped, true, y, work};
    if constexpr (Tab::adaptive) {
      if (control.adaptive()) {
        trial.error_norm = model.template error_norm<Tab>(control, y, work.y_new, span.h, work.k);
        if (!math::is_finite(trial.error_norm) && non_finite_in_a_row++ >= control.rule.non_finite_rejections)
          return SolveStatus::non_finite;
        trial.accepted = trial.error_norm <= S(1.0);
        if (math::is_finite(trial.error_norm)) non_finite_in_a_row = 0;
        auto const factor = detail::step_factor<Tab>(control.rule, trial.error_norm, trial.accepted, after_rejection);
        trial.factor = factor.value;
        trial.factor_is_constant = factor.is_constant;
      }
    }
    observer.on_trial(trial);

    proposed = math::abs(span.h) * trial.factor;
    after_rejection = !trial.accepted;
    if (trial.accepted) {
      ++counts.accepted;
      t = span.t_next;
      model.take(y, work.y_new);
      if constexpr (Tab::fsal) model.take(work.k[0], work.k[Tab::stages - 1]);
    } else {
      ++counts.rejected;
    }
    have_first_stage = Tab::fsal;
  }
  return model.is_finite(y) ? SolveStatus::success : SolveStatus::non_finite;
}

}  // namespace retrace
