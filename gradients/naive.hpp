#pragma once

#include "gradients/frozen_sweep.hpp"

namespace retrace {

/// What counts as a constant: nothing; the controller's factor; every step size.
enum class Detached { nothing, factor, sizes };

/// Reverse mode through the adaptive program as it ran ("N1"; the naive method of Zhuang et al. 2020): accepted and
/// rejected trials, the error norm, the controller and the choice of the first step; Eq. (4.1) of docs/methods.md.
/// All stages of all trials are kept, as a tape would. Decisions (accept, clip, bounds) have no derivative.
///
/// With the controller's factor detached ("N1/2"), step sizes still depend on the first one, whose choice is on the
/// tape. With the first step detached, too ("N0"), what is left is the derivative of the accepted steps with their
/// sizes held fixed: that of `aca`, at the memory of `naive`.
///
/// Cost with N accepted and R rejected trials: backward no evaluation of f; N s VJPs (FSAL N (s - 1) + 1), and as many
/// again for each rejected trial that influenced a step size. Memory: N + R records of s + 2 states and six numbers,
/// ten where the controller remembers (ControllerGains).
template <Detached detached_part>
struct ReverseOfProgram {
  static constexpr std::string_view memory = "(N + R) ((s + 2) n + 6) numbers; 10 for 6 with PI, PID";
  static constexpr bool through_error = detached_part == Detached::nothing;
  static constexpr bool through_sizes = detached_part != Detached::sizes;
  static constexpr Promise promise = through_sizes ? Promise::exact_program : Promise::exact_frozen;
  static constexpr LossSupport losses{.exact = true, .dense = true, .integral = true, .times = true};
  static constexpr bool packs = true, fields = true;

  /// States of a record: y, y_new, then the stages.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr RecordPlan plan(Tableau const& tab,
                                                                        StepControl const& control) {
    return {.of = RecordPlan::Of::trials, .memory = remembers(control), .new_state = true, .stages = tab.stages};
  }
  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& tab, StepControl const& control) {
    return plan(tab, control).shape();
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t n_accepted, std::int64_t n_rejected) {
    return n_accepted + n_rejected;
  }
  [[nodiscard]] static constexpr WorkspaceShape workspace_shape(Tableau const& tab, StepControl const& control) {
    constexpr std::int64_t own = 6;  // see Workspace
    return {.states =
                WorkspaceShape::step_states(tab, control) + WorkspaceShape::reverse_states(tab.stages, control) + own};
  }

  template <class Model>
  struct Workspace {
    using State = typename Model::State;
    StepWorkspace<Model> step;
    StepAdjointWorkspace<Model> reverse;
    State e_bar, y_bar, trial_bar, first_stage_bar, last_stage_bar, y0;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& control, Model const& model)
        : step(tab, model, control.objective.columns()),
          reverse(model, tab.stages > control.objective.columns() ? tab.stages : control.objective.columns(), 0),
          e_bar(model.make_state("retrace::naive::e_bar")),
          y_bar(model.make_state("retrace::naive::y_bar")),
          trial_bar(model.make_state("retrace::naive::trial_bar")),
          first_stage_bar(model.make_state("retrace::naive::first_stage_bar")),
          last_stage_bar(model.make_state("retrace::naive::last_stage_bar")),
          y0(model.make_state("retrace::naive::y0")) {}
  };

  /// Whether the derivative goes through earlier errors and step sizes.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr bool remembers(StepControl const& control) {
    return through_error && control.fixed_steps == 0 && control.rule.gains.remember();
  }

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;
    StepRecorder<S, Tape> recorder{plan(tab, control), tape};
    IntegrationCounts<Count> forward;
    model.assign(work.y0, g.y);
    LaneStatus<S> status;
    Mask const solved = solve_forward(tab, model, control, t0, t1, work.step, recorder, g, forward, status);
    cost.add_forward(forward);
    if (!any(solved)) return status;
    cost.graph_depth += select(solved, (forward.accepted + forward.rejected) * Count(tab.stages), Count(0));
    Reverse<Model, Tape> reverse(tab, model, control, t0, t1, solved, work, tape, g, cost);
    for (std::int64_t n = tape.longest() - 1; n >= 0; --n) reverse.trial(n, solved & tape.holds(n));
    reverse.start(recorder.start, solved);
    status.set(solved & !model.is_finite(g.lambda), SolveStatus::non_finite);
    return status;
  }

 private:
  /// The backward sweep. Lanes that do not take part in an operation have zero seeds, and sums skip them.
  template <class Model, class Tape>
  struct Reverse {
    using S = typename Model::Time;
    using State = typename Model::State;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;

    Tableau const& tab;
    Model const& model;
    StepControl const& control;
    S const &t0, &t1;
    Workspace<Model>& work;
    Tape const& tape;
    GradientState<Model>& g;
    WorkCountsOf<Count>& cost;
    LossAdjoint<Model> loss;
    ProgramTimes<S> targets;  // of trials that were clipped
    NodeTimes<S> nodes;
    S const direction = math::sign(t1 - t0);
    S t_bar{0.0}, proposed_bar{0.0};  // adjoints of the program's t and of its next proposed step size
    ControllerMemory<S> memory_bar{S(0.0), S(0.0), S(0.0), S(0.0)};

    KOKKOS_INLINE_FUNCTION Reverse(Tableau const& scheme, Model const& of, StepControl const& how, S const& begin,
                                   S const& end, Mask lanes, Workspace<Model>& memory, Tape const& records,
                                   GradientState<Model>& gradient, WorkCountsOf<Count>& work_done)
        : tab(scheme),
          model(of),
          control(how),
          t0(begin),
          t1(end),
          work(memory),
          tape(records),
          g(gradient),
          cost(work_done),
          loss(of, how.objective, end),
          targets(how.objective, begin, end),
          nodes(how.objective, begin, end, lanes) {
      model.set_zero(work.first_stage_bar);
      work.reverse.arguments[0] = g.y;  // something finite for lanes whose records have not begun
    }

    /// Reverse of trial `n`; Eq. (4.1).
    KOKKOS_INLINE_FUNCTION void trial(std::int64_t n, Mask active) {
      S bits = select(active, tape.get(n, RecordPlan::flags), S(0.0));
      Mask const constant = take_flag(bits, RecordPlan::factor_is_constant),
                 is_clipped = take_flag(bits, RecordPlan::clipped), is_accepted = take_flag(bits, RecordPlan::accepted);
      StepSpan<S> const span{select(active, tape.get(n, RecordPlan::time), t1),
                             select(active, tape.get(n, RecordPlan::step), S(0.0)),
                             select(active, tape.get(n, RecordPlan::time_next), t1)};
      S const phi = select(active, tape.get(n, RecordPlan::factor), S(0.0)),
              e_norm = tape.get(n, RecordPlan::error_norm);

      // The next proposal is |h| phi(E), or the one before the clipping.
      Mask const hits_target = is_accepted & is_clipped;
      S const next_bar = select(hits_target, S(0.0), proposed_bar);
      S size_bar = next_bar * phi;
      S const exponent = S(tab.controller_exponent) * select(is_accepted, S(control.rule.gains.error), S(1.0));
      S const through_factor = -next_bar * math::abs(span.h) * phi * exponent / e_norm;
      S e_norm_bar = through_error ? select(Mask(active & !constant), through_factor, S(0.0)) : S(0.0);
      if (remembers(control))
        through_memory(n, active & is_accepted & !is_clipped, constant, next_bar * math::abs(span.h) * phi, span,
                       e_norm, e_norm_bar, size_bar);
      Mask const through_error = e_norm_bar != S(0.0);
      Mask const traced = is_accepted | through_error;  // else the trial left no trace but its size
      if (through_sizes) targets.reach(hits_target, t_bar, g.times);
      if (any(traced)) trial_step(n, span, e_norm, e_norm_bar, traced, is_accepted, is_clipped, size_bar);

      S const target_bar = select(is_clipped, direction * size_bar, S(0.0));  // h = target - t
      targets.add(target_bar);
      t_bar -= target_bar;
      S const proposal_bar = select(is_clipped, select(is_accepted, proposed_bar, S(0.0)), size_bar);
      if (through_sizes) proposed_bar = select(active, proposal_bar, proposed_bar);
    }

    /// The part of `trial` that goes through what the controller remembers, which accepted trials that were not clipped
    /// read and write; `phi_bar` is phi dL/dphi.
    KOKKOS_INLINE_FUNCTION void through_memory(std::int64_t n, Mask taken, Mask constant, S const& phi_bar,
                                               StepSpan<S> const& span, S const& e_norm, S& e_norm_bar, S& size_bar) {
      ControllerGains const& gains = control.rule.gains;
      S const none(0.0), size = math::abs(span.h), log_bar = select(Mask(taken & !constant), phi_bar, none),
                         per_error = log_bar * S(tab.controller_exponent);
      ControllerMemory<S> const memory{select(taken, tape.get(n, RecordPlan::error_1), S(1.0)),
                                       select(taken, tape.get(n, RecordPlan::error_2), S(1.0)),
                                       select(taken, tape.get(n, RecordPlan::size_1), none),
                                       select(taken, tape.get(n, RecordPlan::size_2), none)};
      Mask const one_before = memory.size_1 > none, two_before = memory.size_2 > none,
                 above_least = e_norm >= S(control.rule.least_remembered_error);
      // ratio = size / size_1, ratio_1 = size_1 / size_2, both 1 where there is no such step.
      S const ratio_bar = select(one_before, log_bar * S(gains.ratio), none),
              ratio_1_bar = select(two_before, log_bar * S(gains.ratio_1), none);

      e_norm_bar += select(Mask(taken & above_least), memory_bar.error_1, none);
      size_bar += select(taken, memory_bar.size_1 - select(one_before, ratio_bar / size, none), none);
      S const error_1_bar = memory_bar.error_2 - per_error * S(gains.error_1) / memory.error_1,
              error_2_bar = -per_error * S(gains.error_2) / memory.error_2,
              size_1_bar = memory_bar.size_2 + select(one_before, (ratio_bar - ratio_1_bar) / memory.size_1, none),
              size_2_bar = select(two_before, ratio_1_bar / memory.size_2, none);
      memory_bar.error_1 = select(taken, error_1_bar, memory_bar.error_1);
      memory_bar.error_2 = select(taken, error_2_bar, memory_bar.error_2);
      memory_bar.size_1 = select(taken, size_1_bar, memory_bar.size_1);
      memory_bar.size_2 = select(taken, size_2_bar, memory_bar.size_2);
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
      if (any(Mask(e_norm_bar != S(0.0))))
        model.error_norm_vjp(tab, control, e_norm, e_norm_bar, y, y_new, span.h, k, work.e_bar, work.y_bar,
                             work.trial_bar);
      model.add_where(is_accepted, work.trial_bar, g.lambda);
      TrialReverse<Model> how{.running_loss = control.objective.kind == LossKind::integral ? &is_accepted : nullptr};
      if (tab.fsal) {  // K_s of an accepted trial went on as K_1 of the next ones
        if (any(is_accepted)) {
          model.move_where(is_accepted, work.last_stage_bar, work.first_stage_bar);
          how.last_stage_bar = &work.last_stage_bar;
        }
      }
      StepTimeAdjoint<S> of_observations;
      State& state_seed = work.step.y_new;
      Mask const inside = loss.inside(is_accepted, span, Mask(span.t == t0));
      if (any(inside)) {
        how.columns = &control.objective.interpolant.columns;
        seed_observations(inside, span, y, k, is_accepted, state_seed, of_observations);
      }
      Mask const moves_on = is_accepted & !is_clipped;  // to t + h; a clipped step ends at the constant t1
      size_bar += select(moves_on, direction * t_bar, S(0.0));
      StepTimeAdjoint<S> times = reverse_trial(tab, model, span, k, work.e_bar, work.first_stage_bar, work.trial_bar,
                                               g.p_bar, work.reverse, how);
      times.tau += of_observations.tau;
      times.eta += of_observations.eta;
      if (any(inside)) model.add_where(inside, work.trial_bar, state_seed);
      cost.vjp += Count(tab.stages - (tab.fsal ? 1 : 0)) * one_where<Count>(traced);
      cost.reverse_accepted += one_where<Count>(is_accepted);
      cost.reverse_rejected += one_where<Count>(Mask(traced & !is_accepted));

      size_bar += select(traced, direction * times.eta, S(0.0));
      Mask const is_rejected = traced & !is_accepted;
      model.assign_where(is_accepted, g.lambda, work.trial_bar);
      model.add_where(is_rejected, g.lambda, work.trial_bar);
      model.add_where(traced, g.lambda, work.y_bar);
      t_bar = select(Mask(is_accepted & is_clipped), S(0.0), t_bar) + select(traced, times.tau, S(0.0));
      Mask const observed = loss.at_node(is_accepted, span.t, y, work.reverse.seed, g.lambda);
      if (control.time_gradients && !through_sizes)
        nodes.step(is_accepted, times, observed & Mask(span.t != t0), g.times);
    }

    /// Seeds of the observations on the dense output of a trial, in work.reverse.argument_bar, whose further columns
    /// are evaluated, and in `state_seed`.
    template <class Stages>
    KOKKOS_INLINE_FUNCTION void seed_observations(Mask inside, StepSpan<S> const& span, State const& y, Stages& k,
                                                  Mask is_accepted, State& state_seed,
                                                  StepTimeAdjoint<S>& of_observations) {
      Tableau const& columns = control.objective.interpolant.columns;
      for (int i = tab.stages; i < columns.stages; ++i) {
        State& argument = work.reverse.arguments[static_cast<std::size_t>(i)];
        stage_argument(columns, i, model, span.h, y, k, argument);
        model.rhs(stage_time(columns, i, span), argument, k[static_cast<std::size_t>(i)]);
      }
      Count const further = Count(columns.stages - tab.stages) * one_where<Count>(inside);
      cost.rhs_backward += further;
      cost.vjp += further;
      for (int i = 0; i < columns.stages; ++i) model.set_zero(work.reverse.argument_bar[static_cast<std::size_t>(i)]);
      model.set_zero(state_seed);
      for (Mask seen = inside; any(seen); seen = loss.inside(is_accepted, span, Mask(span.t == t0)))
        loss.seed_inside(seen, span, true, k, work.step.u, work.reverse, state_seed, of_observations, g.times);
    }

    /// Trial `n` as it was: y, y_new, stages, and the arguments of the stages.
    template <class Stages>
    KOKKOS_INLINE_FUNCTION void load_stages(std::int64_t n, StepSpan<S> const& span, Mask traced, State& y,
                                            State& y_new, Stages& k) {
      tape.get_state_where(traced, n, 0, y);
      tape.get_state_where(traced, n, 1, y_new);
      for (int i = 0; i < tab.stages; ++i) tape.get_state_where(traced, n, 2 + i, k[static_cast<std::size_t>(i)]);
      for (int i = 1; i < tab.stages; ++i) {
        State& argument = work.reverse.arguments[static_cast<std::size_t>(i)];
        if (tab.fsal && i == tab.stages - 1)
          model.refer(argument, y_new);
        else
          stage_argument(tab, i, model, span.h, y, k, argument);
      }
    }

    /// Reverse of the choice of the first step and of the first stage that trials share.
    KOKKOS_INLINE_FUNCTION void start(InitialStep<S> const& chosen, Mask solved) {
      bool const chosen_here = control.adaptive() && control.initial_step == 0.0;
      S const h_bar = select(solved, proposed_bar, S(0.0));
      if (control.time_gradients && through_sizes) first_size_from_span(chosen, chosen_here, h_bar);
      Mask const through_choice = Mask(chosen_here) & Mask(h_bar != S(0.0));
      if (any(through_choice)) initial_step(chosen, h_bar);
      Mask const carried = Mask(tab.fsal) | through_choice;
      S first_stage_t_bar(0.0);
      if (any(carried)) {
        model.vjp(t0, work.y0, work.first_stage_bar, work.y_bar, g.p_bar, first_stage_t_bar);
        cost.vjp += one_where<Count>(Mask(solved & carried));
        model.add_where(carried, g.lambda, work.y_bar);
      }
      if (!control.time_gradients) return;
      if (through_sizes)
        targets.finish(t_bar + first_stage_t_bar, g.times);
      else
        nodes.finish(g.times, first_stage_t_bar);
    }

    /// Where the first step, or every fixed one, is a share of |t1 - t0|.
    KOKKOS_INLINE_FUNCTION void first_size_from_span(InitialStep<S> const& chosen, bool chosen_here, S const& h_bar) {
      S const whole = math::abs(t1 - t0);
      S share(0.0);
      if (!control.adaptive())
        share = S(1.0 / static_cast<double>(control.fixed_steps));
      else
        share = select((chosen_here ? chosen.h : S(control.initial_step)) >= whole, S(1.0), S(0.0));
      t_bar -= direction * share * h_bar;
      targets.add_to_end(direction * share * h_bar);
    }

    KOKKOS_INLINE_FUNCTION void initial_step(InitialStep<S> const& chosen, S const& chosen_bar) {
      S const h_bar = select(chosen.h == math::abs(t1 - t0), S(0.0), chosen_bar);  // see first_size_from_span
      Mask const used = h_bar != S(0.0), from_h_a = S(100.0) * chosen.h_a <= chosen.h_b, flat = chosen.slopes_vanish(),
                 d2_is_larger = chosen.d2 > chosen.d1, h_a_counts = S(1e-3) * chosen.h_a > S(1e-6);
      if (!any(used)) return;
      S const h_b_bar = select(from_h_a, S(0.0), h_bar);
      S h_a_bar = select(from_h_a, S(100.0) * h_bar, S(0.0));
      h_a_bar += select(Mask(flat & h_a_counts), S(1e-3) * h_b_bar, S(0.0));
      S const slope_bar =
          select(Mask(used & !flat),
                 -h_b_bar * S(tab.controller_exponent) * chosen.h_b / math::max(chosen.d1, chosen.d2), S(0.0));
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
      t_bar += select(used, time_bar, S(0.0));
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
    [[nodiscard]] KOKKOS_INLINE_FUNCTION static Mask take_flag(S& bits, RecordPlan::Flag flag) {
      S const value = S(static_cast<double>(flag));
      Mask const set = bits >= value;
      bits = select(set, bits - value, bits);
      return set;
    }
  };
};

struct Naive : ReverseOfProgram<Detached::nothing> {
  static constexpr std::string_view name = "naive";
  static constexpr std::string_view summary = "reverse mode through all trials, the error norm and the controller";
};
struct NaiveHalf : ReverseOfProgram<Detached::factor> {
  static constexpr std::string_view name = "naive_half";
  static constexpr std::string_view summary =
      "as naive, with the controller's factor detached, the first step not (N1/2)";
  static constexpr bool packs = false, detaches_factor = true;
};
struct NaiveDetached : ReverseOfProgram<Detached::sizes> {
  static constexpr std::string_view name = "naive_detached";
  static constexpr std::string_view summary = "as naive, with the controller and the first step detached (N0)";
};

}  // namespace retrace
