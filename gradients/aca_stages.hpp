#pragma once

#include "gradients/frozen_sweep.hpp"

namespace retrace {

/// ACA with "solution and stages" checkpoints: accepted (t, h, y) and the stage derivatives of the step are kept, and
/// nothing is evaluated again backwards. The same gradient as `aca`, to the bit.
///
/// Cost, as of `aca`, but backward no evaluation of f; N s' VJPs. A field's VJPs form activations again, which only
/// the replay of `aca` leaves behind. Memory: N records of s' states (y and K_1 … K_(s' - 1)) and two numbers.
struct AcaStages {
  static constexpr std::string_view name = "aca_stages";
  static constexpr std::string_view summary = "as aca, with the stages kept: no evaluation backwards";
  static constexpr std::string_view memory = "N (s' n + 2) numbers";
  static constexpr Promise promise = Promise::exact_frozen;
  static constexpr LossSupport losses{.exact = true, .dense = true, .integral = true, .times = true};
  static constexpr bool packs = true, fields = true;

  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr RecordPlan plan(Tableau const& tab) {
    return {.stages = tab.last_used_stage - 1};
  }
  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& tab, StepControl const& /*control*/) {
    return plan(tab).shape();
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t accepted, std::int64_t /*rejected*/) {
    return accepted;
  }
  [[nodiscard]] static constexpr WorkspaceShape workspace_shape(Tableau const& tab, StepControl const& control) {
    return {.states = WorkspaceShape::step_states(tab, control) +
                      WorkspaceShape::reverse_states(tab.last_used_stage, control)};
  }

  template <class Model>
  struct Workspace {
    StepWorkspace<Model> step;
    StepAdjointWorkspace<Model> reverse;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& control, Model const& model)
        : step(tab, model, control.objective.columns()), reverse(model, reversed_stages(tab, control), 0) {}
  };

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    int const last = tab.last_used_stage;
    work.reverse.arguments[0] = g.y;  // something finite for lanes whose records have not begun
    auto own = work.step.k;
    auto const replay = [&](auto active, std::int64_t n, auto const& span) {
      auto& k = work.step.k;  // a field's states become names of the tape's memory here
      typename Model::State& y = work.reverse.arguments[0];
      tape.get_state_where(active, n, 0, y);
      for (int i = 0; i + 1 < last; ++i) {
        auto const index = static_cast<std::size_t>(i);
        tape.get_state_where(active, n, i + 1, k[index]);
        stage_argument(tab, i + 1, model, span.h, y, k, work.reverse.arguments[index + 1]);
      }
    };
    LaneStatus<typename Model::Time> const status =
        sweep_accepted_steps(tab, model, control, t0, t1, plan(tab), work.step, work.reverse, tape, g, cost, {0, last},
                             Activations::formed_again, replay);
    work.step.k = own;
    return status;
  }
};

}  // namespace retrace
