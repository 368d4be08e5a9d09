#pragma once

#include "core/blocks.hpp"
#include "core/dual.hpp"
#include "core/precision.hpp"
#include "gradients/ensemble_gradient.hpp"
#include "solvers/tableau.hpp"
#include "verification/recorded_steps.hpp"
#include "verification/richardson.hpp"
#include "verification/vector_error.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace retrace {

/// Single trajectories of an ensemble problem, solved and differentiated without any gradient method: by duals and by
/// differences, along frozen steps and through the adaptive program. Trajectories are counted from the rank's first.
template <EnsembleProblem Problem>
class EnsembleTrajectories {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;

  struct Inputs {
    Vec<double, N> y0;
    Vec<double, P> p;
  };
  struct Differentiated {
    TrajectoryGradient<Problem> gradient{};
    Vec<double, N> final_state{};
    std::int64_t steps = 0;
    bool success = false;
  };

  EnsembleTrajectories(Problem const& problem, BlockPartition const& partition)
      : problem_(&problem), first_(partition.first_item()) {}

  [[nodiscard]] Inputs inputs(std::int64_t local) const {
    std::int64_t const i = first_ + local;
    return {problem_->initial_state(i), problem_->parameter_values(i)};
  }

  /// Plain forward solve; the loss, or nothing if it fails.
  template <class Program, class Precision = F64, class Observer>
  [[nodiscard]] std::optional<double> solve(Tableau const& tab, StepControl const& control, Inputs const& x,
                                            Observer& observer) const {
    return solve_between<Program, Precision>(tab, control, problem_->t0, problem_->t1, x, observer);
  }
  template <class Program, class Precision = F64, class Observer>
  [[nodiscard]] std::optional<double> solve_between(Tableau const& tab, StepControl const& control, double t0,
                                                    double t1, Inputs const& x, Observer& observer) const {
    using T = typename Precision::State;
    using S = typename Precision::Time;
    using Model = EnsembleModel<Problem, T, S>;
    Model model{};
    model.p = convert<T>(x.p);
    Vec<T, N> y = convert<T>(x.y0);
    std::optional<S> const loss =
        solve_program<Program, S>(tab, model, control, static_cast<S>(t0), static_cast<S>(t1), y, observer);
    return loss ? std::optional(static_cast<double>(*loss)) : std::nullopt;
  }

  /// In doubles whatever the precision of the program that took the steps: only its round-off is left between them.
  template <class Program, class Precision = F64>
  [[nodiscard]] Differentiated differentiate_frozen(Tableau const& tab, StepControl const& control,
                                                    std::int64_t local) const {
    RecordedStepsOf<typename Precision::Time> recorded;
    if (!solve<Program, Precision>(tab, control, inputs(local), recorded)) return {};
    std::vector<StepSpan<double>> steps;
    for (auto const& step : recorded.steps) steps.push_back({step.t, step.h, step.t_next});
    using Model = EnsembleModel<Problem, DualOf<double>, double>;
    Model model{};
    Vec<DualOf<double>, N> y;
    seed(inputs(local), model, y);
    auto const loss = replay_program<Program, DualOf<double>>(tab, model, control, steps, y);
    return collect<double>(loss, y, static_cast<std::int64_t>(steps.size()));
  }

  template <class Precision>
  [[nodiscard]] Differentiated differentiate_program(Tableau const& tab, StepControl const& control,
                                                     Inputs const& x) const {
    using Number = typename Precision::State;
    using S = DualOf<typename Precision::Time>;
    using Model = EnsembleModel<Problem, DualOf<Number>, S>;
    Model model{};
    Vec<DualOf<Number>, N> y;
    seed(x, model, y);
    NoObserver observer;
    std::int64_t accepted = 0;
    auto const t0 = static_cast<typename Precision::Time>(problem_->t0),
               t1 = static_cast<typename Precision::Time>(problem_->t1);
    std::optional<DualOf<Number>> const loss =
        solve_for_loss<DualOf<Number>>(tab, model, control, S(t0), S(t1), y, observer, &accepted);
    if (!loss) return {};
    return collect<Number>(*loss, y, accepted);
  }

  /// See WitnessError; inputs move by some last bits, up and down.
  [[nodiscard]] double sensitivity(Tableau const& tab, StepControl const& control, Inputs const& x,
                                   Differentiated const& witness) const {
    constexpr double unit_round_off = 1.1e-16;
    double largest = 0.0;
    for (double const bits : {-4.0, -2.0, 2.0, 4.0}) {
      Inputs moved_inputs = x;
      for (double& value : moved_inputs.y0.data) value *= 1.0 + bits * unit_round_off;
      for (double& value : moved_inputs.p.data) value *= 1.0 + bits * unit_round_off;
      Differentiated const there = differentiate_program<F64>(tab, control, moved_inputs);
      if (there.success) largest = std::max(largest, difference(there, witness));
    }
    return largest;
  }
  /// Relative, the larger of the blocks y0 and p.
  [[nodiscard]] static double difference(Differentiated const& a, Differentiated const& b) {
    return std::max(relative_l2(std::span(a.gradient.dloss_dy0.data), std::span(b.gradient.dloss_dy0.data)),
                    relative_l2(std::span(a.gradient.dloss_dp.data), std::span(b.gradient.dloss_dp.data)));
  }

  /// Entries of +-(1 + |x|), different for each trajectory, the same for any number of ranks.
  [[nodiscard]] Inputs random_direction(std::int64_t local) const {
    std::mt19937_64 random(static_cast<std::uint64_t>(first_ + local));
    Inputs direction = inputs(local);
    for (double& x : direction.y0.data) x = (1.0 + std::abs(x)) * ((random() & 1U) != 0 ? 1.0 : -1.0);
    for (double& x : direction.p.data) x = (1.0 + std::abs(x)) * ((random() & 1U) != 0 ? 1.0 : -1.0);
    return direction;
  }
  [[nodiscard]] static Inputs moved(Inputs x, Inputs const& direction, double e) {
    for (int d = 0; d < N; ++d) x.y0[d] += e * direction.y0[d];
    for (int j = 0; j < P; ++j) x.p[j] += e * direction.p[j];
    return x;
  }

  template <class Program>
  [[nodiscard]] DifferenceEstimate differentiate_numerically(Tableau const& tab, StepControl const& control,
                                                             bool frozen, std::int64_t local,
                                                             Inputs const& direction) const {
    Inputs const x = inputs(local);
    RecordedSteps recorded;
    std::optional<double> const loss = solve<Program>(tab, control, x, recorded);
    if (!loss) return {};
    auto const loss_at = [&](double e) -> std::optional<double> {
      Inputs const there = moved(x, direction, e);
      if (frozen) return replayed_loss<Program>(tab, control, recorded.steps, there);
      RecordedSteps live;
      std::optional<double> const value = solve<Program>(tab, control, there, live);
      return live.pattern == recorded.pattern ? value : std::nullopt;
    };
    // Noise of the loss, measured: what a change of a few last bits of the input makes.
    constexpr double unit_round_off = 1.1e-16;
    double noise = unit_round_off * std::abs(*loss);
    for (double const bits : {-4.0, -2.0, 2.0, 4.0}) {
      if (auto const value = loss_at(bits * unit_round_off)) noise = std::max(noise, std::abs(*value - *loss));
    }
    return frozen ? richardson_derivative(loss_at, 0x1p-6, 16, noise)
                  : richardson_derivative(loss_at, 0x1p-8, 20, noise);
  }

  template <class Program>
  [[nodiscard]] double replayed_loss(Tableau const& tab, StepControl const& control,
                                     std::vector<StepSpan<double>> const& steps, Inputs const& x) const {
    using Model = EnsembleModel<Problem, double>;
    Model model{};
    model.p = x.p;
    Vec<double, N> y = x.y0;
    return replay_program<Program, double>(tab, model, control, steps, y);
  }

 private:
  template <class Number>
  using DualOf = Dual<Number, N + P>;

  template <class Model, class Number>
  static void seed(Inputs const& x, Model& model, Vec<DualOf<Number>, N>& y) {
    for (int d = 0; d < N; ++d) y[d] = DualOf<Number>::variable(static_cast<Number>(x.y0[d]), d);
    for (int j = 0; j < P; ++j) model.p[j] = DualOf<Number>::variable(static_cast<Number>(x.p[j]), N + j);
  }
  template <class Number>
  [[nodiscard]] static Differentiated collect(DualOf<Number> const& loss, Vec<DualOf<Number>, N> const& y,
                                              std::int64_t steps) {
    Differentiated d{};
    d.success = true;
    d.steps = steps;
    d.gradient.loss = static_cast<double>(loss.value);
    for (int i = 0; i < N; ++i) {
      d.gradient.dloss_dy0[i] = static_cast<double>(loss.tangent[i]);
      d.final_state[i] = static_cast<double>(y[i].value);
    }
    for (int j = 0; j < P; ++j) d.gradient.dloss_dp[j] = static_cast<double>(loss.tangent[N + j]);
    return d;
  }

  Problem const* problem_;
  std::int64_t first_;
};

}  // namespace retrace
