#pragma once

#include "solvers/integrate.hpp"
#include "solvers/loss_sum.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace retrace {

/// The accepted steps of a forward solve and the pattern of its decisions: an observer. `S`: scalar of time.
template <class S>
struct RecordedStepsOf {
  std::vector<StepSpan<S>> steps;
  /// Per trial, a hash of every branch taken: accepted, clipped, factor at a bound, and for each component which of
  /// |y|, |y_new| set its weight and with which sign. Two runs with equal patterns lie on one smooth piece of the
  /// program.
  std::vector<std::uint64_t> pattern;

  void on_start(InitialStep<S> const&) {}
  template <class TrialType>
  void on_trial(TrialType const& trial) {
    std::uint64_t branches =
        (trial.accepted ? 1U : 0U) + (trial.clipped ? 2U : 0U) + (trial.factor_is_constant ? 4U : 0U);
    for (int d = 0; d < static_cast<int>(size_of(trial.y)); ++d) {
      double const y = value_of(trial.y[d]), y_new = value_of(trial.work.y_new[d]);
      bool const new_is_larger = std::abs(y_new) > std::abs(y);
      std::uint64_t const bits = (new_is_larger ? 2U : 0U) + ((new_is_larger ? y_new : y) > 0.0 ? 1U : 0U);
      branches = (branches ^ bits) * 0x9e3779b97f4a7c15U + 1U;
    }
    pattern.push_back(branches);
    if (trial.accepted) steps.push_back(trial.span);
  }

 private:
  template <class T, int N>
  [[nodiscard]] static std::size_t size_of(Vec<T, N> const&) {
    return N;
  }
  template <class View>
  [[nodiscard]] static std::size_t size_of(View const& y) {
    return y.size();
  }
};

using RecordedSteps = RecordedStepsOf<double>;

/// Advances `y` over recorded steps, whatever its scalar: the frozen-step program. No step search, no error estimate.
/// Returns the loss in `L`, the scalar of time or of the state.
template <class L, class Model>
[[nodiscard]] L replay_forward(Tableau const& tab, Model const& model, Objective const& objective,
                               std::vector<StepSpan<typename Model::Time>> const& steps, typename Model::State& y) {
  StepWorkspace<Model> work(tab, model, objective.columns());
  LossSum<Model, L> loss(tab, model, objective);
  if (!steps.empty()) loss.start(steps.front().t, y);
  for (auto const& span : steps) {
    model.rhs(span.t, y, work.k[0]);
    rk_step(tab, model, span, y, work, part_of_replay(objective));
    loss.step(span, true, y, work);
    model.take_where(true, y, work.y_new);
  }
  return loss.finish(y);
}

/// Solves forward under `control` and returns the loss in `L`, or nothing if the solve fails. `accepted`: steps taken.
template <class L, class Model, class Observer>
[[nodiscard]] std::optional<L> solve_for_loss(Tableau const& tab, Model const& model, StepControl const& control,
                                              typename Model::Time const& t0, typename Model::Time const& t1,
                                              typename Model::State& y, Observer& observer,
                                              std::int64_t* accepted = nullptr) {
  StepWorkspace<Model> work(tab, model, control.objective.columns());
  LossSum<Model, L> loss(tab, model, control.objective);
  loss.start(t0, y);
  WithLoss<Model, Observer, L> both{loss, work, observer};
  IntegrationCounts<CountOf<typename Model::Time>> counts;
  SolveStatus const status = integrate(tab, model, control, t0, t1, y, work, both, counts);
  if (accepted != nullptr) *accepted = counts.accepted;
  if (status != SolveStatus::success) return std::nullopt;
  return loss.finish(y);
}

/// The forward program of a method that steps by the tableau as it is.
struct TableauProgram {};

/// The forward program of a method: its own if it has one.
template <class Method>
struct ProgramOf {
  using type = TableauProgram;
};
template <class Method>
requires requires {
  typename Method::Program;
}
struct ProgramOf<Method> {
  using type = typename Method::Program;
};

/// As solve_for_loss, by the program of a method.
template <class Program, class L, class Model, class Observer>
[[nodiscard]] std::optional<L> solve_program(Tableau const& tab, Model const& model, StepControl const& control,
                                             typename Model::Time const& t0, typename Model::Time const& t1,
                                             typename Model::State& y, Observer& observer) {
  if constexpr (std::is_same_v<Program, TableauProgram>) {
    return solve_for_loss<L>(tab, model, control, t0, t1, y, observer);
  } else {
    IntegrationCounts<CountOf<typename Model::Time>> counts;
    L loss(0.0);
    SolveStatus const status = Program::solve(tab, model, control, t0, t1, y, observer, counts, loss);
    return status == SolveStatus::success ? std::optional<L>(loss) : std::nullopt;
  }
}
/// As replay_forward, likewise.
template <class Program, class L, class Model>
[[nodiscard]] L replay_program(Tableau const& tab, Model const& model, StepControl const& control,
                               std::vector<StepSpan<typename Model::Time>> const& steps, typename Model::State& y) {
  if constexpr (std::is_same_v<Program, TableauProgram>) {
    return replay_forward<L>(tab, model, control.objective, steps, y);
  } else {
    return Program::template replay<L>(tab, model, control, steps, y);
  }
}

}  // namespace retrace
