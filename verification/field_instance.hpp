#pragma once

#include "core/error.hpp"
#include "core/precision.hpp"
#include "gradients/field_gradient.hpp"
#include "gradients/registry.hpp"
#include "solvers/registry.hpp"
#include "verification/device_gradient.hpp"
#include "verification/execution_spaces.hpp"
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
#include <random>
#include <span>
#include <string>
#include <type_traits>
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
  [[nodiscard]] std::int64_t solves() const override { return 1; }
  [[nodiscard]] double initial_time() const override { return problem_.t0; }
  [[nodiscard]] double final_time() const override { return problem_.t1; }
  [[nodiscard]] ProblemOperations operations() const override {
    if constexpr (requires { problem_.vjp_operations(); }) {
      return {problem_.rhs_operations(), problem_.vjp_operations()};
    } else {
      constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
      return {unknown, unknown};
    }
  }

  [[nodiscard]] std::unique_ptr<GradientDriver> make_gradient(GradientChoice const& choice,
                                                              StepControl const& given) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    (void)visit_named(AllGradientMethods{}, choice.method, [&]<class Method>() { require_choice<Method>(choice); });
    std::unique_ptr<GradientDriver> driver;
#ifdef RETRACE_HAS_CUDA
    if (choice.backend == "cuda") {
      if constexpr (DeviceFieldProblem<Problem>) {
        (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
          driver = make_device_gradient<typename Problem::Description, Precision>(problem_, choice, control, partition_,
                                                                                  *comm_);
        });
        if (!driver) throw_not_compiled(choice.method, Problem::name);
        return driver;
      } else {
        throw UsageError("problem '" + std::string(Problem::name) +
                         "' has no form for a device; its backends are default, serial and openmp");
      }
    }
#endif
    visit_execution_space(choice.backend, [&]<class Space>() {
      (void)visit_named(AllGradientMethods{}, choice.method, [&]<class Method>() {
        if constexpr (Method::fields) {
          (void)visit_named(AllPrecisions{}, choice.precision, [&]<class Precision>() {
            if constexpr (computes_in<Method, Precision>)
              driver = std::make_unique<FieldGradient<Problem, Method, Space, Precision>>(
                  problem_, tableau_named(choice.solver), control, partition_, *comm_);
          });
        } else {
          throw UsageError("method '" + choice.method + "' is for ensembles, and '" + std::string(Problem::name) +
                           "' is a field");
        }
      });
    });
    if (!driver) throw_not_compiled(choice.method, Problem::name);
    return driver;
  }

  /// ACA at a tight tolerance; what ties it to a witness of other code is the check `dual` of ACA itself.
  [[nodiscard]] Reference make_reference(Objective const& objective = {}) const override {
    constexpr double tight = 1e-11, weaker = 1e-10;
    Reference reference = refined(objective, tight);
    Reference const other = refined(objective, weaker);
    reference.uncertainty = gradient_error(*comm_, other.dloss_dy0, other.dloss_dp, reference).relative_l2;
    return reference;
  }

  [[nodiscard]] WitnessError frozen_dual(GradientChoice const& choice, StepControl const& given,
                                         GradientResult const& gradient) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    Tableau const& tab = tableau_named(choice.solver);
    WitnessError error;
    visit_program(choice.method, [&]<class Program>() {
      error = compare_with_duals<double>(gradient, [&](auto const& model, auto& y, std::int64_t& count) {
        std::optional<std::vector<StepSpan<double>>> steps;
        (void)visit_named(AllPrecisions{}, choice.precision,
                          [&]<class Precision>() { steps = steps_in<Program, Precision>(tab, control); });
        if (!steps) return std::optional<DualNumber>();
        count = static_cast<std::int64_t>(steps->size());
        return std::optional(replay_program<Program, DualNumber>(tab, model, control, *steps, y));
      });
    });
    return error;
  }
  [[nodiscard]] WitnessError program_dual(GradientChoice const& choice, StepControl const& given,
                                          GradientResult const& gradient) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    if (choice.precision != F64::name) return {};  // duals of single precision are not compiled for fields
    Tableau const& tab = tableau_named(choice.solver);
    return compare_with_duals<DualNumber>(gradient, [&](auto const& model, auto& y, std::int64_t& count) {
      NoObserver observer;
      return solve_for_loss<DualNumber>(tab, model, control, DualNumber(problem_.t0), DualNumber(problem_.t1), y,
                                        observer, &count);
    });
  }

  [[nodiscard]] DifferenceError finite_difference(GradientChoice const& choice, StepControl const& given, bool frozen,
                                                  GradientResult const& gradient) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    DifferenceError worst;
    double worst_ratio = -1.0;
    for (Direction const& direction : directions()) {
      DifferenceEstimate estimate{};
      visit_program(choice.method, [&]<class Program>() {
        estimate = differentiate_numerically<Program>(tableau_named(choice.solver), control, frozen, direction);
      });
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
  [[nodiscard]] DifferenceError time_difference(GradientChoice const& choice, StepControl const& given, bool frozen,
                                                GradientResult const& gradient) const override {
    StepControl const control = prepared(given, choice.solver, problem_.t0, problem_.t1);
    Tableau const& tab = tableau_named(choice.solver);
    SolveTimes const times{problem_.t0, problem_.t1, control.objective};
    RecordedSteps recorded;
    std::optional<double> const loss = solve<TableauProgram>(tab, control, times, {}, 0.0, recorded);
    WorstDifference worst;
    if (!loss) return worst.worst;
    double size = std::abs(*loss);
    for (double const d : gradient.dloss_dt) size = std::max(size, std::abs(d));
    for (int const entry : times.movable()) {
      auto const loss_at = [&](double e) -> std::optional<double> {
        SolveTimes const there = times.moved(entry, e);
        if (frozen) {
          StepControl moved = control;
          moved.objective = there.objective;
          return replayed_loss<TableauProgram>(tab, moved, times.moved(recorded.steps, entry, e), {}, 0.0);
        }
        RecordedSteps live;
        std::optional<double> const value = solve<TableauProgram>(tab, control, there, {}, 0.0, live);
        return differs_anywhere(live, recorded) ? std::nullopt : value;
      };
      double const reach = frozen ? times.frozen_reach(recorded.steps) : times.live_reach();
      worst.add(gradient.dloss_dt[static_cast<std::size_t>(entry)], differentiate_in_time(times, reach, *loss, loss_at),
                size);
    }
    return worst.worst;
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
  [[nodiscard]] WitnessError compare_with_duals(GradientResult const& gradient, Advance&& advance) const {
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
      std::int64_t steps = 0;
      if (std::optional<DualNumber> const loss = advance(model, y, steps)) {
        error.steps = std::max(error.steps, steps);
        relative =
            std::abs(slope(gradient, direction) - over_ranks(loss->tangent[0])) / block_norm(gradient, direction);
      }
      error.relative_error = larger_or_nan(error.relative_error, relative);
      ++error.compared;
    }
    return error;  // formed from sums that every rank has
  }
  /// The sum of the ranks' numbers, in rank order.
  [[nodiscard]] double over_ranks(double local) const {
    double sum = 0.0;
    for (double const part : comm_->all_gather({&local, 1})) sum += part;
    return sum;
  }

  /// body.operator()<Program>() with the forward program of a method: that of the solver where it has none of its own.
  template <class Body>
  static void visit_program(std::string const& method, Body const& body) {
    bool own = false;
    (void)visit_named(AllGradientMethods{}, method, [&]<class Method>() {
      using Program = typename ProgramOf<Method>::type;
      if constexpr (!std::is_same_v<Program, TableauProgram>) {
        own = true;
        body.template operator()<Program>();
      }
    });
    if (!own) body.template operator()<TableauProgram>();
  }
  /// The steps that the forward solve takes in a precision; nothing if it fails.
  template <class Program, class Precision>
  [[nodiscard]] std::optional<std::vector<StepSpan<double>>> steps_in(Tableau const& tab,
                                                                      StepControl const& control) const {
    using T = typename Precision::State;
    using S = typename Precision::Time;
    auto const rounded = [](double x, double) { return static_cast<T>(x); };
    std::vector<T> const p(p_.begin(), p_.end());
    Model<T, S> const model(problem_, partition_, *comm_, p);
    auto y = start(model, Direction{}, rounded);
    RecordedStepsOf<S> recorded;
    if (!solve_program<Program, S>(tab, model, control, static_cast<S>(problem_.t0), static_cast<S>(problem_.t1), y,
                                   recorded))
      return std::nullopt;
    std::vector<StepSpan<double>> steps;
    for (auto const& step : recorded.steps) steps.push_back({step.t, step.h, step.t_next});
    return steps;
  }

  /// Plain forward solve from x + e * direction; the loss, or nothing if it fails.
  template <class Program, class Observer>
  [[nodiscard]] std::optional<double> solve(Tableau const& tab, StepControl control, SolveTimes const& times,
                                            Direction const& direction, double e, Observer& observer) const {
    control.objective = times.objective;
    auto const along = [e](double x, double dx) { return x + e * dx; };
    auto const model = make_model<double, double>(direction, along);
    auto y = start(model, direction, along);
    return solve_program<Program, double>(tab, model, control, times.t0, times.t1, y, observer);
  }
  /// A rank sees the branches of its own entries only, and all must call the same solves.
  [[nodiscard]] bool differs_anywhere(RecordedSteps const& a, RecordedSteps const& b) const {
    return comm_->all_max(std::int64_t{a.pattern == b.pattern ? 0 : 1}) != 0;
  }
  template <class Program>
  [[nodiscard]] double replayed_loss(Tableau const& tab, StepControl const& control,
                                     std::vector<StepSpan<double>> const& steps, Direction const& direction,
                                     double e) const {
    auto const along = [e](double x, double dx) { return x + e * dx; };
    auto const model = make_model<double, double>(direction, along);
    auto y = start(model, direction, along);
    return replay_program<Program, double>(tab, model, control, steps, y);
  }
  template <class Program>
  [[nodiscard]] DifferenceEstimate differentiate_numerically(Tableau const& tab, StepControl const& control,
                                                             bool frozen, Direction const& direction) const {
    SolveTimes const times{problem_.t0, problem_.t1, control.objective};
    RecordedSteps recorded;
    std::optional<double> const loss = solve<Program>(tab, control, times, direction, 0.0, recorded);
    if (!loss) return {};
    auto const loss_at = [&](double e) -> std::optional<double> {
      if (frozen) return replayed_loss<Program>(tab, control, recorded.steps, direction, e);
      RecordedSteps live;
      std::optional<double> const value = solve<Program>(tab, control, times, direction, e, live);
      return differs_anywhere(live, recorded) ? std::nullopt : value;
    };
    constexpr double unit_round_off = 1.1e-16;
    double noise = unit_round_off * std::abs(*loss);
    for (double const bits : {-4.0, -2.0, 2.0, 4.0}) {
      if (auto const value = loss_at(bits * unit_round_off)) noise = std::max(noise, std::abs(*value - *loss));
    }
    return richardson_derivative(loss_at, frozen ? 0x1p-6 : 0x1p-8, frozen ? 12 : 14, noise);
  }

  [[nodiscard]] Reference refined(Objective const& objective, double tolerance) const {
    StepControl control;
    control.objective = objective;
    if (objective.kind == LossKind::dense) control.objective.kind = LossKind::exact;  // no error of interpolation
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
