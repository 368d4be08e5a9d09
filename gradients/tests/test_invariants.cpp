// What a flow keeps, its gradients keep: lambda . f of an autonomous problem, the energy of a Hamiltonian one, and the
// derivative in all times at once, which is that of a shift.
#include "core/tests/typed.hpp"
#include "gradients/registry.hpp"
#include "gradients/tests/gradient_of.hpp"
#include "problems/lorenz63.hpp"
#include "problems/van_der_pol_forced.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"
#include "solvers/tableaus/midpoint_euler21.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;
using tests::make_problem;

/// A pendulum, H = p^2 / 2 - g cos q with y = (q, p); L = H(y(T)) for g = 1, which is H(y0): dL/dy0 = grad H(y0).
struct Pendulum {
  static constexpr std::string_view name = "pendulum", family = "test", summary = "for tests of invariants";
  static constexpr int dimension = 2, parameters = 1;
  static constexpr bool autonomous = true;
  double t0 = 0.0, t1 = 10.0;
  std::int64_t trajectories = 1;

  static std::vector<Argument> arguments() { return {trajectories_argument()}; }
  explicit Pendulum(Arguments const&) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const&, Vec<T, 2> const& y, Vec<T, 1> const& g, Vec<T, 2>& dydt) {
    dydt[0] = y[1];
    dydt[1] = -g[0] * math::sin(y[0]);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, Vec<T, 2> const& y, Vec<T, 1> const& g, Vec<T, 2> const& w,
                                         Vec<T, 2>& y_bar, Vec<T, 1>& g_bar, T&) {
    y_bar[0] = -g[0] * math::cos(y[0]) * w[1];
    y_bar[1] = w[0];
    g_bar[0] -= math::sin(y[0]) * w[1];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 2> const& y) {
    return T(0.5) * y[1] * y[1] - math::cos(y[0]);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 2> loss_gradient(Vec<T, 2> const& y) {
    return {{math::sin(y[0]), y[1]}};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 2> initial_state(std::int64_t) const { return {{1.2, 0.4}}; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> parameter_values(std::int64_t) const { return {{1.0}}; }
};
static_assert(EnsembleProblem<Pendulum>);

template <class Method>
class Invariants : public ::testing::Test {
 protected:
  /// A scheme that the method steps by.
  using Scheme = std::conditional_t<std::is_same_v<Method, Mali>, MidpointEuler21, DormandPrince54>;
};
TYPED_TEST_SUITE(Invariants, tests::Typed<AllGradientMethods>, tests::ByName);

TYPED_TEST(Invariants, energy_and_its_gradient_drift_by_the_tolerance_only) {
  Pendulum const problem = make_problem<Pendulum>();
  Vec<double, 2> const y0 = problem.initial_state(0), gradient = Pendulum::loss_gradient(y0);
  double const size = std::hypot(gradient[0], gradient[1]);
  constexpr double loose = 1e-5, tight = 1e-7;
  std::vector<double> drifts, errors;
  for (double const tolerance : {loose, tight}) {
    GradientResult const result =
        gradient_of<TypeParam, typename TestFixture::Scheme>(problem, control_with(tolerance));
    ASSERT_EQ(result.status, SolveStatus::success) << tolerance;
    drifts.push_back(std::abs(result.loss - Pendulum::loss(y0)));
    errors.push_back(std::hypot(result.dloss_dy0[0] - gradient[0], result.dloss_dy0[1] - gradient[1]) / size);
    // Errors of some tens of steps over two periods; mali's thousands stay within it too.
    constexpr double steps_and_growth = 1e3;
    EXPECT_LE(drifts.back(), steps_and_growth * tolerance);
    EXPECT_LE(errors.back(), steps_and_growth * tolerance);
  }
  // Of a hundred times the accuracy a tenth is asked for.
  EXPECT_LE(drifts[1], 0.1 * drifts[0]);
  EXPECT_LE(errors[1], 0.1 * errors[0]);
}

/// (2.2) of docs/methods.md: lambda(t) . f(y(t)) is constant along an autonomous flow.
TYPED_TEST(Invariants, lambda_times_f_is_the_same_at_both_ends_up_to_the_tolerance) {
  auto const problem = make_problem<Lorenz63>({{"n", 1.0}, {"T", 0.5}});
  constexpr double loose = 1e-5, tight = 1e-7;
  auto const slope = [&](Vec<double, 3> const& y) {
    Vec<double, 3> f;
    Lorenz63::rhs(0.0, y, problem.parameter_values(0), f);
    return f;
  };
  std::vector<double> defects;
  for (double const tolerance : {loose, tight}) {
    StepControl control = control_with(tolerance);
    control.coupling = 0.8;  // see docs/methods/reversible_rk.md
    GradientResult const result = gradient_of<TypeParam, typename TestFixture::Scheme>(problem, control);
    ASSERT_EQ(result.status, SolveStatus::success) << tolerance;
    Vec<double, 3> const end{{result.final_state[0], result.final_state[1], result.final_state[2]}},
        lambda0{{result.dloss_dy0[0], result.dloss_dy0[1], result.dloss_dy0[2]}};
    double const at_begin = dot(lambda0, slope(problem.initial_state(0))),
                 at_end = dot(Lorenz63::loss_gradient(end), slope(end));
    defects.push_back(std::abs(at_begin - at_end) / std::abs(at_end));
    constexpr double steps_and_growth = 1e4;  // the flow stretches, and its reverse still more
    EXPECT_LE(defects.back(), steps_and_growth * tolerance);
  }
  EXPECT_LE(defects[1], 0.1 * defects[0]);
}

/// Lorenz63 with its trajectories from the last to the first.
struct LastFirst : Lorenz63 {
  using Lorenz63::Lorenz63;
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 3> initial_state(std::int64_t i) const {
    return Lorenz63::initial_state(trajectories - 1 - i);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 3> parameter_values(std::int64_t i) const {
    return Lorenz63::parameter_values(trajectories - 1 - i);
  }
};
static_assert(EnsembleProblem<LastFirst>);

template <class Method>
void expect_the_same_bits_in_another_order() {
  constexpr std::int64_t n = 11;  // a pack and a part of one
  GradientResult const forth = gradient_of<Method, DormandPrince54>(make_problem<Lorenz63>({{"n", 11.0}, {"T", 0.5}}),
                                                                    control_with(1e-5)),
                       back = gradient_of<Method, DormandPrince54>(make_problem<LastFirst>({{"n", 11.0}, {"T", 0.5}}),
                                                                   control_with(1e-5));
  auto const in_order = [](std::vector<double> const& rows) {
    std::vector<double> turned;
    for (auto i = n; i-- > 0;) turned.insert(turned.end(), rows.begin() + 3 * i, rows.begin() + 3 * (i + 1));
    return turned;
  };
  ASSERT_EQ(forth.status, SolveStatus::success) << Method::name;
  EXPECT_EQ(in_order(back.dloss_dy0), forth.dloss_dy0) << Method::name;
  EXPECT_EQ(in_order(back.dloss_dp_each), forth.dloss_dp_each) << Method::name;
  EXPECT_EQ(in_order(back.final_state), forth.final_state) << Method::name;
}

TEST(Trajectories, in_another_order_have_the_same_bits) {
  for_each_type(TypeList<Naive, Adjoint, Aca, AcaBudget>{},
                []<class Method>() { expect_the_same_bits_in_another_order<Method>(); });
}

/// sum_n G_n = sum_n tau_n: with all nodes moved alike the step sizes stay, and what is left is f_t.
TEST(NodeDerivatives, add_up_to_the_derivative_in_a_shift_of_all_times) {
  StepControl control;
  control.fixed_steps = 60;
  control.time_gradients = true;
  auto const shifted = [&](double by) {
    VanDerPolForced problem = make_problem<VanDerPolForced>({{"n", 1.0}});
    problem.t0 += by;
    problem.t1 += by;
    return gradient_of<Aca, DormandPrince54>(problem, control);
  };
  constexpr double e = 1e-4;  // error e^2 L''' / 6 and u L / e
  double const difference = (shifted(e).loss - shifted(-e).loss) / (2.0 * e);
  GradientResult const result = shifted(0.0);
  double const sum = result.dloss_dt[0] + result.dloss_dt[1];

  EXPECT_GT(std::abs(difference), 0.01) << "an autonomous problem would tell nothing";
  EXPECT_NEAR(sum, difference, 100.0 * e * e * std::abs(difference));
}

}  // namespace
}  // namespace retrace
