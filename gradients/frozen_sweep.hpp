#pragma once

#include "gradients/gradient_method.hpp"
#include "gradients/loss_adjoint.hpp"
#include "gradients/step_adjoint.hpp"
#include "gradients/step_recorder.hpp"
#include "solvers/integrate.hpp"
#include "solvers/loss_sum.hpp"

namespace retrace {

/// The forward solve of a gradient method, its loss, and the adjoint of the state at its end; lanes that did not
/// arrive, or whose records did not fit, are marked in the status. Returns the lanes that have a loss to be
/// differentiated.
template <class Model, class Tape, class Observer>
KOKKOS_INLINE_FUNCTION MaskOf<typename Model::Time> solve_forward_observed(
    Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
    typename Model::Time const& t1, StepWorkspace<Model>& step, Observer& observer, Tape& tape, GradientState<Model>& g,
    IntegrationCounts<CountOf<typename Model::Time>>& forward, LaneStatus<typename Model::Time>& status,
    bool all_columns = false) {
  using S = typename Model::Time;
  using Mask = MaskOf<S>;
  LossSum<Model> loss(tab, model, control.objective, all_columns);
  loss.start(t0, g.y);
  WithLoss<Model, Observer> both{loss, step, observer};
  status = integrate(tab, model, control, t0, t1, g.y, step, both, forward);
  forward.rhs += loss.evaluations();
  Mask const solved = status.is(SolveStatus::success);
  if (!any(solved)) return solved;
  if (any(tape.overflowed())) {
    status.set(solved, SolveStatus::arena_exhausted);
    return Mask(false);
  }
  g.loss = loss.finish(g.y);
  LossAdjoint<Model>(model, control.objective, t1).at_end(g.y, g.lambda);
  return solved;
}

/// The same with a StepRecorder: apart and not inlined, so that it is compiled once for all methods.
template <class Model, class Tape>
[[gnu::noinline]] KOKKOS_FUNCTION MaskOf<typename Model::Time> solve_forward(
    Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
    typename Model::Time const& t1, StepWorkspace<Model>& step, StepRecorder<typename Model::Time, Tape>& recorder,
    GradientState<Model>& g, IntegrationCounts<CountOf<typename Model::Time>>& forward,
    LaneStatus<typename Model::Time>& status) {
  return solve_forward_observed(tab, model, control, t0, t1, step, recorder, recorder.tape, g, forward, status,
                                recorder.plan.all_columns);
}

/// Evaluations of f and VJPs of the reverse of one step.
struct StepCost {
  int rhs, vjp;
};

/// The span of recorded step `n`; of no length at t1 in lanes that are not active.
template <class Tape, class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION StepSpan<S> recorded_span(Tape const& tape, std::int64_t n, MaskOf<S> active,
                                                               S const& t1) {
  StepSpan<S> span{
      select(active, tape.get(n, RecordPlan::time), t1), select(active, tape.get(n, RecordPlan::step), S(0.0)), {}};
  span.t_next = span.t + span.h;
  return span;
}

/// The way back over accepted steps, from the last to the first, their sizes held fixed; what all methods do that keep
/// this promise, whatever they keep. Lanes with fewer records wait at their end with h = 0, where the reverse of a step
/// changes nothing. Time gradients, if wanted, follow rule (i) of docs/methods.md.
template <class Model, class Tape>
class FrozenSweep {
 public:
  using S = typename Model::Time;
  using Mask = MaskOf<S>;
  using Count = CountOf<S>;

  KOKKOS_INLINE_FUNCTION FrozenSweep(Tableau const& tab, Model const& model, StepControl const& control, S const& begin,
                                     S const& end, Mask lanes, StepWorkspace<Model>& step,
                                     StepAdjointWorkspace<Model>& work, Tape& tape, GradientState<Model>& g)
      : tab_(tab),
        model_(model),
        control_(control),
        t1_(end),
        solved_(lanes),
        step_(step),
        work_(work),
        tape_(tape),
        g_(g),
        loss_(model, control.objective, end),
        times_(control.objective, begin, end, lanes) {}

  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask active(std::int64_t n) const { return solved_ & tape_.holds(n); }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION StepSpan<S> span(std::int64_t n) const {
    return recorded_span(tape_, n, active(n), t1_);
  }
  /// Reverse of step `n`, whose replay `work` holds (see replay_stages), and of what was observed at its beginning.
  KOKKOS_INLINE_FUNCTION void reverse(std::int64_t n, Activations activations) {
    Mask const here = active(n);
    StepSpan<S> const of_step = span(n);
    if (any(loss_.inside(here, of_step, Mask(n == 0)))) {
      reverse_observed(n, here, of_step);
      return;
    }
    StepReverse<Model> extras{.activations = activations,
                              .running_loss = control_.objective.kind == LossKind::integral};
    if (control_.time_gradients) extras.k = &step_.k;
    StepTimeAdjoint<S> const adjoint =
        reverse_step(tab_, tab_.last_used_stage, model_, of_step, g_.lambda, g_.p_bar, work_, extras);
    Mask const at_observation = loss_.at_node(here, of_step.t, work_.arguments[0], work_.seed, g_.lambda);
    if (control_.time_gradients) times_.step(here, adjoint, n > 0 ? at_observation : Mask(false), g_.times);
  }
  /// After the last one. `forward`: counts of the way there.
  KOKKOS_INLINE_FUNCTION void finish(IntegrationCounts<Count> const& forward, StepCost const& per_step,
                                     WorkCountsOf<Count>& cost, LaneStatus<S>& status) {
    if (control_.time_gradients) times_.finish(g_.times);
    Count const columns(control_.objective.columns());
    cost.rhs_backward += observed_ * columns;
    cost.vjp += observed_ * (columns - Count(per_step.vjp));
    Count const reversed = select(solved_, forward.accepted, Count(0));
    cost.rhs_backward += reversed * Count(per_step.rhs + (control_.time_gradients ? 1 : 0));
    cost.vjp += reversed * Count(per_step.vjp);
    cost.reverse_accepted += reversed;
    cost.graph_depth += reversed * Count(per_step.vjp);
    status.set(solved_ & !model_.is_finite(g_.lambda), SolveStatus::non_finite);
  }

 private:
  /// The same where observations lie inside the step: seeds on all columns of the dense output; Sec. 3 of
  /// docs/methods.md.
  KOKKOS_INLINE_FUNCTION void reverse_observed(std::int64_t n, Mask here, StepSpan<S> const& of_step) {
    Tableau const& columns = control_.objective.interpolant.columns;
    replay_stages_again(columns, model_, of_step, step_.k, work_);
    for (int i = 0; i < columns.stages; ++i) model_.set_zero(work_.argument_bar[static_cast<std::size_t>(i)]);
    State& state_seed = step_.y_new;
    model_.set_zero(state_seed);
    StepTimeAdjoint<S> of_times;
    Mask seen = loss_.inside(here, of_step, Mask(n == 0));
    observed_ += one_where<Count>(seen);
    for (; any(seen); seen = loss_.inside(here, of_step, Mask(n == 0)))
      loss_.seed_inside(seen, of_step, control_.time_gradients, step_.k, step_.u, work_, state_seed, of_times,
                        g_.times);
    StepReverse<Model> how{.activations = Activations::formed_again, .seeded = true};
    if (control_.time_gradients) how.k = &step_.k;
    StepTimeAdjoint<S> adjoint =
        reverse_step(columns, columns.stages, model_, of_step, g_.lambda, g_.p_bar, work_, how);
    model_.add(g_.lambda, S(1.0), state_seed);
    adjoint.tau += of_times.tau;
    adjoint.eta += of_times.eta;
    if (control_.time_gradients) times_.step(here, adjoint, Mask(false), g_.times);
  }

  using State = typename Model::State;

  Tableau const& tab_;
  Model const& model_;
  StepControl const& control_;
  S const& t1_;
  Mask solved_;
  StepWorkspace<Model>& step_;
  StepAdjointWorkspace<Model>& work_;
  Tape& tape_;
  GradientState<Model>& g_;
  LossAdjoint<Model> loss_;
  NodeTimes<S> times_;
  Count observed_{0};  // steps with observations inside
};

/// The frame of the methods that keep what `plan` says of every accepted step: the forward solve, then `replay(active,
/// n, span)` and the reverse of step `n` from the last to the first.
template <class Model, class Tape, class Replay>
KOKKOS_INLINE_FUNCTION LaneStatus<typename Model::Time> sweep_accepted_steps(
    Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
    typename Model::Time const& t1, RecordPlan const& plan, StepWorkspace<Model>& step,
    StepAdjointWorkspace<Model>& work, Tape& tape, GradientState<Model>& g,
    WorkCountsOf<CountOf<typename Model::Time>>& cost, StepCost const& per_step, Activations activations,
    Replay const& replay) {
  using S = typename Model::Time;
  StepRecorder<S, Tape> recorder{plan, tape};
  IntegrationCounts<CountOf<S>> forward;
  LaneStatus<S> status;
  MaskOf<S> const solved = solve_forward(tab, model, control, t0, t1, step, recorder, g, forward, status);
  cost.add_forward(forward);
  if (!any(solved)) return status;
  FrozenSweep<Model, Tape> sweep(tab, model, control, t0, t1, solved, step, work, tape, g);
  for (std::int64_t n = tape.longest() - 1; n >= 0; --n) {
    replay(sweep.active(n), n, sweep.span(n));
    sweep.reverse(n, activations);
  }
  sweep.finish(forward, per_step, cost, status);
  return status;
}

}  // namespace retrace
