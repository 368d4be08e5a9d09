#pragma once

#include "solvers/integrate.hpp"

#include <cstdint>
#include <vector>

namespace retrace {

/// The accepted steps of a forward solve and the pattern of its decisions: an observer.
struct RecordedSteps {
  std::vector<StepSpan<double>> steps;
  std::vector<std::uint8_t> pattern;  ///< per trial: accepted 1, clipped 2, factor at a bound 4

  template <class S>
  void on_start(InitialStep<S> const&) {}
  template <class TrialType>
  void on_trial(TrialType const& trial) {
    pattern.push_back(static_cast<std::uint8_t>((trial.accepted ? 1 : 0) + (trial.clipped ? 2 : 0) +
                                                (trial.factor_is_constant ? 4 : 0)));
    if (trial.accepted) steps.push_back({value_of(trial.span.t), value_of(trial.span.h), value_of(trial.span.t_next)});
  }
};

/// Advances `y` over recorded steps, whatever its scalar: the frozen-step program. No step search, no error estimate.
template <Tableau Tab, class Model>
void replay_forward(Model const& model, std::vector<StepSpan<double>> const& steps, typename Model::State& y,
                    StepWorkspace<Tab, Model>& work) {
  for (StepSpan<double> const& span : steps) {
    model.rhs(span.t, y, work.k[0]);
    rk_step<Tab, false>(model, span, y, work);
    model.take(y, work.y_new);
  }
}

}  // namespace retrace
