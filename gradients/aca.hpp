#pragma once

#include "gradients/gradient_method.hpp"
#include "gradients/step_adjoint.hpp"
#include "solvers/integrate.hpp"

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
  static constexpr Promise promise = Promise::exact_frozen;

  enum Scalar { time, step, scalars };
  template <Tableau Tab>
  [[nodiscard]] static constexpr RecordShape record_shape() {
    return {.scalars = scalars, .states = 1};
  }
  /// Records that a solve of so many accepted and rejected steps leaves.
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t accepted, std::int64_t /*rejected*/) {
    return accepted;
  }

  template <Tableau Tab, class Model>
  struct Workspace {
    static constexpr int last = last_used_stage<Tab>();
    StepWorkspace<Tab, Model> step;
    StepAdjointWorkspace<Tab, Model, last> reverse;
    KOKKOS_INLINE_FUNCTION explicit Workspace(Model const& model) : step(model), reverse(model) {}
  };

  template <class Tape>
  struct Recorder {
    Tape& tape;
    template <class S>
    KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const&) {}
    template <class TrialType>
    KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
      auto const stored = tape.append(trial.accepted);
      tape.put(stored, time, trial.span.t);
      tape.put(stored, step, trial.span.h);
      tape.put_state(stored, 0, trial.y);
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
    constexpr int last = Workspace<Tab, Model>::last;
    Recorder<Tape> recorder{tape};
    IntegrationCounts<Count> forward;
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
    typename Model::State checkpoint = g.y;
    for (std::int64_t n = tape.longest() - 1; n >= 0; --n) {
      // Lanes with fewer records wait at their end with h = 0, where the reverse of a step changes nothing.
      Mask const active = solved & tape.holds(n);
      StepSpan<S> span{select(active, tape.get(n, time), t1), select(active, tape.get(n, step), S(0.0)), {}};
      span.t_next = span.t + span.h;
      tape.get_state_where(active, n, 0, checkpoint);
      replay_stages<Tab, last>(model, span, checkpoint, work.step.k, work.reverse);
      reverse_step<Tab, last>(model, span, g.lambda, g.p_bar, work.reverse);
    }
    Count const reversed = select(solved, forward.accepted, Count(0));
    cost.rhs_backward += reversed * Count(last - 1);
    cost.vjp += reversed * Count(last);
    cost.reverse_accepted += reversed;
    cost.graph_depth += reversed * Count(last);
    status.set(solved & !model.is_finite(g.lambda), SolveStatus::non_finite);
    return status;
  }
};

}  // namespace retrace
