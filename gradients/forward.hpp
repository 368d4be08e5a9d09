#pragma once

#include "gradients/forward_times.hpp"
#include "gradients/frozen_sweep.hpp"

namespace retrace {

/// Forward sensitivity: the tangents of all unknowns, in duals, are taken along over every accepted step with its size
/// held fixed. The exact derivative of the discretisation with frozen step sizes, without a way back.
///
/// Derivatives in times are four more tangents each time that the solve is gone through again: in t0, t1 and the
/// observations that are hit.
///
/// Cost: N s (s - 1 if first same as last) Jacobian-vector products for each of the n + P unknowns, and for each time.
/// Memory: independent of the number of steps; n (n + P) numbers. For few unknowns; not for fields.
struct Forward {
  static constexpr std::string_view name = "forward";
  static constexpr std::string_view summary = "tangents of all unknowns along the accepted steps; no way back";
  static constexpr std::string_view memory = "none that grows with N";
  static constexpr Promise promise = Promise::exact_frozen;
  static constexpr LossSupport losses{.exact = true, .dense = true, .integral = true, .times = true};
  static constexpr bool packs = false, fields = false;  // a dual of packs has no comparisons

  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& /*tab*/, StepControl const& /*control*/) {
    return {};
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t, std::int64_t) { return 0; }

  template <class Model>
  struct Workspace {
    using Tangent = typename Model::Tangent;
    StepWorkspace<Model> step;
    Tangent model;
    typename Tangent::State y;
    StepWorkspace<Tangent> tangent;
    TimeTangentWorkspace<Model> times;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& control, Model const& plain)
        : step(tab, plain, control.objective.columns()),
          model(plain.tangent()),
          y(),
          tangent(tab, model, control.objective.columns()),
          times(tab, control, plain) {}
  };

  template <class Model>
  struct Companion {
    Tableau const& tab;
    Workspace<Model>& work;
    LossSum<typename Model::Tangent, typename Model::Tangent::Scalar>& loss;
    StepPart part;
    template <class S>
    KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const&) {}
    template <class TrialType>
    KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
      if (!trial.accepted) return;
      work.model.rhs(trial.span.t, work.y, work.tangent.k[0]);
      rk_step(tab, work.model, trial.span, work.y, work.tangent, part);
      loss.step(trial.span, true, work.y, work.tangent);
      work.y = work.tangent.y_new;
    }
  };

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Count = CountOf<S>;
    constexpr int n = Model::Problem::dimension, p = Model::Problem::parameters;
    using Tangent = typename Model::Tangent;
    typename Model::State const y0 = g.y;
    LossSum<Tangent, typename Tangent::Scalar> tangents(tab, work.model, control.objective);
    Companion<Model> companion{tab, work, tangents, part_of_replay(control.objective)};
    for (int d = 0; d < n; ++d) work.y[d] = Workspace<Model>::Tangent::Scalar::variable(g.y[d], d);
    tangents.start(t0, work.y);
    IntegrationCounts<Count> forward;
    LaneStatus<S> status;
    bool const solved =
        solve_forward_observed(tab, model, control, t0, t1, work.step, companion, tape, g, forward, status);
    cost.add_forward(forward);
    if (!solved) return status;
    auto const loss = tangents.finish(work.y);
    for (int d = 0; d < n; ++d) g.lambda[d] = loss.tangent[d];
    for (int j = 0; j < p; ++j) g.p_bar[j] = loss.tangent[n + j];
    cost.jvp += forward.accepted * Count((tab.fsal ? tab.stages - 1 : tab.stages) * (n + p));
    cost.graph_depth += forward.accepted * Count(tab.last_used_stage);
    if (control.time_gradients)
      differentiate_in_times(tab, model, control, t0, t1, y0, work.step, work.times, g.times, cost);
    status.set(!model.is_finite(g.lambda), SolveStatus::non_finite);
    return status;
  }
};

}  // namespace retrace
