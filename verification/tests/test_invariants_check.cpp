// What the flow keeps tells wrong gradients, and wrong problems whose VJP is right, without a reference.
#include "problems/ensemble_problem.hpp"
#include "verification/ensemble_instance.hpp"
#include "verification/ensemble_witness.hpp"
#include "verification/tests/checked.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <string>
#include <utility>

namespace retrace {
namespace {

using tests::verdict_of;
using tests::Witnessed;

/// A pendulum with energy y1^2 / 2 - g cos y0, which friction takes away; f and its VJP always agree.
struct RubbedPendulum {
  inline static double friction = 0.0;
  static constexpr std::string_view name = "rubbed_pendulum", family = "test", summary = "for tests of invariants";
  static constexpr int dimension = 2, parameters = 1;
  static constexpr bool autonomous = true;
  static constexpr std::string_view conserved_name = "energy";
  double t0 = 0.0, t1 = 5.0;
  std::int64_t trajectories = 1;

  static std::vector<Argument> arguments() { return {trajectories_argument()}; }
  explicit RubbedPendulum(Arguments const&) {}

  template <class T>
  static void rhs(T const&, Vec<T, 2> const& y, Vec<T, 1> const& g, Vec<T, 2>& dydt) {
    dydt[0] = y[1];
    dydt[1] = -g[0] * math::sin(y[0]) - T(friction) * y[1];
  }
  template <class T>
  static void vjp(T const&, Vec<T, 2> const& y, Vec<T, 1> const& g, Vec<T, 2> const& w, Vec<T, 2>& y_bar,
                  Vec<T, 1>& g_bar, T&) {
    y_bar[0] = -g[0] * math::cos(y[0]) * w[1];
    y_bar[1] = w[0] - T(friction) * w[1];
    g_bar[0] -= math::sin(y[0]) * w[1];
  }
  template <class T>
  static T loss(Vec<T, 2> const& y) {
    return y[0] * y[0];
  }
  template <class T>
  static Vec<T, 2> loss_gradient(Vec<T, 2> const& y) {
    return {{T(2.0) * y[0], T(0.0)}};
  }
  template <class T>
  static T conserved(Vec<T, 2> const& y, Vec<T, 1> const& g) {
    return T(0.5) * y[1] * y[1] - g[0] * math::cos(y[0]);
  }
  [[nodiscard]] Vec<double, 2> initial_state(std::int64_t) const { return {{1.2, 0.4}}; }
  [[nodiscard]] Vec<double, 1> parameter_values(std::int64_t) const { return {{1.0}}; }
};
static_assert(HasConserved<RubbedPendulum>);

class InvariantsCheck : public ::testing::Test {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  StepControl control = tests::control_with(1e-5);

  [[nodiscard]] CheckResult verdict(Witnessed const& of, std::string const& method, Promise promise) const {
    GradientChoice const choice{.method = method, .solver = "dormand_prince54"};
    return verdict_of("invariants", of, self, choice, control, promise,
                      tests::gradient_of(*of.problem, method, choice.solver, control));
  }
  [[nodiscard]] CheckResult of_pendulum() const {
    Arguments const arguments = Arguments::defaults(RubbedPendulum::arguments());
    EnsembleInstance<RubbedPendulum, TypeList<Aca>> const problem(arguments, self);
    EnsembleWitness<RubbedPendulum> const witness(arguments, self);
    GradientChoice const choice{.method = "aca", .solver = "dormand_prince54"};
    auto const driver = problem.make_gradient(choice, control);
    driver->run();
    GradientResult const gradient = driver->result();
    Reference const none;
    CheckedGradient const checked{problem, witness, self, choice, control, Promise::exact_frozen, gradient, none, {}};
    return run_checks(checked, [](std::string_view name) { return name == "invariants"; }).front();
  }
};

TEST_F(InvariantsCheck, right_gradients_of_every_promise_pass) {
  for (char const* problem : {"lorenz63", "three_body", "van_der_pol", "linear"}) {
    Witnessed const of(problem, self, {.numbers = {{"n", 3.0}, {"T", 0.7}}});
    for (auto const& [method, promise] : {std::pair("aca", Promise::exact_frozen),
                                          {"naive", Promise::exact_program},
                                          {"adjoint", Promise::consistent}}) {
      CheckResult const result = verdict(of, method, promise);
      EXPECT_EQ(result.verdict, CheckVerdict::pass)
          << problem << ' ' << method << ' ' << result.value << " > " << result.threshold << ' ' << result.message;
    }
  }
}
TEST_F(InvariantsCheck, fields_have_them_too) {
  Witnessed const of("neural_mlp", self, {.numbers = {{"n", 5.0}, {"block", 2.0}}, .lists = {{"widths", {3, 7, 3}}}});
  CheckResult const result = verdict(of, "aca", Promise::exact_frozen);
  EXPECT_EQ(result.verdict, CheckVerdict::pass) << result.value << ' ' << result.message;
}
TEST_F(InvariantsCheck, derivatives_in_times_are_held_to_the_slopes_at_the_ends) {
  Witnessed const of("van_der_pol_forced", self, {.numbers = {{"n", 2.0}}});
  EXPECT_EQ(verdict(of, "aca", Promise::exact_frozen).verdict, CheckVerdict::skipped) << "f depends on t";
  control.time_gradients = true;
  for (auto const& [method, promise] : {std::pair("aca", Promise::exact_frozen), {"adjoint", Promise::consistent}}) {
    CheckResult const result = verdict(of, method, promise);
    EXPECT_EQ(result.verdict, CheckVerdict::pass) << method << ' ' << result.value << ' ' << result.message;
  }
}
TEST_F(InvariantsCheck, an_observation_that_is_hit_at_an_end_counts_once) {
  Witnessed const of("lorenz63", self, {.numbers = {{"n", 2.0}, {"T", 0.7}}});
  control.time_gradients = true;
  control.objective.kind = LossKind::exact;
  control.objective.observations = 2;
  control.objective.times[0] = 0.3;
  control.objective.times[1] = 0.7;
  CheckResult const result = verdict(of, "aca", Promise::exact_frozen);
  EXPECT_EQ(result.verdict, CheckVerdict::pass) << result.value << ' ' << result.message;
  EXPECT_TRUE(result.message.starts_with("the sum of the derivatives in all times")) << result.message;
}
TEST_F(InvariantsCheck, a_wrong_problem_with_a_right_vjp_loses_its_energy) {
  RubbedPendulum::friction = 0.0;
  CheckResult const right = of_pendulum();
  EXPECT_EQ(right.verdict, CheckVerdict::pass) << right.value << ' ' << right.message;
  RubbedPendulum::friction = 1e-3;
  CheckResult const wrong = of_pendulum();
  EXPECT_EQ(wrong.verdict, CheckVerdict::fail) << wrong.value << ' ' << wrong.message;
  EXPECT_TRUE(wrong.message.starts_with("energy: ")) << wrong.message;
  RubbedPendulum::friction = 0.0;
}

}  // namespace
}  // namespace retrace
