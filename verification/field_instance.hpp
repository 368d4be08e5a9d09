#pragma once

#include "core/precision.hpp"
#include "gradients/field_gradient.hpp"
#include "gradients/registry.hpp"
#include "solvers/registry.hpp"
#include "verification/execution_spaces.hpp"
#include "verification/problem_instance.hpp"
#include "verification/recorded_steps.hpp"
#include "verification/richardson.hpp"
#include "verification/vector_error.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace retrace {

/// A field problem, its samples spread over the ranks. Witnesses look at two random directions: one in y0, one in p.
template <FieldProblem Problem>
class FieldInstance final : public ProblemInstance {
 public:
  using Exec = Kokkos::DefaultHostExecutionSpace;  // of the witnesses

  FieldInstance(Arguments const& arguments, Communicator const& comm)
      : problem_(arguments),
        comm_(&comm),
        partition_(problem_.samples(), problem_.block_size(), comm.rank(), comm.size()),
        p_(static_cast<std::size_t>(problem_.parameters())) {
    problem_.parameter_values(p_);
  }

  [[nodiscard]] std::int64_t state_dimension() const override { return problem_.sample_size(); }
  [[nodiscard]] std::int64_t parameter_count() const override { return problem_.parameters(); }
  [[nodiscard]] std::int64_t batch() const override { return problem_.samples(); }
  [[nodiscard]] double time_span() const override { return problem_.t1 - problem_.t0; }

  [[nodiscard]] std::unique_ptr<GradientDriver> make_gradient(GradientChoice const& choice,
                                                              StepControl const& control) const override {
    std::unique_ptr<GradientDriver> driver;
    visit_execution_space(choice.backend, [&]<class Space>() {
      (void)visit_named(AllGradientMethods{}, choice.method, [&]<class Method>() {
        visit_choice(choice, [&]<class Tab, class Precision>() {
          driver = std::make_unique<FieldGradient<Problem, Method, Tab, Space, Precision>>(problem_, control,
                                                                                           partition_, *comm_);
        });
      });
    });
    return driver;
  }

  /// ACA at a tight tolerance; what ties it to a witness of other code is the check `dual` of ACA itself.
  [[nodiscard]] Reference make_reference() const override {
    constexpr double tight = 1e-11, weaker = 1e-10;
    Reference reference = refined(tight);
    Reference const other = refined(weaker);
    reference.uncertainty = gradient_error(*comm_, other.dloss_dy0, other.dloss_dp, reference).relative_l2;
    return reference;
  }

  [[nodiscard]] WitnessError frozen_dual(GradientChoice const& choice, StepControl const& control,
                                         GradientResult const& gradient) const override {
    return compare_with_duals<double>(choice.solver, gradient, [&]<class Tab>(auto const& model, auto& y, auto& work) {
      std::optional<std::vector<StepSpan<double>>> steps;
      (void)visit_named(AllPrecisions{}, choice.precision,
                        [&]<class Precision>() { steps = steps_in<Tab, Precision>(control); });
      if (!steps) return std::int64_t{-1};
      replay_forward<Tab>(model, *steps, y, work);
      return static_cast<std::int64_t>(steps->size());
    });
  }
  [[nodiscard]] WitnessError program_dual(GradientChoice const& choice, StepControl const& control,
                                          GradientResult const& gradient) const override {
    if (choice.precision != F64::name) return {};  // duals of single precision are not compiled for fields
    return compare_with_duals<DualNumber>(
        choice.solver, gradient, [&]<class Tab>(auto const& model, auto& y, auto& work) {
          NoObserver observer;
          IntegrationCounts<> counts;
          SolveStatus const status = integrate<Tab>(model, control, DualNumber(problem_.t0), DualNumber(problem_.t1), y,
                                                    work, observer, counts);
          return status == SolveStatus::success ? counts.accepted : std::int64_t{-1};
        });
  }

  [[nodiscard]] DifferenceError finite_difference(std::string_view solver, StepControl const& control, bool frozen,
                                                  GradientResult const& gradient) const override {
    DifferenceError worst;
    double worst_ratio = -1.0;
    for (Direction const& direction : directions()) {
      DifferenceEstimate estimate;
      (void)visit_named(AllTableaus{}, solver,
                        [&]<class Tab>() { estimate = differentiate_numerically<Tab>(control, frozen, direction); });
      ++worst.tried;
      if (!std::isfinite(estimate.bar)) continue;
      ++worst.compared;
      double const error = std::abs(slope(gradient, direction) - estimate.derivative), ratio = error / estimate.bar;
      if (ratio <= worst_ratio) continue;
      worst_ratio = ratio;
      worst.error = error;
      worst.bar = estimate.bar;
      worst.derivative = std::abs(estimate.derivative);
    }
    return worst;  // formed from sums that every rank has
  }

 private:
  using DualNumber = Dual<double, 1>;
  /// A direction in (y0, p): this rank's part of y0, all of p; empty is zero.
  struct Direction {
    std::vector<double> y0, p;
  };

  [[nodiscard]] std::vector<Direction> directions() const {
    std::vector<Direction> both(2);
    auto const item = static_cast<std::size_t>(problem_.sample_size());
    for (std::int64_t i = 0; i < partition_.local_items(); ++i) {
      std::mt19937_64 random(static_cast<std::uint64_t>(partition_.first_item() + i));
      for (std::size_t d = 0; d < item; ++d) both[0].y0.push_back((random() & 1U) != 0 ? 1.0 : -1.0);
    }
    std::mt19937_64 random(1);
    for (std::size_t j = 0; j < p_.size(); ++j) both[1].p.push_back((random() & 1U) != 0 ? 1.0 : -1.0);
    return both;
  }
  /// The gradient along a direction, summed over ranks in rank order.
  [[nodiscard]] double slope(GradientResult const& gradient, Direction const& direction) const {
    double local = 0.0, result = 0.0;
    for (std::size_t i = 0; i < direction.y0.size(); ++i) local += gradient.dloss_dy0[i] * direction.y0[i];
    for (double const part : comm_->all_gather({&local, 1})) result += part;
    for (std::size_t j = 0; j < direction.p.size(); ++j) result += gradient.dloss_dp[j] * direction.p[j];
    return result;
  }
  /// Norm of the block of the gradient that the direction lies in: the expected size of the slope.
  [[nodiscard]] double block_norm(GradientResult const& gradient, Direction const& direction) const {
    double local = 0.0, sum = 0.0;
    if (!direction.p.empty()) {
      for (double const g : gradient.dloss_dp) sum += g * g;
    } else {
      for (double const g : gradient.dloss_dy0) local += g * g;
      for (double const part : comm_->all_gather({&local, 1})) sum += part;
    }
    return std::sqrt(sum);
  }

  template <class T, class S>
  using Model = FieldModel<Problem, T, S, Exec>;

  template <class T, class S, class Number>
  [[nodiscard]] Model<T, S> make_model(Direction const& direction, Number&& along) const {
    std::vector<T> p(p_.begin(), p_.end());
    for (std::size_t j = 0; j < direction.p.size(); ++j) p[j] = along(p_[j], direction.p[j]);
    return Model<T, S>(problem_, partition_, *comm_, p);
  }
  template <class ModelType, class Number>
  [[nodiscard]] static typename ModelType::State start(ModelType const& model, Direction const& direction,
                                                       Number&& along) {
    typename ModelType::State y = model.make_state("retrace::witness::y");
    model.initial_state(y);
    for (std::size_t i = 0; i < direction.y0.size(); ++i) y(i) = along(value_of(y(i)), direction.y0[i]);
    return y;
  }

  template <class S, class Advance>
  [[nodiscard]] WitnessError compare_with_duals(std::string_view solver, GradientResult const& gradient,
                                                Advance&& advance) const {
    WitnessError error;
    auto const along = [](double x, double dx) {
      DualNumber number(x);
      number.tangent[0] = dx;
      return number;
    };
    for (Direction const& direction : directions()) {
      auto const model = make_model<DualNumber, S>(direction, along);
      auto y = start(model, direction, along);
      double relative = std::numeric_limits<double>::quiet_NaN();
      (void)visit_named(AllTableaus{}, solver, [&]<class Tab>() {
        StepWorkspace<Tab, Model<DualNumber, S>> work(model);
        std::int64_t const steps = advance.template operator()<Tab>(model, y, work);
        if (steps < 0) return;
        error.steps = std::max(error.steps, steps);
        relative = std::abs(slope(gradient, direction) - tangent_of_loss(model, y)) / block_norm(gradient, direction);
      });
      error.relative_error = larger_or_nan(error.relative_error, relative);
      ++error.compared;
    }
    return error;  // formed from sums that every rank has
  }
  /// dL along the direction, over all ranks.
  template <class ModelType>
  [[nodiscard]] double tangent_of_loss(ModelType const& model, typename ModelType::State const& y) const {
    double local = 0.0, sum = 0.0;
    for (std::int64_t b = 0; b < partition_.local_blocks(); ++b) local += model.block_loss(b, y).tangent[0];
    for (double const part : comm_->all_gather({&local, 1})) sum += part;
    return sum;
  }

  /// Calls `visit.template operator()<Tab, Precision>()` for the scheme and the precision of a choice.
  template <class Visit>
  static void visit_choice(GradientChoice const& choice, Visit&& visit) {
    (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
      (void)visit_named(AllTableaus{}, choice.solver,
                        [&]<class Tab>() { visit.template operator()<Tab, Precision>(); });
    });
  }

  /// The steps that the forward solve takes in a precision; nothing if it fails.
  template <Tableau Tab, class Precision>
  [[nodiscard]] std::optional<std::vector<StepSpan<double>>> steps_in(StepControl const& control) const {
    using T = typename Precision::State;
    using S = typename Precision::Time;
    auto const rounded = [](double x, double) { return static_cast<T>(x); };
    std::vector<T> const p(p_.begin(), p_.end());
    Model<T, S> const model(problem_, partition_, *comm_, p);
    auto y = start(model, Direction{}, rounded);
    StepWorkspace<Tab, Model<T, S>> work(model);
    RecordedStepsOf<S> recorded;
    IntegrationCounts<CountOf<S>> counts;
    SolveStatus const status = integrate<Tab>(model, control, static_cast<S>(problem_.t0), static_cast<S>(problem_.t1),
                                              y, work, recorded, counts);
    if (status != SolveStatus::success) return std::nullopt;
    std::vector<StepSpan<double>> steps;
    for (auto const& step : recorded.steps) steps.push_back({step.t, step.h, step.t_next});
    return steps;
  }

  /// Plain forward solve from x + e * direction; the loss, or nothing if it fails.
  template <Tableau Tab, class Observer>
  [[nodiscard]] std::optional<double> solve(StepControl const& control, Direction const& direction, double e,
                                            Observer& observer) const {
    auto const along = [e](double x, double dx) { return x + e * dx; };
    auto const model = make_model<double, double>(direction, along);
    auto y = start(model, direction, along);
    StepWorkspace<Tab, Model<double, double>> work(model);
    IntegrationCounts<> counts;
    SolveStatus const status = integrate<Tab>(model, control, problem_.t0, problem_.t1, y, work, observer, counts);
    return status == SolveStatus::success ? std::optional(model.loss(y)) : std::nullopt;
  }
  template <Tableau Tab>
  [[nodiscard]] double replayed_loss(RecordedSteps const& recorded, Direction const& direction, double e) const {
    auto const along = [e](double x, double dx) { return x + e * dx; };
    auto const model = make_model<double, double>(direction, along);
    auto y = start(model, direction, along);
    StepWorkspace<Tab, Model<double, double>> work(model);
    replay_forward<Tab>(model, recorded.steps, y, work);
    return model.loss(y);
  }
  template <Tableau Tab>
  [[nodiscard]] DifferenceEstimate differentiate_numerically(StepControl const& control, bool frozen,
                                                             Direction const& direction) const {
    RecordedSteps recorded;
    std::optional<double> const loss = solve<Tab>(control, direction, 0.0, recorded);
    if (!loss) return {};
    auto const loss_at = [&](double e) -> std::optional<double> {
      if (frozen) return replayed_loss<Tab>(recorded, direction, e);
      RecordedSteps live;
      std::optional<double> const value = solve<Tab>(control, direction, e, live);
      // A rank sees the branches of its own entries only, and all must call the same solves.
      bool const differs = comm_->all_max(std::int64_t{live.pattern == recorded.pattern ? 0 : 1}) != 0;
      return differs ? std::nullopt : value;
    };
    constexpr double unit_round_off = 1.1e-16;
    double noise = unit_round_off * std::abs(*loss);
    for (double const bits : {-4.0, -2.0, 2.0, 4.0}) {
      if (auto const value = loss_at(bits * unit_round_off)) noise = std::max(noise, std::abs(*value - *loss));
    }
    return richardson_derivative(loss_at, frozen ? 0x1p-6 : 0x1p-8, frozen ? 12 : 14, noise);
  }

  [[nodiscard]] Reference refined(double tolerance) const {
    StepControl control;
    control.relative_tolerance = control.absolute_tolerance = tolerance;
    auto const driver = make_gradient({.method = "aca", .solver = "dormand_prince54"}, control);
    driver->run();
    GradientResult const result = driver->result();
    return {.kind = Reference::Kind::refined,
            .loss = result.loss,
            .dloss_dy0 = result.dloss_dy0,
            .dloss_dp = result.dloss_dp,
            .final_state = result.final_state};
  }

  Problem problem_;
  Communicator const* comm_;
  BlockPartition partition_;
  std::vector<double> p_;
};

}  // namespace retrace
