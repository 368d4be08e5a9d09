#pragma once

#include "gradients/frozen_sweep.hpp"

namespace retrace {

/// ACA that keeps at most `control.checkpoints` states, however many steps there are: (t, h) of every accepted step is
/// kept, states by dynamic checkpointing on the way there (Wang, Moin & Iaccarino 2009) and by binomial checkpointing
/// on the way back (Griewank & Walther 2000); states in between are advanced to again with their own h. The same
/// gradient as `aca`, to the bit, for any number of checkpoints. Trajectories of a pack go back together: one that took
/// fewer steps stands still at its end (see CheckpointSchedule).
///
/// Cost: as of `aca`, and the schedule's advances, each of s evaluations of f (s - 1 if first same as last).
/// Memory: N pairs of numbers and S states.
struct AcaBudget {
  static constexpr std::string_view name = "aca_budget";
  static constexpr std::string_view summary = "as aca with at most S states kept; the others are computed again";
  static constexpr std::string_view memory = "2 N + S n numbers";
  static constexpr Promise promise = Promise::exact_frozen;
  static constexpr LossSupport losses{.exact = true, .dense = true, .integral = true, .times = true};
  static constexpr bool packs = true, fields = true;

  static constexpr RecordPlan plan{.state = false};
  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& /*tab*/, StepControl const& control) {
    return plan.shape(control.checkpoints);
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t accepted, std::int64_t /*rejected*/) {
    return accepted;
  }
  [[nodiscard]] static constexpr WorkspaceShape workspace_shape(Tableau const& tab, StepControl const& control) {
    return {.states = WorkspaceShape::step_states(tab, control) +
                      WorkspaceShape::reverse_states(tab.last_used_stage, control) + 1,
            .kept = tab.last_used_stage - 1};
  }

  template <class Model>
  struct Workspace {
    StepWorkspace<Model> step;
    StepAdjointWorkspace<Model> reverse;
    typename Model::State present;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& control, Model const& model)
        : step(tab, model, control.objective.columns()),
          reverse(model, reversed_stages(tab, control), tab.last_used_stage - 1),
          present(model.make_state("retrace::aca_budget::present")) {}
  };

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;
    constexpr int width = LaneTraits<S>::width;
    StateSchedule schedule[width];
    for (StateSchedule& one : schedule) one = StateSchedule(control.checkpoints);
    StepRecorder<S, Tape> recorder{plan, tape, schedule};
    IntegrationCounts<Count> forward;
    LaneStatus<S> status;
    Mask const solved = solve_forward(tab, model, control, t0, t1, work.step, recorder, g, forward, status);
    cost.add_forward(forward);
    if (!any(solved)) return status;
    // Lanes that took fewer steps than the longest stand still at their end. From then on all schedules are the same.
    for (int l = 0; l < width; ++l)
      stand_still_until(static_cast<std::int32_t>(tape.longest()), schedule[l],
                        [&](std::int32_t slot) { tape.put_slot(l, slot, g.y); });
    FrozenSweep<Model, Tape> sweep(tab, model, control, t0, t1, solved, work.step, work.reverse, tape, g);
    WayBack<Model, Tape> back{tab, model, solved, work, tape, sweep, Count(0)};
    reverse_with_checkpoints(schedule[0], back);

    int const last = tab.last_used_stage;
    cost.readvanced += back.advances;
    cost.rhs_backward += back.advances * Count(tab.fsal ? tab.stages - 1 : tab.stages);
    sweep.finish(forward, {last - 1, last}, cost, status);
    return status;
  }

 private:
  /// What the schedule asks for on the way back, for all lanes at once.
  template <class Model, class Tape>
  struct WayBack {
    using S = typename Model::Time;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;

    Tableau const& tab;
    Model const& model;
    Mask solved;
    Workspace<Model>& work;
    Tape& tape;
    FrozenSweep<Model, Tape>& sweep;
    Count advances;

    KOKKOS_INLINE_FUNCTION void restore(std::int32_t slot) { tape.get_slot_where(solved, slot, work.present); }
    KOKKOS_INLINE_FUNCTION void store(std::int32_t slot) {
      for (int l = 0; l < LaneTraits<S>::width; ++l) tape.put_slot(l, slot, work.present);
    }
    KOKKOS_INLINE_FUNCTION void advance(std::int32_t step) {
      Mask const active = sweep.active(step);
      StepSpan<S> const span = sweep.span(step);
      model.rhs(span.t, work.present, work.step.k[0]);
      rk_step(tab, model, span, work.present, work.step, StepPart::without_last_stage);
      model.take_where(active, work.present, work.step.y_new);
      advances += one_where<Count>(active);
    }
    KOKKOS_INLINE_FUNCTION void reverse(std::int32_t step) {
      replay_stages(tab, tab.last_used_stage, model, sweep.span(step), work.present, work.step.k, work.reverse);
      sweep.reverse(step, Activations::kept);
    }
  };
};

}  // namespace retrace
