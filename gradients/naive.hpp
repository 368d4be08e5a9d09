#pragma once

#include "gradients/gradient_method.hpp"
#include "gradients/step_adjoint.hpp"
#include "solvers/integrate.hpp"

namespace retrace {

/// Reverse mode through the adaptive program as it ran ("N1"; the naive method of Zhuang et al. 2020): accepted and
/// rejected trials, the error norm, the controller and the choice of the first step; Eq. (4.1) of docs/methods.md.
/// All stages of all trials are kept, as a tape would. Decisions (accept, clip, bounds) have no derivative.
///
/// Cost with N accepted and R rejected trials: backward no evaluation of f; N s VJPs (FSAL N (s - 1) + 1), and as many
/// again for each rejected trial that influenced a step size. Memory: N + R records of s + 2 states and six numbers.
struct Naive {
  static constexpr std::string_view name = "naive";
  static constexpr std::string_view summary = "reverse mode through all trials, the error norm and the controller";
  static constexpr Promise promise = Promise::exact_program;

  enum Scalar { time, step, time_next, error_norm, factor, flags, scalars };
  enum Flag { accepted = 1, clipped = 2, factor_is_constant = 4 };

  /// States of a record: y, y_new, then the stages.
  template <Tableau Tab>
  [[nodiscard]] static constexpr RecordShape record_shape() {
    return {.scalars = scalars, .states = Tab::stages + 2};
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t n_accepted, std::int64_t n_rejected) {
    return n_accepted + n_rejected;
  }

  template <Tableau Tab, class Model>
  struct Workspace {
    using State = typename Model::State;
    StepWorkspace<Tab, Model> step;
    StepAdjointWorkspace<Tab, Model, Tab::stages> reverse;
    State e_bar, y_bar, trial_bar, first_stage_bar, last_stage_bar, y0;
    KOKKOS_INLINE_FUNCTION explicit Workspace(Model const& model)
        : step(model),
          reverse(model),
          e_bar(model.make_state("retrace::naive::e_bar")),
          y_bar(model.make_state("retrace::naive::y_bar")),
          trial_bar(model.make_state("retrace::naive::trial_bar")),
          first_stage_bar(model.make_state("retrace::naive::first_stage_bar")),
          last_stage_bar(model.make_state("retrace::naive::last_stage_bar")),
          y0(model.make_state("retrace::naive::y0")) {}
  };

  template <Tableau Tab, class Tape, class S>
  struct Recorder {
    Tape& tape;
    InitialStep<S> start{};
    KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const& s) { start = s; }
    template <class TrialType>
    KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
      if (!tape.append()) return;
      tape.put(time, trial.span.t);
      tape.put(step, trial.span.h);
      tape.put(time_next, trial.span.t_next);
      tape.put(error_norm, trial.error_norm);
      tape.put(factor, trial.factor);
      tape.put(flags, S((trial.accepted ? accepted : 0) + (trial.clipped ? clipped : 0) +
                        (trial.factor_is_constant ? factor_is_constant : 0)));
      tape.put_state(0, trial.y);
      tape.put_state(1, trial.work.y_new);
      for (int i = 0; i < Tab::stages; ++i) tape.put_state(2 + i, trial.work.k[static_cast<std::size_t>(i)]);
    }
  };

  template <Tableau Tab, class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static SolveStatus run(Model const& model, StepControl const& control,
                                                typename Model::Time const& t0, typename Model::Time const& t1,
                                                Workspace<Tab, Model>& work, Tape& tape, GradientState<Model>& g,
                                                WorkCounts& cost) {
    using S = typename Model::Time;
    Recorder<Tab, Tape, S> recorder{tape};
    IntegrationCounts forward;
    model.assign(work.y0, g.y);
    SolveStatus const status = integrate<Tab>(model, control, t0, t1, g.y, work.step, recorder, forward);
    cost.rhs_forward += forward.rhs;
    cost.accepted += forward.accepted;
    cost.rejected += forward.rejected;
    if (status != SolveStatus::success) return status;
    if (tape.overflowed()) return SolveStatus::arena_exhausted;

    g.loss = model.loss(g.y);
    model.loss_gradient(g.y, g.lambda);
    cost.graph_depth += tape.records() * Tab::stages;
    model.set_zero(work.first_stage_bar);
    S t_bar(0.0), proposed_bar(0.0);  // adjoints of the program's t and of its next proposed step size
    for (std::int64_t n = tape.records() - 1; n >= 0; --n) {
      reverse_one<Tab>(model, control, t0, t1, work, tape, n, g, t_bar, proposed_bar, cost);
    }
    reverse_start<Tab>(model, control, t0, t1, work, recorder.start, proposed_bar, g, cost);
    return model.is_finite(g.lambda) ? SolveStatus::success : SolveStatus::non_finite;
  }

 private:
  /// Reverse of trial `n`; Eq. (4.1).
  template <Tableau Tab, class Model, class Tape, class S>
  KOKKOS_INLINE_FUNCTION static void reverse_one(Model const& model, StepControl const& control, S const& t0,
                                                 S const& t1, Workspace<Tab, Model>& work, Tape const& tape,
                                                 std::int64_t n, GradientState<Model>& g, S& t_bar, S& proposed_bar,
                                                 WorkCounts& cost) {
    int const bits = static_cast<int>(tape.get(n, flags));
    bool const was_accepted = (bits & accepted) != 0, was_clipped = (bits & clipped) != 0;
    StepSpan<S> const span{tape.get(n, time), tape.get(n, step), tape.get(n, time_next)};
    S const direction = math::sign(t1 - t0), phi = tape.get(n, factor), e_norm = tape.get(n, error_norm);

    // The next proposal is |h| phi(E).
    S size_bar = proposed_bar * phi, e_norm_bar(0.0);
    if ((bits & factor_is_constant) == 0)
      e_norm_bar = -proposed_bar * math::abs(span.h) * phi * S(controller_exponent<Tab>()) / e_norm;
    if (!was_accepted && e_norm_bar == S(0.0)) {  // the trial left no trace but its size
      proposed_bar = size_bar;
      return;
    }

    auto& reverse = work.reverse;
    auto k = work.step.k;  // copies, because a field's states become names of the tape's memory here
    auto y_new = work.step.y_new;
    typename Model::State& y = reverse.arguments[0];
    tape.get_state(n, 0, y);
    tape.get_state(n, 1, y_new);
    for (int i = 0; i < Tab::stages; ++i) tape.get_state(n, 2 + i, k[static_cast<std::size_t>(i)]);
    static_for<1, Tab::stages>([&](auto i) {
      constexpr auto index = static_cast<std::size_t>(i());
      if constexpr (Tab::fsal && i() == Tab::stages - 1)
        model.refer(reverse.arguments[index], y_new);
      else
        stage_argument<Tab, i()>(model, span.h, y, k, reverse.arguments[index]);
    });

    model.set_zero(work.y_bar);
    model.set_zero(work.e_bar);
    model.set_zero(work.trial_bar);
    if constexpr (Tab::adaptive) {
      if (e_norm_bar != S(0.0)) {
        model.template error_norm_vjp<Tab>(control, e_norm, e_norm_bar, y, y_new, span.h, k, work.e_bar, work.y_bar,
                                           work.trial_bar);
      }
    }

    typename Model::State const* last_stage_bar = nullptr;
    if (was_accepted) {
      model.add(work.trial_bar, S(1.0), g.lambda);
      if constexpr (Tab::fsal) {  // K_s went on as K_1 of the next trials
        model.assign(work.last_stage_bar, work.first_stage_bar);
        model.set_zero(work.first_stage_bar);
        last_stage_bar = &work.last_stage_bar;
      }
      if (!was_clipped) size_bar += direction * t_bar;  // t + h; a clipped step ends at the constant t1
    }
    StepTimeAdjoint<S> const times = reverse_trial<Tab>(model, span, k, work.e_bar, last_stage_bar,
                                                        work.first_stage_bar, work.trial_bar, g.p_bar, reverse);
    cost.vjp += Tab::stages - (Tab::fsal ? 1 : 0);
    ++(was_accepted ? cost.reverse_accepted : cost.reverse_rejected);

    size_bar += direction * times.eta;
    if (was_accepted)
      model.assign(g.lambda, work.trial_bar);
    else
      model.add(g.lambda, S(1.0), work.trial_bar);
    model.add(g.lambda, S(1.0), work.y_bar);
    if (was_accepted && was_clipped) t_bar = S(0.0);
    t_bar += times.tau;
    if (was_clipped) t_bar -= direction * size_bar;  // h = t1 - t
    proposed_bar = was_clipped ? S(0.0) : size_bar;
  }

  /// Reverse of the choice of the first step and of the first stage that trials share.
  template <Tableau Tab, class Model, class S>
  KOKKOS_INLINE_FUNCTION static void reverse_start(Model const& model, StepControl const& control, S const& t0,
                                                   S const& t1, Workspace<Tab, Model>& work,
                                                   InitialStep<S> const& start, S const& h_bar, GradientState<Model>& g,
                                                   WorkCounts& cost) {
    bool const chosen_here = control.adaptive() && control.initial_step == 0.0;
    auto& f0_bar = work.first_stage_bar;
    if (chosen_here && h_bar != S(0.0)) {
      reverse_initial_step<Tab>(model, control, t0, t1, work, start, h_bar, g, cost);
    }
    bool const carried = Tab::fsal || (chosen_here && h_bar != S(0.0));
    if (!carried) return;
    S unused_t_bar(0.0);
    model.vjp(t0, work.y0, f0_bar, work.y_bar, g.p_bar, unused_t_bar);
    ++cost.vjp;
    model.add(g.lambda, S(1.0), work.y_bar);
  }

  template <Tableau Tab, class Model, class S>
  KOKKOS_INLINE_FUNCTION static void reverse_initial_step(Model const& model, StepControl const& control, S const& t0,
                                                          S const& t1, Workspace<Tab, Model>& work,
                                                          InitialStep<S> const& start, S const& h_bar,
                                                          GradientState<Model>& g, WorkCounts& cost) {
    if (start.h == math::abs(t1 - t0)) return;  // the bound, a constant
    S h_a_bar(0.0), h_b_bar(0.0), d0_bar(0.0), d1_bar(0.0), d2_bar(0.0);
    (S(100.0) * start.h_a <= start.h_b ? h_a_bar : h_b_bar) = h_bar;
    h_a_bar *= S(100.0);
    S const largest = math::max(start.d1, start.d2);
    if (largest <= S(1e-15)) {
      if (S(1e-3) * start.h_a > S(1e-6)) h_a_bar += S(1e-3) * h_b_bar;
    } else {
      (start.d2 > start.d1 ? d2_bar : d1_bar) -= h_b_bar * S(controller_exponent<Tab>()) * start.h_b / largest;
    }

    // f0 and the Euler step to u, f1 = f(t0 +- h_a, u) again: not on the tape, they are needed once.
    S const direction = math::sign(t1 - t0);
    auto& f0 = work.step.k[0];
    auto& u = work.step.u;
    auto& difference = work.step.y_new;
    auto& f0_bar = work.first_stage_bar;
    auto& difference_bar = work.e_bar;
    auto& u_bar = work.trial_bar;
    model.rhs(t0, work.y0, f0);
    model.assign(u, work.y0);
    model.add(u, direction * start.h_a, f0);
    model.rhs(t0 + direction * start.h_a, u, difference);
    model.add(difference, S(-1.0), f0);
    cost.rhs_backward += 2;

    model.set_zero(difference_bar);
    if (d2_bar != S(0.0)) {  // d2 = norm(f1 - f0) / h_a
      h_a_bar -= d2_bar * start.d2 / start.h_a;
      model.weighted_rms_vjp(control, start.d2 * start.h_a, d2_bar / start.h_a, difference, work.y0, difference_bar,
                             g.lambda);
    }
    S t_bar(0.0);
    model.vjp(t0 + direction * start.h_a, u, difference_bar, u_bar, g.p_bar, t_bar);
    ++cost.vjp;
    h_a_bar += direction * (t_bar + model.dot(u_bar, f0));
    model.add(g.lambda, S(1.0), u_bar);
    model.add(f0_bar, S(-1.0), difference_bar);
    model.add(f0_bar, direction * start.h_a, u_bar);

    if (!(start.d0 < S(1e-5) || start.d1 < S(1e-5))) {  // h_a = 0.01 d0 / d1
      d0_bar += h_a_bar * S(0.01) / start.d1;
      d1_bar -= h_a_bar * start.h_a / start.d1;
    }
    // d0 = norm(y0): y0 is argument and weight at once.
    if (d0_bar != S(0.0)) model.weighted_rms_vjp(control, start.d0, d0_bar, work.y0, work.y0, g.lambda, g.lambda);
    if (d1_bar != S(0.0)) model.weighted_rms_vjp(control, start.d1, d1_bar, f0, work.y0, f0_bar, g.lambda);
  }
};

}  // namespace retrace
