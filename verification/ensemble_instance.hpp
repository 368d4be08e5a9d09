#pragma once

#include "core/precision.hpp"
#include "gradients/ensemble_gradient.hpp"
#include "gradients/registry.hpp"
#include "solvers/registry.hpp"
#include "verification/device_gradient.hpp"
#include "verification/execution_spaces.hpp"
#include "verification/problem_instance.hpp"
#include "verification/recorded_steps.hpp"
#include "verification/richardson.hpp"
#include "verification/vector_error.hpp"

#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace retrace {

/// An ensemble problem on this rank. Witnesses look at a few trajectories, spread over the rank's own.
template <EnsembleProblem Problem>
class EnsembleInstance final : public ProblemInstance {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  static constexpr std::int64_t block_trajectories = 16;
  /// Trajectories per rank that a witness looks at.
  static constexpr std::int64_t witnessed = 6;

  EnsembleInstance(Arguments const& arguments, Communicator const& comm)
      : problem_(arguments),
        comm_(&comm),
        partition_(problem_.trajectories, block_trajectories, comm.rank(), comm.size()) {}

  [[nodiscard]] std::int64_t state_dimension() const override { return N; }
  [[nodiscard]] std::int64_t parameter_count() const override { return P; }
  [[nodiscard]] std::int64_t batch() const override { return problem_.trajectories; }
  [[nodiscard]] double time_span() const override { return problem_.t1 - problem_.t0; }

  [[nodiscard]] std::unique_ptr<GradientDriver> make_gradient(GradientChoice const& choice,
                                                              StepControl const& control) const override {
    std::unique_ptr<GradientDriver> driver;
#ifdef RETRACE_HAS_CUDA
    if (choice.backend == "cuda") {
      (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
        driver = make_device_gradient<Problem, Precision>(problem_, choice, control, partition_, *comm_);
      });
      return driver;
    }
#endif
    visit_execution_space(choice.backend, [&]<class Exec>() {
      visit_choice(choice, [&]<class Tab, class Precision>() {
        (void)visit_named(AllGradientMethods{}, choice.method, [&]<class Method>() {
          driver = std::make_unique<EnsembleGradient<Problem, Method, Tab, Exec, Precision>>(problem_, control,
                                                                                             partition_, *comm_);
        });
      });
    });
    return driver;
  }

  [[nodiscard]] Reference make_reference() const override {
    Reference reference;
    if constexpr (HasClosedForm<Problem>) {
      reference = closed_form();
    } else {
      constexpr double tight = 1e-12, weaker = 1e-11;
      reference = refined(tight);
      reference.uncertainty = difference(refined(weaker), reference);
    }
    return reference;
  }

  [[nodiscard]] WitnessError frozen_dual(GradientChoice const& choice, StepControl const& control,
                                         GradientResult const& gradient) const override {
    return compare_with_duals(gradient, [&](std::int64_t i) {
      Differentiated d{};
      visit_choice(choice, [&]<class Tab, class Precision>() { d = differentiate_frozen<Tab, Precision>(control, i); });
      return d;
    });
  }
  [[nodiscard]] WitnessError program_dual(GradientChoice const& choice, StepControl const& control,
                                          GradientResult const& gradient) const override {
    return compare_with_duals(gradient, [&](std::int64_t i) {
      Differentiated d{};
      visit_choice(choice,
                   [&]<class Tab, class Precision>() { d = differentiate_program<Tab, Precision>(control, i); });
      return d;
    });
  }

  [[nodiscard]] DifferenceError finite_difference(std::string_view solver, StepControl const& control, bool frozen,
                                                  GradientResult const& gradient) const override {
    DifferenceError worst;
    double worst_ratio = -1.0;
    for_witnessed([&](std::int64_t local) {
      Inputs const direction = random_direction(local);
      double slope = 0.0;
      for (int d = 0; d < N; ++d) slope += direction.y0[d] * gradient.dloss_dy0[at(local, N) + index(d)];
      for (int j = 0; j < P; ++j) slope += direction.p[j] * gradient.dloss_dp_each[at(local, P) + index(j)];
      DifferenceEstimate estimate;
      (void)visit_named(AllTableaus{}, solver, [&]<class Tab>() {
        estimate = differentiate_numerically<Tab>(control, frozen, local, direction);
      });
      ++worst.tried;
      if (!std::isfinite(estimate.bar)) return;
      ++worst.compared;
      double const error = std::abs(slope - estimate.derivative), ratio = error / estimate.bar;
      if (!(ratio <= worst_ratio)) {
        worst_ratio = ratio;
        worst.error = error;
        worst.bar = estimate.bar;
        worst.derivative = std::abs(estimate.derivative);
      }
    });
    return worst_over_ranks(*comm_, worst, worst_ratio);
  }

 private:
  template <class Number>
  using DualOf = Dual<Number, N + P>;
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

  [[nodiscard]] static std::size_t index(int i) {
    return static_cast<std::size_t>(i);
  }
  [[nodiscard]] static std::size_t at(std::int64_t item, int size) {
    return static_cast<std::size_t>(item * size);
  }

  template <class Visit>
  void for_witnessed(Visit&& visit) const {
    std::int64_t const n = partition_.local_items(), count = std::min(n, witnessed);
    for (std::int64_t k = 0; k < count; ++k) visit(k * n / count);
  }

  [[nodiscard]] Inputs inputs(std::int64_t local) const {
    std::int64_t const i = partition_.first_item() + local;
    return {problem_.initial_state(i), problem_.parameter_values(i)};
  }

  /// Calls `visit.template operator()<Tab, Precision>()` for the scheme and the precision of a choice.
  template <class Visit>
  static void visit_choice(GradientChoice const& choice, Visit&& visit) {
    (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
      (void)visit_named(AllTableaus{}, choice.solver,
                        [&]<class Tab>() { visit.template operator()<Tab, Precision>(); });
    });
  }

  /// Plain forward solve; the loss, or nothing if it fails.
  template <Tableau Tab, class Precision = F64, class Observer>
  [[nodiscard]] std::optional<double> solve(StepControl const& control, Inputs const& x, Observer& observer) const {
    using T = typename Precision::State;
    using S = typename Precision::Time;
    using Model = EnsembleModel<Problem, T, S>;
    Model model{};
    model.p = convert<T>(x.p);
    Vec<T, N> y = convert<T>(x.y0);
    StepWorkspace<Tab, Model> work(model);
    IntegrationCounts<CountOf<S>> counts;
    SolveStatus const status = integrate<Tab>(model, control, static_cast<S>(problem_.t0), static_cast<S>(problem_.t1),
                                              y, work, observer, counts);
    return status == SolveStatus::success ? std::optional(static_cast<double>(model.loss(y))) : std::nullopt;
  }

  template <class Model, class Number>
  static void seed(Inputs const& x, Model& model, Vec<DualOf<Number>, N>& y) {
    for (int d = 0; d < N; ++d) y[d] = DualOf<Number>::variable(static_cast<Number>(x.y0[d]), d);
    for (int j = 0; j < P; ++j) model.p[j] = DualOf<Number>::variable(static_cast<Number>(x.p[j]), N + j);
  }
  template <class Number>
  [[nodiscard]] static Differentiated collect(Vec<DualOf<Number>, N> const& y, std::int64_t steps) {
    DualOf<Number> const loss = Problem::loss(y);
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

  /// In doubles whatever the precision of the program that took the steps: only its round-off is left between them.
  template <Tableau Tab, class Precision = F64>
  [[nodiscard]] Differentiated differentiate_frozen(StepControl const& control, std::int64_t local) const {
    RecordedStepsOf<typename Precision::Time> recorded;
    if (!solve<Tab, Precision>(control, inputs(local), recorded)) return {};
    std::vector<StepSpan<double>> steps;
    for (auto const& step : recorded.steps) steps.push_back({step.t, step.h, step.t_next});
    using Model = EnsembleModel<Problem, DualOf<double>, double>;
    Model model{};
    Vec<DualOf<double>, N> y;
    seed(inputs(local), model, y);
    StepWorkspace<Tab, Model> work(model);
    replay_forward<Tab>(model, steps, y, work);
    return collect<double>(y, static_cast<std::int64_t>(steps.size()));
  }

  template <Tableau Tab, class Precision>
  [[nodiscard]] Differentiated differentiate_program(StepControl const& control, std::int64_t local) const {
    using Number = typename Precision::State;
    using S = DualOf<typename Precision::Time>;
    using Model = EnsembleModel<Problem, DualOf<Number>, S>;
    Model model{};
    Vec<DualOf<Number>, N> y;
    seed(inputs(local), model, y);
    StepWorkspace<Tab, Model> work(model);
    NoObserver observer;
    IntegrationCounts<CountOf<S>> counts;
    auto const t0 = static_cast<typename Precision::Time>(problem_.t0),
               t1 = static_cast<typename Precision::Time>(problem_.t1);
    SolveStatus const status = integrate<Tab>(model, control, S(t0), S(t1), y, work, observer, counts);
    if (status != SolveStatus::success) return {};
    return collect<Number>(y, static_cast<std::int64_t>(counts.accepted));
  }

  template <class Differentiate>
  [[nodiscard]] WitnessError compare_with_duals(GradientResult const& gradient, Differentiate&& differentiate) const {
    WitnessError error;
    for_witnessed([&](std::int64_t local) {
      Differentiated const d = differentiate(local);
      double relative = std::numeric_limits<double>::quiet_NaN();
      if (d.success) {
        relative = std::max(
            relative_l2(std::span(gradient.dloss_dy0).subspan(at(local, N), N), std::span(d.gradient.dloss_dy0.data)),
            relative_l2(std::span(gradient.dloss_dp_each).subspan(at(local, P), P),
                        std::span(d.gradient.dloss_dp.data)));
      }
      error.relative_error = larger_or_nan(error.relative_error, relative);
      error.steps = std::max(error.steps, d.steps);
      ++error.compared;
    });
    return worst_over_ranks(*comm_, error);
  }

  /// Entries of +-(1 + |x|), different for each trajectory, the same for any number of ranks.
  [[nodiscard]] Inputs random_direction(std::int64_t local) const {
    std::mt19937_64 random(static_cast<std::uint64_t>(partition_.first_item() + local));
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

  template <Tableau Tab>
  [[nodiscard]] DifferenceEstimate differentiate_numerically(StepControl const& control, bool frozen,
                                                             std::int64_t local, Inputs const& direction) const {
    Inputs const x = inputs(local);
    RecordedSteps recorded;
    std::optional<double> const loss = solve<Tab>(control, x, recorded);
    if (!loss) return {};
    auto const loss_at = [&](double e) -> std::optional<double> {
      Inputs const there = moved(x, direction, e);
      if (frozen) return replayed_loss<Tab>(recorded, there);
      RecordedSteps live;
      std::optional<double> const value = solve<Tab>(control, there, live);
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

  template <Tableau Tab>
  [[nodiscard]] double replayed_loss(RecordedSteps const& recorded, Inputs const& x) const {
    using Model = EnsembleModel<Problem, double>;
    Model model{};
    model.p = x.p;
    Vec<double, N> y = x.y0;
    StepWorkspace<Tab, Model> work(model);
    replay_forward<Tab>(model, recorded.steps, y, work);
    return model.loss(y);
  }

  [[nodiscard]] Reference closed_form() const {
    if constexpr (HasClosedForm<Problem>) {
      return gathered(Reference::Kind::closed_form, [&](std::int64_t local) {
        Differentiated d{};
        d.success = true;
        d.gradient = problem_.closed_form(partition_.first_item() + local);
        for (double& x : d.final_state.data) x = std::numeric_limits<double>::quiet_NaN();
        return d;
      });
    } else {
      return {};
    }
  }
  /// Duals through Dormand-Prince steps at a tight tolerance.
  [[nodiscard]] Reference refined(double tolerance) const {
    StepControl control;
    control.relative_tolerance = control.absolute_tolerance = tolerance;
    control.max_steps = 10'000'000;
    return gathered(Reference::Kind::refined,
                    [&](std::int64_t local) { return differentiate_frozen<DormandPrince54>(control, local); });
  }
  template <class Differentiate>
  [[nodiscard]] Reference gathered(Reference::Kind kind, Differentiate&& differentiate) const {
    Reference reference;
    reference.kind = kind;
    GradientResult sums;
    std::vector<double> losses;
    for (Differentiated const& d : each_trajectory(differentiate)) {
      losses.push_back(d.gradient.loss);
      reference.dloss_dy0.insert(reference.dloss_dy0.end(), d.gradient.dloss_dy0.data, d.gradient.dloss_dy0.data + N);
      reference.final_state.insert(reference.final_state.end(), d.final_state.data, d.final_state.data + N);
      sums.dloss_dp_each.insert(sums.dloss_dp_each.end(), d.gradient.dloss_dp.data, d.gradient.dloss_dp.data + P);
    }
    sums.dloss_dy0 = reference.dloss_dy0;
    reduce_trajectories(partition_, *comm_, losses, P, sums);
    reference.loss = sums.loss;
    reference.dloss_dp = sums.dloss_dp;
    return reference;
  }
  /// `differentiate` of every local trajectory, on the host's threads: an ensemble for a GPU would take one thread
  /// hours.
  template <class Differentiate>
  [[nodiscard]] std::vector<Differentiated> each_trajectory(Differentiate const& differentiate) const {
    using Exec = Kokkos::DefaultHostExecutionSpace;
    std::vector<Differentiated> each(static_cast<std::size_t>(partition_.local_items()));
    std::exception_ptr failure;
    std::mutex failure_mutex;
    Kokkos::parallel_for("retrace::reference::each_trajectory",
                         Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Dynamic>, Kokkos::IndexType<std::int64_t>>(
                             0, partition_.local_items()),
                         [&](std::int64_t local) {
                           try {
                             each[static_cast<std::size_t>(local)] = differentiate(local);
                           } catch (...) {
                             std::lock_guard const lock(failure_mutex);
                             failure = std::current_exception();
                           }
                         });
    Exec().fence("retrace::reference: the trajectories are gathered next");
    if (failure) std::rethrow_exception(failure);
    return each;
  }
  [[nodiscard]] double difference(Reference const& a, Reference const& b) const {
    return gradient_error(*comm_, a.dloss_dy0, a.dloss_dp, b).relative_l2;
  }

  Problem problem_;
  Communicator const* comm_;
  BlockPartition partition_;
};

}  // namespace retrace
