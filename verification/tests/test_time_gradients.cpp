// Derivatives of the loss in times: every method that has them, against duals and differences that share no reverse
// code.
#include "problems/van_der_pol_forced.hpp"
#include "solvers/ensemble_model.hpp"
#include "verification/prepared_control.hpp"
#include "verification/recorded_steps.hpp"
#include "verification/tests/instances.hpp"
#include "verification/tests/observed_losses.hpp"
#include "verification/vector_error.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;
using tests::largest;
using tests::observed;
using tests::program_round_off;
using tests::round_off_per_step;

constexpr double difference_step = 1e-5;
/// dL/dt_k of an observation on the dense output of recorded steps, by a central difference: t_k is a free variable.
double difference_in_time(VanDerPolForced const& problem, Tableau const& tab, Objective const& objective,
                          std::vector<StepSpan<double>> const& steps, int k) {
  EnsembleModel<VanDerPolForced, double> model{};
  model.p = problem.parameter_values(0);
  auto const loss_at = [&](double shift) {
    Objective moved = objective;
    moved.times[static_cast<std::size_t>(k)] += shift;
    Vec<double, 2> y = problem.initial_state(0);
    return replay_forward<double>(tab, model, moved, steps, y);
  };
  return (loss_at(difference_step) - loss_at(-difference_step)) / (2.0 * difference_step);
}

/// An observation on the dense output keeps its time when t0 moves: l(y(t_0)) moves by -grad l . f, which the forward
/// program does not know.
double of_observation_at_begin(VanDerPolForced const& problem, Objective const& objective) {
  if (objective.kind != LossKind::dense || objective.times[0] != problem.t0) return 0.0;
  Vec<double, 2> const y0 = problem.initial_state(0);
  Vec<double, 2> f;
  VanDerPolForced::rhs(problem.t0, y0, problem.parameter_values(0), f);
  return -dot(VanDerPolForced::loss_gradient(y0), f);
}

/// Derivatives in t0, t1 and the observation times by duals through recorded steps whose nodes move as rule (i) says:
/// with t0 the nodes before the first given one, with any other time its own node.
std::vector<double> times_by_duals(VanDerPolForced const& problem, Tableau const& tab, StepControl const& control) {
  constexpr int most = 8;
  using Number = Dual<double, most>;
  EnsembleModel<VanDerPolForced, double> plain{};
  plain.p = problem.parameter_values(0);
  Vec<double, 2> y = problem.initial_state(0);
  RecordedSteps recorded;
  EXPECT_TRUE(solve_for_loss<double>(tab, plain, control, problem.t0, problem.t1, y, recorded));

  Objective const& objective = control.objective;
  int const given = objective.kind == LossKind::exact ? objective.observations : 0;
  std::vector<Number> nodes;
  for (auto const& step : recorded.steps) nodes.emplace_back(step.t);
  nodes.emplace_back(problem.t1);
  bool before_given = true;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    bool const last = n + 1 == nodes.size();
    if (last) nodes[n].tangent[1] = 1.0;
    for (int k = 0; k < given; ++k) {
      if (nodes[n].value != objective.times[static_cast<std::size_t>(k)] || n == 0) continue;
      nodes[n].tangent[2 + k] = 1.0;
      before_given = false;
    }
    if (before_given && !last) nodes[n].tangent[0] = 1.0;
  }
  std::vector<StepSpan<Number>> steps;
  for (std::size_t n = 0; n + 1 < nodes.size(); ++n) {
    StepSpan<Number> span{nodes[n], nodes[n + 1] - nodes[n], nodes[n + 1]};
    span.h.value = recorded.steps[n].h;
    span.t_next.value = recorded.steps[n].t_next;
    steps.push_back(span);
  }
  EnsembleModel<VanDerPolForced, Number, Number> model{};
  for (int j = 0; j < 2; ++j) model.p[j] = Number(plain.p[j]);
  Vec<Number, 2> start = convert<Number>(problem.initial_state(0));
  Number const loss = replay_forward<Number>(tab, model, objective, steps, start);
  std::vector<double> derivatives{loss.tangent[0] + of_observation_at_begin(problem, objective), loss.tangent[1]};
  for (int k = 0; k < objective.observations; ++k) {
    double const t = objective.times[static_cast<std::size_t>(k)];
    if (objective.kind == LossKind::dense)
      derivatives.push_back(t == problem.t0 || t == problem.t1
                                ? std::nan("")
                                : difference_in_time(problem, tab, objective, recorded.steps, k));
    else
      derivatives.push_back(t == problem.t0 ? loss.tangent[0] : loss.tangent[2 + k]);
  }
  return derivatives;
}

/// In t0 and t1, by duals through the whole adaptive program.
std::vector<double> program_times_by_duals(VanDerPolForced const& problem, Tableau const& tab,
                                           StepControl const& control) {
  using Number = Dual<double, 2>;
  EnsembleModel<VanDerPolForced, Number, Number> model{};
  for (int j = 0; j < 2; ++j) model.p[j] = Number(problem.parameter_values(0)[j]);
  Vec<Number, 2> y = convert<Number>(problem.initial_state(0));
  NoObserver observer;
  auto const loss = solve_for_loss<Number>(tab, model, control, Number::variable(problem.t0, 0),
                                           Number::variable(problem.t1, 1), y, observer);
  return {loss->tangent[0], loss->tangent[1]};
}

class TimeGradients : public ::testing::TestWithParam<std::tuple<std::string, std::string, double>> {
 protected:
  std::string const solver = std::get<0>(GetParam()), kind = std::get<1>(GetParam());
  double const end = std::get<2>(GetParam());
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  tests::Changes const changes{.numbers = {{"n", 1.0}, {"T", end}}};
  std::unique_ptr<ProblemInstance> const instance = tests::make_instance("van_der_pol_forced", self, changes);

  [[nodiscard]] VanDerPolForced problem() const {
    Arguments arguments = Arguments::defaults(VanDerPolForced::arguments());
    arguments.numbers.find("T")->second = end;
    return VanDerPolForced(arguments);
  }
  [[nodiscard]] StepControl control(double tolerance) const {
    StepControl control = control_with(tolerance);
    control.time_gradients = true;
    double const t0 = problem().t0;
    if (kind == "integral") control.objective.kind = LossKind::integral;
    if (kind == "exact")
      control.objective = observed(LossKind::exact, {t0, 0.7 * t0 + 0.3 * end, 0.4 * t0 + 0.6 * end, end});
    if (kind == "dense")
      control.objective = observed(LossKind::dense, {t0, 0.7 * t0 + 0.3 * end, 0.69999 * t0 + 0.30001 * end, end});
    if (kind == "inside") control.objective = observed(LossKind::exact, {0.7 * t0 + 0.3 * end});
    return control;
  }
};
INSTANTIATE_TEST_SUITE_P(Everything, TimeGradients,
                         ::testing::Combine(::testing::Values("heun_euler21", "bogacki_shampine32", "dormand_prince54"),
                                            ::testing::Values("terminal", "exact", "inside", "dense", "integral"),
                                            ::testing::Values(4.0, -1.0)),
                         [](auto const& of_case) {
                           return std::get<0>(of_case.param) + "_" + std::get<1>(of_case.param) +
                                  (std::get<2>(of_case.param) < 0.0 ? "_backward" : "");
                         });

TEST_P(TimeGradients, of_frozen_methods_follow_their_rule) {
  StepControl const how = prepared(control(1e-5), solver, problem().t0, problem().t1);
  std::vector<double> const expected = times_by_duals(problem(), tableau_named(solver), how);
  for (std::string const method :
       {"aca", "aca_stages", "aca_budget", "naive_detached", "symplectic_adjoint", "forward"}) {
    if (method == "symplectic_adjoint" && kind == "dense") continue;
    GradientResult const result = gradient_of(*instance, method, solver, how);
    ASSERT_EQ(result.dloss_dt.size(), expected.size()) << method;
    // A node's derivative is a difference of terms of this size.
    double const terms = largest(expected) + std::abs(result.loss);
    // The difference's own error: round-off of L over its step, and the third derivative.
    double const of_difference = 1e-15 / difference_step + 100.0 * difference_step * difference_step;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (std::isnan(expected[i])) continue;
      double const bound = kind == "dense" && i > 1 ? of_difference : 100.0 * round_off_per_step;
      EXPECT_NEAR(result.dloss_dt[i], expected[i], bound * terms) << method << ", time " << i;
    }
  }
}

TEST_P(TimeGradients, of_naive_are_those_of_the_program) {
  StepControl how = prepared(control(1e-5), solver, problem().t0, problem().t1);
  for (double const initial_step : {0.0, 0.05}) {
    how.initial_step = initial_step;
    std::vector<double> expected = program_times_by_duals(problem(), tableau_named(solver), how);
    expected[0] += of_observation_at_begin(problem(), how.objective);
    GradientResult const result = gradient_of(*instance, "naive", solver, how);
    double const terms = largest(expected) + std::abs(result.loss);
    EXPECT_NEAR(result.dloss_dt[0], expected[0], program_round_off * terms);
    EXPECT_NEAR(result.dloss_dt[1], expected[1], program_round_off * terms);
  }
}

TEST_P(TimeGradients, all_converge_to_those_of_the_flow) {
  if (solver != "dormand_prince54") return;
  StepControl const how = control(1e-9);
  GradientResult const aca = gradient_of(*instance, "aca", solver, how);
  for (std::string const method :
       {"naive", "forward", "adjoint", "adjoint_seminorm", "adjoint_blocks", "adjoint_reset", "adjoint_interpolated"}) {
    if (method == "adjoint_reset" && (kind == "dense" || kind == "integral")) continue;
    GradientResult const result = gradient_of(*instance, method, solver, how);
    ASSERT_EQ(result.dloss_dt.size(), aca.dloss_dt.size());
    for (std::size_t i = 0; i < aca.dloss_dt.size(); ++i)
      EXPECT_NEAR(result.dloss_dt[i], aca.dloss_dt[i], 1e-5 * (1.0 + largest(aca.dloss_dt)))
          << method << ", time " << i;
  }
}

TEST(TimeGradient, of_an_autonomous_problem_is_invariant_under_translation) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance("lorenz63", self, {.numbers = {{"n", 5.0}, {"T", 1.0}}});
  StepControl control = control_with(1e-6);
  control.time_gradients = true;
  for (std::vector<double> const& times : {std::vector<double>{}, std::vector<double>{0.25, 0.5}}) {
    control.objective = times.empty() ? Objective{} : observed(LossKind::exact, times);
    for (std::string const method :
         {"naive", "aca", "aca_stages", "aca_budget", "naive_detached", "symplectic_adjoint", "forward"}) {
      // By the rule of frozen methods nobody moves the nodes between two observations.
      if (method != "naive" && !times.empty()) continue;
      GradientResult const result = gradient_of(*problem, method, "dormand_prince54", control);
      double sum = 0.0;
      for (double const derivative : result.dloss_dt) sum += derivative;
      EXPECT_NEAR(sum, 0.0, program_round_off * largest(result.dloss_dt)) << method;
    }
  }
}

TEST(TimeGradient, has_the_worked_numbers) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance("van_der_pol_forced", self, {.numbers = {{"n", 1.0}}});
  StepControl control = control_with(1e-4);
  control.initial_step = 0.5;
  control.rule = StepSizeRule::plain();
  control.time_gradients = true;
  for (std::string const method :
       {"aca", "aca_stages", "aca_budget", "naive_detached", "symplectic_adjoint", "forward"}) {
    GradientResult const result = gradient_of(*problem, method, "bogacki_shampine32", control);
    EXPECT_EQ(result.work.accepted, 48) << method;
    EXPECT_EQ(result.work.rejected, 9) << method;
    EXPECT_NEAR(result.dloss_dt[0], -0.27905, 5e-6) << "rule (i), " << method;
    EXPECT_NEAR(result.dloss_dt[1], 0.004930, 5e-7) << "G_N, " << method;
  }
}

}  // namespace
}  // namespace retrace
