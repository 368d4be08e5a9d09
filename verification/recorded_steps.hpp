#pragma once

#include "solvers/integrate.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
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
template <Tableau Tab, class Model>
void replay_forward(Model const& model, std::vector<StepSpan<typename Model::Time>> const& steps,
                    typename Model::State& y, StepWorkspace<Tab, Model>& work) {
  for (auto const& span : steps) {
    model.rhs(span.t, y, work.k[0]);
    rk_step<Tab, false>(model, span, y, work);
    model.take_where(true, y, work.y_new);
  }
}

}  // namespace retrace
