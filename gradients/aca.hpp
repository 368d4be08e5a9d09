#pragma once

#include "gradients/frozen_sweep.hpp"

namespace retrace {

/// Adaptive Checkpoint Adjoint; Zhuang et al. (2020), Algorithms 1 and 2. Forward: accepted (t, h, y) are kept, all
/// else is dropped. Backward: each step is replayed from its checkpoint with its own h, without step search and error
/// estimate, and reversed. The exact derivative of the discretisation with frozen step sizes.
///
/// Cost, with N accepted and R rejected steps, s stages and s' the last stage with a nonzero weight: backward
/// N (s' - 1) evaluations of f and N s' VJPs. Memory: N records of one state and two numbers.
struct Aca {
  static constexpr std::string_view name = "aca";
  static constexpr std::string_view summary = "keeps accepted (t, h, y), replays each step backwards";
  static constexpr std::string_view memory = "N (n + 2) numbers";
  static constexpr Promise promise = Promise::exact_frozen;
  static constexpr LossSupport losses{.exact = true, .dense = true, .integral = true, .times = true};
  static constexpr bool packs = true, fields = true;

  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr RecordPlan plan() { return {}; }
  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& /*tab*/, StepControl const& /*control*/) {
    return plan().shape();
  }
  /// Records that a solve of so many accepted and rejected steps leaves.
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t accepted, std::int64_t /*rejected*/) {
    return accepted;
  }
  [[nodiscard]] static constexpr WorkspaceShape workspace_shape(Tableau const& tab, StepControl const& control) {
    return {.states = WorkspaceShape::step_states(tab, control) +
                      WorkspaceShape::reverse_states(tab.last_used_stage, control),
            .kept = tab.last_used_stage - 1};
  }

  template <class Model>
  struct Workspace {
    StepWorkspace<Model> step;
    StepAdjointWorkspace<Model> reverse;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& control, Model const& model)
        : step(tab, model, control.objective.columns()),
          reverse(model, reversed_stages(tab, control), tab.last_used_stage - 1) {}
  };

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    int const last = tab.last_used_stage;
    typename Model::State checkpoint = g.y;
    auto const replay = [&](auto active, std::int64_t n, auto const& span) {
      tape.get_state_where(active, n, 0, checkpoint);
      replay_stages(tab, last, model, span, checkpoint, work.step.k, work.reverse);
    };
    return sweep_accepted_steps(tab, model, control, t0, t1, plan(), work.step, work.reverse, tape, g, cost,
                                {last - 1, last}, Activations::kept, replay);
  }
};

}  // namespace retrace
