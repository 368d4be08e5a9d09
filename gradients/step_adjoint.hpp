#pragma once

#include "solvers/rk_step.hpp"

namespace retrace {

/// Memory for the reverse of one step: stage arguments, their adjoints, one seed; (2 Last + 1) states. Besides, what
/// `Replayed` evaluations of f leave behind for their VJPs: those of a replay, else none.
template <Tableau Tab, class Model, int Last, int Replayed = Last - 1>
struct StepAdjointWorkspace {
  typename Model::template Stages<Last> arguments, argument_bar;
  typename Model::State seed;
  typename Model::template Kept<Replayed> kept;

  KOKKOS_INLINE_FUNCTION explicit StepAdjointWorkspace(Model const& model)
      : arguments(model.template make_stages<Last>("retrace::step_adjoint::arguments")),
        argument_bar(model.template make_stages<Last>("retrace::step_adjoint::argument_bar")),
        seed(model.make_state("retrace::step_adjoint::seed")),
        kept(model.template make_kept<Replayed>("retrace::step_adjoint::kept")) {}
};

/// Derivatives of the loss in the two times of a step: tau at fixed h (1.4), eta in h (1.5).
template <class S>
struct StepTimeAdjoint {
  S tau{0.0}, eta{0.0};
};

/// Fills the stage arguments U_1 … U_Last of a step from `y`; stage derivatives that they need are evaluated into `k`.
/// Evaluates f Last - 1 times: no error estimate, no step search.
template <Tableau Tab, int Last, class Model>
KOKKOS_INLINE_FUNCTION void replay_stages(Model const& model, StepSpan<typename Model::Time> const& span,
                                          typename Model::State const& y,
                                          typename Model::template Stages<Tab::stages>& k,
                                          StepAdjointWorkspace<Tab, Model, Last>& work) {
  model.refer(work.arguments[0], y);
  static_for<0, Last - 1>([&](auto i) {
    constexpr auto index = static_cast<std::size_t>(i());
    model.template rhs_keeping<i()>(stage_time<Tab>(span, i), work.arguments[index], k[index], work.kept);
    stage_argument<Tab, i() + 1>(model, span.h, y, k, work.arguments[static_cast<std::size_t>(i() + 1)]);
  });
}

/// The reverse of one step with its step size held fixed, Eqs. (1.1)-(1.3) of docs/methods.md: from
/// lambda = dL/dy_{n+1} to lambda = dL/dy_n, adding to p_bar. `work` must be as `replay_stages` leaves it. Last VJPs.
template <Tableau Tab, int Last, class Model>
KOKKOS_INLINE_FUNCTION void reverse_step(Model const& model, StepSpan<typename Model::Time> const& span,
                                         typename Model::State& lambda, typename Model::Parameters& p_bar,
                                         StepAdjointWorkspace<Tab, Model, Last>& work) {
  using S = typename Model::Time;
  S t_bar(0.0);
  static_for_reverse<0, Last>([&](auto i) {
    constexpr auto index = static_cast<std::size_t>(i());
    constexpr double b = Tab::b[index];
    model.template combine<AdjointRow<Tab, i(), Last>>(work.seed, span.h, work.argument_bar,
                                                       Scaled{S(b) * span.h, lambda});
    S const t = stage_time<Tab>(span, i);
    if constexpr (i() < Last - 1) {
      model.template vjp_kept<i()>(t, work.arguments[index], work.seed, work.argument_bar[index], p_bar, t_bar,
                                   work.kept);
    } else {
      model.vjp(t, work.arguments[index], work.seed, work.argument_bar[index], p_bar, t_bar);
    }
  });
  model.template combine<OnesRow<Last>>(lambda, S(1.0), work.argument_bar, Plain{lambda});
}

/// As `reverse_step`, for a trial whose error estimate matters too: `e_bar` = dL/de seeds every stage with
/// h (b_i - b_hat_i) e_bar, and tau and eta are formed (they need the stage derivatives `k`). With a
/// first-same-as-last scheme, K_1 belongs to the trial that computed it: its adjoint is added to `first_stage_bar`
/// instead of going through f here, and `last_stage_bar` is what later trials ask of K_s.
template <Tableau Tab, class Model, int Replayed>
KOKKOS_INLINE_FUNCTION StepTimeAdjoint<typename Model::Time> reverse_trial(
    Model const& model, StepSpan<typename Model::Time> const& span,
    typename Model::template Stages<Tab::stages> const& k, typename Model::State const& e_bar,
    typename Model::State const* last_stage_bar, typename Model::State& first_stage_bar, typename Model::State& lambda,
    typename Model::Parameters& p_bar, StepAdjointWorkspace<Tab, Model, Tab::stages, Replayed>& work) {
  using S = typename Model::Time;
  StepTimeAdjoint<S> times;
  static_for_reverse<0, Tab::stages>([&](auto i) {
    constexpr auto index = static_cast<std::size_t>(i());
    constexpr double b = Tab::b[index], d = b - Tab::b_hat[index], c = Tab::c[index];
    model.template combine<AdjointRow<Tab, i(), Tab::stages>>(
        work.seed, span.h, work.argument_bar, Scaled{S(b) * span.h, lambda}, Scaled{S(d) * span.h, e_bar});
    times.eta += model.dot(k[index], work.seed) / span.h;
    if constexpr (Tab::fsal && i() == Tab::stages - 1) {
      if (last_stage_bar != nullptr) model.add(work.seed, S(1.0), *last_stage_bar);
    }
    if constexpr (Tab::fsal && i() == 0) {
      model.add(first_stage_bar, S(1.0), work.seed);
      model.set_zero(work.argument_bar[0]);
    } else {
      S t_bar(0.0);
      model.vjp(stage_time<Tab>(span, i), work.arguments[index], work.seed, work.argument_bar[index], p_bar, t_bar);
      times.tau += t_bar;
      times.eta += S(c) * t_bar;
    }
  });
  model.template combine<OnesRow<Tab::stages>>(lambda, S(1.0), work.argument_bar, Plain{lambda});
  return times;
}

}  // namespace retrace
