#pragma once

#include "core/type_list.hpp"
#include "solvers/integrate.hpp"
#include "solvers/registry.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace retrace::tests {

namespace detail {
template <class Kept, class... Rest>
struct KeepAdaptive {
  using type = Kept;
};
template <class... Kept, class First, class... Rest>
struct KeepAdaptive<TypeList<Kept...>, First, Rest...>
    : KeepAdaptive<std::conditional_t<First::adaptive, TypeList<Kept..., First>, TypeList<Kept...>>, Rest...> {};
template <class List>
struct Adaptive;
template <class... Types>
struct Adaptive<TypeList<Types...>> : KeepAdaptive<TypeList<>, Types...> {};
}  // namespace detail

/// The schemes of the registry with an error estimate.
using AdaptiveTableauList = typename detail::Adaptive<AllTableaus>::type;

/// y' = f(t, y) with any callable f(t, y, dydt), counting its evaluations: what the integrator needs of a model, no
/// more.
template <int N, class F>
struct FunctionModel : VecAlgebra<double, double, N> {
  using State = Vec<double, N>;
  F f;
  mutable std::int64_t evaluations = 0;

  explicit FunctionModel(F function) : f(std::move(function)) {}
  void rhs(double t, State const& y, State& dydt) const {
    ++evaluations;
    f(t, y, dydt);
  }
};
template <int N, class F>
[[nodiscard]] FunctionModel<N, F> model_of(F f) {
  return FunctionModel<N, F>(std::move(f));
}

/// All that an observer is told.
struct Recording {
  struct Entry {
    StepSpan<double> span;
    double proposed, error_norm, factor;
    bool accepted, clipped, factor_is_constant;
  };
  std::vector<Entry> trials;
  std::vector<InitialStep<double>> starts;

  void on_start(InitialStep<double> const& start) { starts.push_back(start); }
  template <class TrialType>
  void on_trial(TrialType const& trial) {
    trials.push_back({trial.span, trial.proposed, trial.error_norm, trial.factor, trial.accepted, trial.clipped,
                      trial.factor_is_constant});
  }
  [[nodiscard]] std::vector<Entry> accepted() const {
    std::vector<Entry> only;
    for (Entry const& trial : trials)
      if (trial.accepted) only.push_back(trial);
    return only;
  }
};

/// One integration and all that came of it.
template <int N>
struct Solved {
  SolveStatus status = SolveStatus::success;
  Vec<double, N> y{};
  IntegrationCounts<> counts;
  Recording recording;
};
template <TableauDefinition Tab, int N, class F>
[[nodiscard]] Solved<N> solve(FunctionModel<N, F> const& model, StepControl const& control, double t0, double t1,
                              Vec<double, N> const& y0) {
  Solved<N> solved;
  solved.y = y0;
  StepWorkspace<FunctionModel<N, F>> work(tableau_of<Tab>, model);
  solved.status = integrate(tableau_of<Tab>, model, control, t0, t1, solved.y, work, solved.recording, solved.counts);
  return solved;
}

[[nodiscard]] inline StepControl fixed(std::int64_t steps) {
  StepControl control;
  control.fixed_steps = steps;
  return control;
}
[[nodiscard]] inline StepControl adaptive(double tolerance) {
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = tolerance;
  return control;
}

/// A limit cycle with a speed that depends on time; nonlinear, coupled, and with a closed form: in polar coordinates
/// r' = r (1 - r^2), phi' = 1 + cos(t) / 2.
struct DrivenCycle {
  static constexpr Vec<double, 2> start{{0.5, 0.0}};
  void operator()(double t, Vec<double, 2> const& y, Vec<double, 2>& dydt) const {
    double const pull = 1.0 - y[0] * y[0] - y[1] * y[1], speed = 1.0 + 0.5 * Kokkos::cos(t);
    dydt[0] = pull * y[0] - speed * y[1];
    dydt[1] = pull * y[1] + speed * y[0];
  }
  /// From `start` at t = 0.
  [[nodiscard]] static Vec<double, 2> exact(double t) {
    double const r = 1.0 / Kokkos::sqrt(1.0 + (1.0 / (start[0] * start[0]) - 1.0) * Kokkos::exp(-2.0 * t));
    double const phi = t + 0.5 * Kokkos::sin(t);
    return {{r * Kokkos::cos(phi), r * Kokkos::sin(phi)}};
  }
};

[[nodiscard]] inline double distance(Vec<double, 2> const& a, Vec<double, 2> const& b) {
  return Kokkos::sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]));
}

}  // namespace retrace::tests
