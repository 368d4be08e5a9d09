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
    StepAdjointWorkspace<Tab, Model, Tab::stages, 0> reverse;
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
      auto const flag = [](MaskOf<S> where, Flag bit) { return select(where, S(static_cast<double>(bit)), S(0.0)); };
      auto const stored = tape.append(trial.active);
      tape.put(stored, time, trial.span.t);
      tape.put(stored, step, trial.span.h);
      tape.put(stored, time_next, trial.span.t_next);
      tape.put(stored, error_norm, trial.error_norm);
      tape.put(stored, factor, trial.factor);
      tape.put(stored, flags,
               flag(trial.accepted, accepted) + flag(trial.clipped, clipped) +
                   flag(trial.factor_is_constant, factor_is_constant));
      tape.put_state(stored, 0, trial.y);
      tape.put_state(stored, 1, trial.work.y_new);
      for (int i = 0; i < Tab::stages; ++i) tape.put_state(stored, 2 + i, trial.work.k[static_cast<std::size_t>(i)]);
    }
  };

  template <Tableau Tab, class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Model const& model, StepControl const& control, typename Model::Time const& t0, typename Model::Time const& t1,
      Workspace<Tab, Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;
    Recorder<Tab, Tape, S> recorder{tape};
    IntegrationCounts<Count> forward;
    model.assign(work.y0, g.y);
    LaneStatus<S> status = integrate<Tab>(model, control, t0, t1, g.y, work.step, recorder, forward);
    cost.add_forward(forward);
    Mask const solved = status.is(SolveStatus::success);
    if (!any(solved)) return status;
    if (any(tape.overflowed())) {
      status.set(solved, SolveStatus::arena_exhausted);
      return status;
    }

    g.loss = model.loss(g.y);
    model.loss_gradient(g.y, g.lambda);
    cost.graph_depth += select(solved, (forward.accepted + forward.rejected) * Count(Tab::stages), Count(0));
    Reverse<Tab, Model, Tape> reverse{model, control, t0, t1, work, tape, g, cost};
    reverse.begin();
    for (std::int64_t n = tape.longest() - 1; n >= 0; --n) reverse.trial(n, solved & tape.holds(n));
    reverse.start(recorder.start, solved);
    status.set(solved & !model.is_finite(g.lambda), SolveStatus::non_finite);
    return status;
  }

 private:
  /// The backward sweep. Lanes that do not take part in an operation have zero seeds, and sums skip them.
  template <Tableau Tab, class Model, class Tape>
  struct Reverse {
    using S = typename Model::Time;
    using State = typename Model::State;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;

    Model const& model;
    StepControl const& control;
    S const &t0, &t1;
    Workspace<Tab, Model>& work;
    Tape const& tape;
    GradientState<Model>& g;
    WorkCountsOf<Count>& cost;
    S const direction = math::sign(t1 - t0);
    S t_bar{0.0}, proposed_bar{0.0};  // adjoints of the program's t and of its next proposed step size

    KOKKOS_INLINE_FUNCTION void begin() {
      model.set_zero(work.first_stage_bar);
      work.reverse.arguments[0] = g.y;  // something finite for lanes whose records have not begun
    }

    /// Reverse of trial `n`; Eq. (4.1).
    KOKKOS_INLINE_FUNCTION void trial(std::int64_t n, Mask active) {
      S bits = select(active, tape.get(n, flags), S(0.0));
      Mask const constant = take_flag(bits, factor_is_constant), is_clipped = take_flag(bits, clipped),
                 is_accepted = take_flag(bits, accepted);
      StepSpan<S> const span{select(active, tape.get(n, time), t1), select(active, tape.get(n, step), S(0.0)),
                             select(active, tape.get(n, time_next), t1)};
      S const phi = select(active, tape.get(n, factor), S(0.0)), e_norm = tape.get(n, error_norm);

      // The next proposal is |h| phi(E).
      S size_bar = proposed_bar * phi;
      S const through_factor = -proposed_bar * math::abs(span.h) * phi * S(controller_exponent<Tab>()) / e_norm;
      S const e_norm_bar = select(Mask(active & !constant), through_factor, S(0.0));
      Mask const through_error = e_norm_bar != S(0.0);
      Mask const traced = is_accepted | through_error;  // else the trial left no trace but its size
      if (any(traced)) trial_step(n, span, e_norm, e_norm_bar, traced, is_accepted, is_clipped, size_bar);

      t_bar -= select(is_clipped, direction * size_bar, S(0.0));  // h = t1 - t
      proposed_bar = select(active, select(is_clipped, S(0.0), size_bar), proposed_bar);
    }

    /// The part of `trial` that goes through the stages: lambda, p_bar, t_bar and size_bar.
    KOKKOS_INLINE_FUNCTION void trial_step(std::int64_t n, StepSpan<S> const& span, S const& e_norm,
                                           S const& e_norm_bar, Mask traced, Mask is_accepted, Mask is_clipped,
                                           S& size_bar) {
      auto k = work.step.k;  // copies, because a field's states become names of the tape's memory here
      auto y_new = work.step.y_new;
      State& y = work.reverse.arguments[0];
      load_stages(n, span, traced, y, y_new, k);

      model.set_zero(work.y_bar);
      model.set_zero(work.e_bar);
      model.set_zero(work.trial_bar);
      if constexpr (Tab::adaptive) {
        if (any(Mask(e_norm_bar != S(0.0)))) {
          model.template error_norm_vjp<Tab>(control, e_norm, e_norm_bar, y, y_new, span.h, k, work.e_bar, work.y_bar,
                                             work.trial_bar);
        }
      }
      model.add_where(is_accepted, work.trial_bar, g.lambda);
      State const* last_stage_bar = nullptr;
      if constexpr (Tab::fsal) {  // K_s of an accepted trial went on as K_1 of the next ones
        if (any(is_accepted)) {
          model.move_where(is_accepted, work.last_stage_bar, work.first_stage_bar);
          last_stage_bar = &work.last_stage_bar;
        }
      }
      Mask const moves_on = is_accepted & !is_clipped;  // to t + h; a clipped step ends at the constant t1
      size_bar += select(moves_on, direction * t_bar, S(0.0));
      StepTimeAdjoint<S> const times = reverse_trial<Tab>(model, span, k, work.e_bar, last_stage_bar,
                                                          work.first_stage_bar, work.trial_bar, g.p_bar, work.reverse);
      cost.vjp += Count(Tab::stages - (Tab::fsal ? 1 : 0)) * one_where<Count>(traced);
      cost.reverse_accepted += one_where<Count>(is_accepted);
      cost.reverse_rejected += one_where<Count>(Mask(traced & !is_accepted));

      size_bar += select(traced, direction * times.eta, S(0.0));
      Mask const is_rejected = traced & !is_accepted;
      model.assign_where(is_accepted, g.lambda, work.trial_bar);
      model.add_where(is_rejected, g.lambda, work.trial_bar);
      model.add_where(traced, g.lambda, work.y_bar);
      t_bar = select(Mask(is_accepted & is_clipped), S(0.0), t_bar) + select(traced, times.tau, S(0.0));
    }

    /// Trial `n` as it was: y, y_new, stages, and the arguments of the stages.
    template <class Stages>
    KOKKOS_INLINE_FUNCTION void load_stages(std::int64_t n, StepSpan<S> const& span, Mask traced, State& y,
                                            State& y_new, Stages& k) {
      tape.get_state_where(traced, n, 0, y);
      tape.get_state_where(traced, n, 1, y_new);
      for (int i = 0; i < Tab::stages; ++i) tape.get_state_where(traced, n, 2 + i, k[static_cast<std::size_t>(i)]);
      static_for<1, Tab::stages>([&](auto i) {
        constexpr auto index = static_cast<std::size_t>(i());
        if constexpr (Tab::fsal && i() == Tab::stages - 1)
          model.refer(work.reverse.arguments[index], y_new);
        else
          stage_argument<Tab, i()>(model, span.h, y, k, work.reverse.arguments[index]);
      });
    }

    /// Reverse of the choice of the first step and of the first stage that trials share.
    KOKKOS_INLINE_FUNCTION void start(InitialStep<S> const& chosen, Mask solved) {
      bool const chosen_here = control.adaptive() && control.initial_step == 0.0;
      S const h_bar = select(solved, proposed_bar, S(0.0));
      Mask const through_choice = Mask(chosen_here) & Mask(h_bar != S(0.0));
      if (any(through_choice)) initial_step(chosen, h_bar);
      Mask const carried = Mask(Tab::fsal) | through_choice;
      if (!any(carried)) return;
      S unused_t_bar(0.0);
      model.vjp(t0, work.y0, work.first_stage_bar, work.y_bar, g.p_bar, unused_t_bar);
      cost.vjp += one_where<Count>(Mask(solved & carried));
      model.add_where(carried, g.lambda, work.y_bar);
    }

    KOKKOS_INLINE_FUNCTION void initial_step(InitialStep<S> const& chosen, S const& chosen_bar) {
      S const h_bar = select(chosen.h == math::abs(t1 - t0), S(0.0), chosen_bar);  // the bound is a constant
      Mask const used = h_bar != S(0.0), from_h_a = S(100.0) * chosen.h_a <= chosen.h_b, flat = chosen.slopes_vanish(),
                 d2_is_larger = chosen.d2 > chosen.d1, h_a_counts = S(1e-3) * chosen.h_a > S(1e-6);
      if (!any(used)) return;
      S const h_b_bar = select(from_h_a, S(0.0), h_bar);
      S h_a_bar = select(from_h_a, S(100.0) * h_bar, S(0.0));
      h_a_bar += select(Mask(flat & h_a_counts), S(1e-3) * h_b_bar, S(0.0));
      S const slope_bar =
          select(Mask(used & !flat),
                 -h_b_bar * S(controller_exponent<Tab>()) * chosen.h_b / math::max(chosen.d1, chosen.d2), S(0.0));
      S const d2_bar = select(d2_is_larger, slope_bar, S(0.0));
      S d1_bar = select(d2_is_larger, S(0.0), slope_bar);

      // f0 and the Euler step to u, f1 = f(t0 +- h_a, u) again: not on the tape, they are needed once.
      auto& f0 = work.step.k[0];
      auto& u = work.step.u;
      auto& difference = work.step.y_new;
      auto& f0_bar = work.first_stage_bar;
      auto& difference_bar = work.e_bar;
      auto& u_bar = work.trial_bar;
      S const t_a = t0 + direction * chosen.h_a;
      model.rhs(t0, work.y0, f0);
      model.assign(u, work.y0);
      model.add(u, direction * chosen.h_a, f0);
      model.rhs(t_a, u, difference);
      model.add(difference, S(-1.0), f0);
      cost.rhs_backward += Count(2) * one_where<Count>(used);

      model.set_zero(difference_bar);
      if (any(Mask(d2_bar != S(0.0)))) {  // d2 = norm(f1 - f0) / h_a
        h_a_bar -= select(d2_bar != S(0.0), d2_bar * chosen.d2 / chosen.h_a, S(0.0));
        model.weighted_rms_vjp(control, chosen.d2 * chosen.h_a, d2_bar / chosen.h_a, difference, work.y0,
                               difference_bar, g.lambda);
      }
      S time_bar(0.0);
      model.vjp(t_a, u, difference_bar, u_bar, g.p_bar, time_bar);
      cost.vjp += one_where<Count>(used);
      h_a_bar += select(used, direction * (time_bar + model.dot(u_bar, f0)), S(0.0));
      model.add_where(used, g.lambda, u_bar);
      model.add(f0_bar, S(-1.0), difference_bar);
      model.add(f0_bar, direction * select(used, chosen.h_a, S(0.0)), u_bar);

      // h_a = 0.01 d0 / d1; d0 = norm(y0), where y0 is argument and weight at once.
      Mask const ratio = used & !chosen.norms_vanish();
      S const d0_bar = select(ratio, h_a_bar * S(0.01) / chosen.d1, S(0.0));
      d1_bar -= select(ratio, h_a_bar * chosen.h_a / chosen.d1, S(0.0));
      if (any(Mask(d0_bar != S(0.0))))
        model.weighted_rms_vjp(control, chosen.d0, d0_bar, work.y0, work.y0, g.lambda, g.lambda);
      if (any(Mask(d1_bar != S(0.0))))
        model.weighted_rms_vjp(control, chosen.d1, d1_bar, f0, work.y0, f0_bar, g.lambda);
    }

    /// Splits the highest flag off `bits`.
    [[nodiscard]] KOKKOS_INLINE_FUNCTION static Mask take_flag(S& bits, Flag flag) {
      S const value = S(static_cast<double>(flag));
      Mask const set = bits >= value;
      bits = select(set, bits - value, bits);
      return set;
    }
  };
};

}  // namespace retrace
