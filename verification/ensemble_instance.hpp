#pragma once

#include "core/precision.hpp"
#include "gradients/ensemble_gradient.hpp"
#include "gradients/registry.hpp"
#include "solvers/registry.hpp"
#include "verification/device_gradient.hpp"
#include "verification/ensemble_trajectories.hpp"
#include "verification/execution_spaces.hpp"
#include "verification/host_threads.hpp"
#include "verification/method_choice.hpp"
#include "verification/moved_times.hpp"
#include "verification/prepared_control.hpp"
#include "verification/problem_instance.hpp"
#include "verification/recorded_steps.hpp"
#include "verification/richardson.hpp"
#include "verification/vector_error.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace retrace {

/// An ensemble problem on this rank. Witnesses look at a few trajectories, spread over the rank's own.
template <EnsembleProblem Problem, class Methods = AllGradientMethods>
class EnsembleInstance final : public ProblemInstance {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using Trajectories = EnsembleTrajectories<Problem>;
  using Inputs = typename Trajectories::Inputs;
  using Differentiated = typename Trajectories::Differentiated;
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
  [[nodiscard]] double initial_time() const override { return problem_.t0; }
  [[nodiscard]] double final_time() const override { return problem_.t1; }
  [[nodiscard]] ProblemOperations operations() const override { return operations_of(problem_); }

  [[nodiscard]] std::unique_ptr<GradientDriver> make_gradient(GradientChoice const& choice,
                                                              StepControl const& given) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    (void)visit_named(Methods{}, choice.method, [&]<class Method>() { require_choice<Method>(choice); });
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
      (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
        (void)visit_named(Methods{}, choice.method, [&]<class Method>() {
          if constexpr (computes_in<Method, Precision>)
            driver = make_driver<Method, Exec, Precision>(tableau_named(choice.solver), control);
        });
      });
    });
    if (!driver) throw_not_compiled(choice.method, Problem::name);
    return driver;
  }

  [[nodiscard]] Reference make_reference(Objective const& objective = {}) const override {
    Reference reference;
    if (HasClosedForm<Problem> && objective.kind == LossKind::terminal) {
      reference = closed_form();
    } else {
      constexpr double tight = 1e-12, weaker = 1e-11;
      reference = refined(objective, tight);
      reference.uncertainty = difference(refined(objective, weaker), reference);
    }
    return reference;
  }

  [[nodiscard]] WitnessError frozen_dual(GradientChoice const& choice, StepControl const& given,
                                         GradientResult const& gradient) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    return compare_with_duals(gradient, [&](std::int64_t i) {
      Differentiated d{};
      (void)visit_named(Methods{}, choice.method, [&]<class Method>() {
        (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
          if constexpr (computes_in<Method, Precision>)
            d = each().template differentiate_frozen<typename ProgramOf<Method>::type, Precision>(
                tableau_named(choice.solver), control, i);
        });
      });
      return d;
    });
  }
  [[nodiscard]] WitnessError program_dual(GradientChoice const& choice, StepControl const& given,
                                          GradientResult const& gradient) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    return compare_with_duals(
        gradient,
        [&](std::int64_t i) {
          Differentiated d{};
          (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
            d = each().template differentiate_program<Precision>(tableau_named(choice.solver), control,
                                                                 each().inputs(i));
          });
          return d;
        },
        [&](std::int64_t i, Differentiated const& witness) {
          return choice.precision == F64::name
                     ? each().sensitivity(tableau_named(choice.solver), control, each().inputs(i), witness)
                     : 0.0;
        });
  }

  [[nodiscard]] DifferenceError finite_difference(GradientChoice const& choice, StepControl const& given, bool frozen,
                                                  GradientResult const& gradient) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    DifferenceError worst;
    double worst_ratio = -1.0;
    for_witnessed([&](std::int64_t local) {
      Inputs const direction = each().random_direction(local);
      double slope = 0.0;
      for (int d = 0; d < N; ++d) slope += direction.y0[d] * gradient.dloss_dy0[at(local, N) + index(d)];
      for (int j = 0; j < P; ++j) slope += direction.p[j] * gradient.dloss_dp_each[at(local, P) + index(j)];
      DifferenceEstimate estimate{};
      (void)visit_named(Methods{}, choice.method, [&]<class Method>() {
        estimate = each().template differentiate_numerically<typename ProgramOf<Method>::type>(
            tableau_named(choice.solver), control, frozen, local, direction);
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
  [[nodiscard]] DifferenceError time_difference(GradientChoice const& choice, StepControl const& given, bool frozen,
                                                GradientResult const& gradient) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    Tableau const& tab = tableau_named(choice.solver);
    SolveTimes const times{problem_.t0, problem_.t1, control.objective};
    int const count = SolveTimes::first_observation + control.objective.observations;
    WorstDifference worst;
    for_witnessed([&](std::int64_t local) {
      RecordedSteps recorded;
      std::optional<double> const loss =
          each().template solve<TableauProgram>(tab, control, each().inputs(local), recorded);
      if (!loss) return;
      auto const derivatives = std::span(gradient.dloss_dt_each).subspan(at(local, count), index(count));
      double size = std::abs(*loss);
      for (double const d : derivatives) size = std::max(size, std::abs(d));
      for (int const entry : times.movable()) {
        auto const loss_at = [&](double e) -> std::optional<double> {
          SolveTimes const there = times.moved(entry, e);
          StepControl moved_control = control;
          moved_control.objective = there.objective;
          if (frozen)
            return each().template replayed_loss<TableauProgram>(
                tab, moved_control, times.moved(recorded.steps, entry, e), each().inputs(local));
          RecordedSteps live;
          std::optional<double> const value = each().template solve_between<TableauProgram>(
              tab, moved_control, there.t0, there.t1, each().inputs(local), live);
          return live.pattern == recorded.pattern ? value : std::nullopt;
        };
        double const reach = frozen ? times.frozen_reach(recorded.steps) : times.live_reach();
        worst.add(derivatives[index(entry)], differentiate_in_time(times, reach, *loss, loss_at), size);
      }
    });
    return worst_over_ranks(*comm_, worst.worst, worst.ratio);
  }

 private:
  /// Packs pay from three trajectories on: one of eight takes about twice the time of a single trajectory.
  template <class Method, class Exec, class Precision>
  [[nodiscard]] std::unique_ptr<GradientDriver> make_driver(Tableau const& tab, StepControl const& control) const {
    if constexpr (Method::packs && std::is_same_v<Precision, F64>) {
      constexpr std::int64_t least = 3;
      if (partition_.local_items() < least)
        return std::make_unique<EnsembleGradient<Problem, Method, Exec, Precision, 1>>(problem_, tab, control,
                                                                                       partition_, *comm_);
    }
    return std::make_unique<EnsembleGradient<Problem, Method, Exec, Precision>>(problem_, tab, control, partition_,
                                                                                *comm_);
  }

  [[nodiscard]] static std::size_t index(int i) {
    return static_cast<std::size_t>(i);
  }
  [[nodiscard]] static std::size_t at(std::int64_t item, int size) {
    return static_cast<std::size_t>(item * size);
  }

  [[nodiscard]] Trajectories each() const {
    return Trajectories(problem_, partition_);
  }

  template <class Visit>
  void for_witnessed(Visit&& visit) const {
    std::int64_t const n = partition_.local_items(), count = std::min(n, witnessed);
    for (std::int64_t k = 0; k < count; ++k) visit(k * n / count);
  }

  template <class Differentiate>
  [[nodiscard]] WitnessError compare_with_duals(GradientResult const& gradient, Differentiate&& differentiate) const {
    return compare_with_duals(gradient, differentiate, [](std::int64_t, Differentiated const&) { return 0.0; });
  }
  /// `sensitivity_of(trajectory, witness)` is asked where the error is not clear.
  template <class Differentiate, class SensitivityOf>
  [[nodiscard]] WitnessError compare_with_duals(GradientResult const& gradient, Differentiate&& differentiate,
                                                SensitivityOf&& sensitivity_of) const {
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
      if (relative > WitnessError::clear && relative >= error.relative_error)
        error.sensitivity = sensitivity_of(local, d);
      error.relative_error = larger_or_nan(error.relative_error, relative);
      error.steps = std::max(error.steps, d.steps);
      ++error.compared;
    });
    return worst_over_ranks(*comm_, error);
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
  [[nodiscard]] Reference refined(Objective const& objective, double tolerance) const {
    StepControl control;
    control.objective = objective;
    if (objective.kind == LossKind::dense) control.objective.kind = LossKind::exact;  // no error of interpolation
    control.relative_tolerance = control.absolute_tolerance = tolerance;
    control.max_steps = 10'000'000;
    return gathered(Reference::Kind::refined, [&](std::int64_t local) {
      return each().template differentiate_frozen<TableauProgram>(tableau_of<DormandPrince54>, control, local);
    });
  }
  template <class Differentiate>
  [[nodiscard]] Reference gathered(Reference::Kind kind, Differentiate&& differentiate) const {
    Reference reference;
    reference.kind = kind;
    GradientResult sums;
    std::vector<double> losses;
    for (Differentiated const& d : computed_on_threads<Differentiated>(partition_.local_items(), differentiate)) {
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
  [[nodiscard]] double difference(Reference const& a, Reference const& b) const {
    return gradient_error(*comm_, a.dloss_dy0, a.dloss_dp, b).relative_l2;
  }

  Problem problem_;
  Communicator const* comm_;
  BlockPartition partition_;
};

}  // namespace retrace
