#pragma once

#include "solvers/rk_step.hpp"

namespace retrace {

/// Memory for the reverse of one step whose first `last` stages matter: stage arguments, their adjoints, one seed;
/// (2 last + 1) states. Besides, what `replayed` evaluations of f leave behind for their VJPs.
template <class Model>
struct StepAdjointWorkspace {
  typename Model::Stages arguments, argument_bar;
  typename Model::State seed;
  typename Model::Kept kept;

  KOKKOS_INLINE_FUNCTION StepAdjointWorkspace(Model const& model, int last, int replayed)
      : arguments(model.make_stages("retrace::step_adjoint::arguments", last)),
        argument_bar(model.make_stages("retrace::step_adjoint::argument_bar", last)),
        seed(model.make_state("retrace::step_adjoint::seed")),
        kept(model.make_kept("retrace::step_adjoint::kept", replayed)) {}
};

/// Stages that the reverse of a step must have room for.
[[nodiscard]] KOKKOS_INLINE_FUNCTION int reversed_stages(Tableau const& tab, StepControl const& control) {
  int const columns = control.objective.columns();
  return tab.last_used_stage > columns ? tab.last_used_stage : columns;
}

/// Derivatives of the loss in the two times of a step: tau at fixed h (1.4), eta in h (1.5).
template <class S>
struct StepTimeAdjoint {
  S tau{0.0}, eta{0.0};
};

/// Fills the stage arguments U_1 … U_last of a step from `y`; stage derivatives that they need are evaluated into `k`.
/// Evaluates f last - 1 times: no error estimate, no step search.
template <class Model>
KOKKOS_INLINE_FUNCTION void replay_stages(Tableau const& tab, int last, Model const& model,
                                          StepSpan<typename Model::Time> const& span, typename Model::State const& y,
                                          typename Model::Stages& k, StepAdjointWorkspace<Model>& work) {
  model.refer(work.arguments[0], y);
  for (int i = 0; i + 1 < last; ++i) {
    auto const index = static_cast<std::size_t>(i);
    model.rhs_keeping(stage_time(tab, i, span), work.arguments[index], k[index], work.kept, i);
    stage_argument(tab, i + 1, model, span.h, y, k, work.arguments[index + 1]);
  }
}

/// All stages again, K included, from the first stage argument on.
template <class Model>
KOKKOS_INLINE_FUNCTION void replay_stages_again(Tableau const& tab, Model const& model,
                                                StepSpan<typename Model::Time> const& span, typename Model::Stages& k,
                                                StepAdjointWorkspace<Model>& work) {
  for (int i = 0; i < tab.stages; ++i) {
    auto const index = static_cast<std::size_t>(i);
    if (i > 0) stage_argument(tab, i, model, span.h, work.arguments[0], k, work.arguments[index]);
    model.rhs(stage_time(tab, i, span), work.arguments[index], k[index]);
  }
}

/// Whether a replay has left behind what the VJPs of all stages but the last need.
enum class Activations { kept, formed_again };

/// What the reverse of a step has to do besides passing lambda on.
template <class Model>
struct StepReverse {
  Activations activations = Activations::kept;
  bool seeded = false;                  ///< work.argument_bar holds more seeds of the stages, one each
  bool running_loss = false;            ///< the loss is the integral of l: h b_i grad l(U_i) is added to each stage
  typename Model::Stages* k = nullptr;  ///< if given, tau and eta are formed; K_last is evaluated into it
};

/// The reverse of one step with its step size held fixed, Eqs. (1.1)-(1.5) of docs/methods.md: from
/// lambda = dL/dy_{n+1} to lambda = dL/dy_n, adding to p_bar. `work` must be as `replay_stages` leaves it, but for
/// what evaluations leave behind where these are formed again. `last` VJPs; one evaluation of f for tau and eta, which
/// mean nothing where h = 0.
template <class Model>
KOKKOS_INLINE_FUNCTION StepTimeAdjoint<typename Model::Time> reverse_step(
    Tableau const& tab, int last, Model const& model, StepSpan<typename Model::Time> const& span,
    typename Model::State& lambda, typename Model::Parameters& p_bar, StepAdjointWorkspace<Model>& work,
    StepReverse<Model> const& how = {}) {
  using S = typename Model::Time;
  StepTimeAdjoint<S> times;
  bool const with_times = how.k != nullptr;
  if (with_times) {
    auto const index = static_cast<std::size_t>(last - 1);
    model.rhs(stage_time(tab, last - 1, span), work.arguments[index], (*how.k)[index]);
  }
  for (int i = last - 1; i >= 0; --i) {
    auto const index = static_cast<std::size_t>(i);
    S const weight = S(tab.b[index]) * span.h;
    model.combine(work.seed, tab.adjoint_row(i, last), span.h, work.argument_bar, Scaled{weight, lambda});
    if (how.seeded) model.add(work.seed, S(1.0), work.argument_bar[index]);
    if (with_times) times.eta += model.dot((*how.k)[index], work.seed) / span.h;
    S const t = stage_time(tab, i, span);
    S t_bar(0.0);
    if (i < last - 1 && how.activations == Activations::kept)
      model.vjp_kept(t, work.arguments[index], work.seed, work.argument_bar[index], p_bar, t_bar, work.kept, i);
    else
      model.vjp(t, work.arguments[index], work.seed, work.argument_bar[index], p_bar, t_bar);
    times.tau += t_bar;
    if (with_times) times.eta += S(tab.c[index]) * t_bar;
    if (how.running_loss && tab.b[index] != 0.0) {
      if (with_times) times.eta += S(tab.b[index]) * model.loss(work.arguments[index]);
      model.loss_gradient(work.arguments[index], work.seed);
      model.add(work.argument_bar[index], weight, work.seed);
    }
  }
  model.add_stages(lambda, last, work.argument_bar);
  model.settle(p_bar);
  return times;
}

/// What the reverse of a trial has to do besides passing lambda and e_bar on.
template <class Model>
struct TrialReverse {
  typename Model::State const* last_stage_bar = nullptr;       ///< what later trials ask of K_s, if they share it
  MaskOf<typename Model::Time> const* running_loss = nullptr;  ///< lanes in which h b_i grad l(U_i) is added to U_i
  /// If given: the scheme with the columns of its dense output (Interpolant), of which `k` and the stage arguments hold
  /// all and work.argument_bar holds more seeds, one each.
  Tableau const* columns = nullptr;
};

/// As `reverse_step`, for a trial whose error estimate matters too: `e_bar` = dL/de seeds every stage with
/// h (b_i - b_hat_i) e_bar, and tau and eta are formed (they need the stage derivatives `k`). With a
/// first-same-as-last scheme, K_1 belongs to the trial that computed it: its adjoint is added to `first_stage_bar`
/// instead of going through f here.
template <class Model>
KOKKOS_INLINE_FUNCTION StepTimeAdjoint<typename Model::Time> reverse_trial(
    Tableau const& tab, Model const& model, StepSpan<typename Model::Time> const& span, typename Model::Stages const& k,
    typename Model::State const& e_bar, typename Model::State& first_stage_bar, typename Model::State& lambda,
    typename Model::Parameters& p_bar, StepAdjointWorkspace<Model>& work, TrialReverse<Model> const& how = {}) {
  using S = typename Model::Time;
  StepTimeAdjoint<S> times;
  Tableau const& rows = how.columns != nullptr ? *how.columns : tab;
  for (int i = rows.stages - 1; i >= 0; --i) {
    auto const index = static_cast<std::size_t>(i);
    model.combine(work.seed, rows.adjoint_row(i, rows.stages), span.h, work.argument_bar,
                  Scaled{S(tab.b[index]) * span.h, lambda}, Scaled{S(tab.error[index]) * span.h, e_bar});
    if (how.columns != nullptr) model.add(work.seed, S(1.0), work.argument_bar[index]);
    times.eta += model.dot(k[index], work.seed) / span.h;
    if (i == tab.stages - 1 && how.last_stage_bar != nullptr) model.add(work.seed, S(1.0), *how.last_stage_bar);
    if (tab.fsal && i == 0) {
      model.add(first_stage_bar, S(1.0), work.seed);
      model.set_zero(work.argument_bar[0]);
    } else {
      S const t = stage_time(i < tab.stages ? tab : rows, i, span);
      S t_bar(0.0);
      model.vjp(t, work.arguments[index], work.seed, work.argument_bar[index], p_bar, t_bar);
      times.tau += t_bar;
      times.eta += S(rows.c[index]) * t_bar;
    }
    if (how.running_loss != nullptr && tab.b[index] != 0.0) {
      S const weight = select(*how.running_loss, S(tab.b[index]), S(0.0));
      times.eta += weight * model.loss(work.arguments[index]);
      model.loss_gradient(work.arguments[index], work.seed);
      model.add(work.argument_bar[index], weight * span.h, work.seed);
    }
  }
  model.add_stages(lambda, rows.stages, work.argument_bar);
  model.settle(p_bar);
  return times;
}

}  // namespace retrace
