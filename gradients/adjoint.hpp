#pragma once

#include "gradients/frozen_sweep.hpp"

namespace retrace {

/// The continuous adjoint of Chen et al. (2018), Algorithm 1: only y(T) is kept; (y, lambda, mu) is integrated
/// backwards from T with steps of its own under the same control. In its error norm is every component ("full"), all
/// but mu, which is a quadrature ("seminorm"; Kidger, Chen & Lyons 2021), or y, lambda and mu each with a norm of its
/// own of which the largest counts ("blocks"). Consistent with the flow up to its tolerance times the growth of the
/// reverse-time system; the derivative of nothing that was computed. Observations, hit or not, end a piece of the
/// backward solve, where lambda jumps; a running loss is a term of lambda'. The time adjoint of the textbook is left
/// out of the state: its value at t0 is -lambda . f.
///
/// With `resets`, the states at observations that are hit are kept on the way there, and y is put back to them on the
/// way back: what y has drifted goes as far as the next observation only.
///
/// Cost: (accepted + rejected backward steps) (s - 1) + 1 evaluations of f and as many VJPs (s each without FSAL).
/// Memory: independent of the number of steps; with `resets` a state for each observation.
template <AdjointNorm norm, bool resets = false>
struct ContinuousAdjoint {
  static constexpr std::string_view memory =
      resets ? "a state per observation, none that grows with N" : "none that grows with N";
  static constexpr Promise promise = Promise::consistent;
  static constexpr LossSupport losses{.exact = true, .dense = !resets, .integral = !resets, .times = true};
  static constexpr bool packs = true, fields = true;

  static constexpr RecordPlan plan{.of = RecordPlan::Of::nothing, .state = false};
  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& /*tab*/, StepControl const& control) {
    return {.slots = resets && control.objective.observes() ? control.objective.observations : 0};
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t, std::int64_t) { return 0; }
  [[nodiscard]] static constexpr WorkspaceShape workspace_shape(Tableau const& tab, StepControl const& control) {
    return {
        .states = WorkspaceShape::step_states(tab, control) + (control.objective.kind == LossKind::integral ? 1 : 0),
        .kept = 1,
        .augmented = WorkspaceShape::step_states(tab) + 1};
  }

  template <class Model>
  struct Workspace {
    using Augmented = typename Model::template Augmented<norm>;
    Augmented augmented;
    StepWorkspace<Model> step;
    StepWorkspace<Augmented> reverse;
    typename Augmented::State x;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& control, Model const& model)
        : augmented(model.template augmented<norm>(control.objective.kind == LossKind::integral)),
          step(tab, model, control.objective.columns()),
          reverse(tab, augmented),
          x(augmented.make_state("retrace::adjoint::augmented")) {}
  };

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;
    IntegrationCounts<Count> forward, backward;
    LaneStatus<S> status;
    Mask solved(false);
    if constexpr (resets) {
      ObservedStates<S, Tape> recorder{tape, {control.objective, control.objective.observes()}};
      recorder.pass(t0);
      solved = solve_forward_observed(tab, model, control, t0, t1, work.step, recorder, tape, g, forward, status);
    } else {
      StepRecorder<S, Tape> recorder{plan, tape};
      solved = solve_forward(tab, model, control, t0, t1, work.step, recorder, g, forward, status);
    }
    cost.add_forward(forward);
    if (!any(solved)) return status;

    work.augmented.pack(g.y, g.lambda, work.x);
    WayBack<Model, Tape> back{tab, model, control, t0, t1, work, tape, g, status, backward};
    cost.rhs_backward += back.run(solved);
    cost.rhs_backward += backward.rhs;
    cost.vjp += backward.rhs;
    cost.reverse_accepted += backward.accepted;
    cost.reverse_rejected += backward.rejected;
    cost.graph_depth += backward.accepted * Count(tab.stages);
    work.augmented.unpack_gradient(work.x, g);
    return status;
  }

 private:
  /// Keeps the state at observation k behind t0 in slot k: an observer.
  template <class S, class Tape>
  struct ObservedStates {
    Tape& tape;
    ObservationCursor<S> next;

    KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const&) {}
    template <class TrialType>
    KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
      MaskOf<S> const here = trial.accepted & is_next(trial.span.t_next);
      for (int l = 0; l < LaneTraits<S>::width; ++l)
        if (lane(here, l)) tape.put_slot(l, lane(next.number(), l), trial.work.y_new);
      next.advance(here);
    }
    /// An observation at `t` needs no place.
    KOKKOS_INLINE_FUNCTION void pass(S const& t) { next.advance(is_next(t)); }

   private:
    [[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<S> is_next(S const& t) const {
      return next.more() & MaskOf<S>(next.time_or(t) == t);
    }
  };

  /// The backward solve, piece by piece between observations, each with a choice of its first step.
  template <class Model, class Tape>
  struct WayBack {
    using S = typename Model::Time;
    using State = typename Model::State;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;

    Tableau const& tab;
    Model const& model;
    StepControl const& control;
    S const &t0, &t1;
    Workspace<Model>& work;
    Tape& tape;
    GradientState<Model>& g;  // its lambda is scratch: `work.x` has the adjoint
    LaneStatus<S>& status;
    IntegrationCounts<Count>& counts;
    Count evaluations{0};  ///< of f, for time gradients

    /// Returns the evaluations of f that time gradients took.
    KOKKOS_INLINE_FUNCTION Count run(Mask solved) {
      bool const exact = objective().kind == LossKind::exact;
      int k = objective().observes() ? objective().observations - 1 : -1;
      bool const at_end = k >= 0 && is(time(k), t1);
      end(exact && at_end ? k : -1);  // lambda has the jump of an exact one
      if (!exact && at_end) observe(k, t1);
      if (at_end) --k;
      S from = t1;
      for (; k >= 0; --k) {
        S const to = time(k);
        solve(solved, from, to);
        from = to;
        if (resets && !is(to, t0)) reset(solved, k);
        if (exact && is(to, t0)) begin(k);  // t_k is t0
        observe(exact && is(to, t0) ? -1 : k, to);
      }
      if (is(from, t0)) {
        if (!exact) begin(-1);
        return evaluations;
      }
      solve(solved, from, t0);
      begin(-1);
      return evaluations;
    }

   private:
    [[nodiscard]] KOKKOS_INLINE_FUNCTION Objective const& objective() const { return control.objective; }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION S time(int k) const { return objective().template time<S>(Count(k)); }
    /// The jump of lambda at `t`, and the derivative in that time for observation `k`, if that is not negative.
    KOKKOS_INLINE_FUNCTION void observe(int k, S const& t) {
      if (control.time_gradients && k >= 0) {
        model.loss_gradient(y(), g.lambda);
        put(k, slope(t, g.lambda));
      }
      work.augmented.jump(work.x, g.lambda);
    }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION static bool is(S const& a, S const& b) { return all(Mask(a == b)); }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION State y() const { return work.augmented.state_of(work.x); }
    /// w . f(t, y)
    [[nodiscard]] KOKKOS_INLINE_FUNCTION S slope(S const& t, State const& w) {
      model.rhs(t, y(), work.step.k[0]);
      evaluations += Count(1);
      return model.dot(w, work.step.k[0]);
    }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION S running_loss() const {
      return control.objective.kind == LossKind::integral ? model.loss(y()) : S(0.0);
    }
    KOKKOS_INLINE_FUNCTION void put(int k, S const& derivative) {
      if (k < 0) return;
      for (int l = 0; l < LaneTraits<S>::width; ++l) g.times.put(l, k, lane(derivative, l));
    }
    /// dL/dt1; observation `k` is t1, if k is not negative.
    KOKKOS_INLINE_FUNCTION void end(int k) {
      if (!control.time_gradients) return;
      g.times.dt1 = slope(t1, work.augmented.adjoint_of(work.x)) + running_loss();
      put(k, g.times.dt1);
    }
    /// dL/dt0; observation `k` is t0, if k is not negative.
    KOKKOS_INLINE_FUNCTION void begin(int k) {
      if (!control.time_gradients) return;
      g.times.dt0 = -slope(t0, work.augmented.adjoint_of(work.x)) - running_loss();
      put(k, g.times.dt0);
    }
    /// y becomes the state that was kept at observation k.
    KOKKOS_INLINE_FUNCTION void reset(Mask solved, int k) {
      State kept = y();
      tape.get_slot_where(solved & status.is(SolveStatus::success), k, kept);
      work.augmented.set_state(work.x, kept);
    }
    /// One piece, in the lanes that have not failed.
    KOKKOS_INLINE_FUNCTION void solve(Mask solved, S const& from, S const& to) {
      StepControl const piece = piece_of(control, from, to, t0, t1);
      Mask const going = solved & status.is(SolveStatus::success);
      NoObserver observer;
      IntegrationCounts<Count> of_piece;
      S const there = select(going, to, from);  // other lanes have nothing to integrate
      LaneStatus<S> const outcome =
          integrate(tab, work.augmented, piece, from, there, work.x, work.reverse, observer, of_piece);
      status.code = select(going, outcome.code, status.code);
      counts.rhs += of_piece.rhs;
      counts.accepted += of_piece.accepted;
      counts.rejected += of_piece.rejected;
    }
  };
};

struct Adjoint : ContinuousAdjoint<AdjointNorm::full> {
  static constexpr std::string_view name = "adjoint";
  static constexpr std::string_view summary = "integrates (y, lambda, mu) backwards from y(T); Chen et al. 2018";
};
struct AdjointSeminorm : ContinuousAdjoint<AdjointNorm::seminorm> {
  static constexpr std::string_view name = "adjoint_seminorm";
  static constexpr std::string_view summary = "as adjoint, with mu left out of the error norm; Kidger et al. 2021";
};
struct AdjointBlocks : ContinuousAdjoint<AdjointNorm::blocks> {
  static constexpr std::string_view name = "adjoint_blocks";
  static constexpr std::string_view summary = "as adjoint, with the largest of the error norms of y, lambda and mu";
  static constexpr bool packs = false;
};
struct AdjointReset : ContinuousAdjoint<AdjointNorm::full, true> {
  static constexpr std::string_view name = "adjoint_reset";
  static constexpr std::string_view summary = "as adjoint, with y put back to its kept states at observations";
  static constexpr bool packs = false;
};

}  // namespace retrace
