// What every ensemble problem owes: derivatives that belong to its right-hand side and loss, by duals through the same
// lines.
#include "core/tests/typed.hpp"
#include "problems/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

namespace retrace {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
// Some twenty operations on either side, each a rounding of a term of the sum.
constexpr double round_off = 64 * epsilon;
constexpr int random_states = 25;

template <class Problem>
class EnsembleProblems : public ::testing::Test {
 protected:
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using Number = Dual<double, N + P + 1>;

  Problem const problem{[] {
    Arguments arguments = Arguments::defaults(Problem::arguments());
    arguments.numbers["n"] = 7.0;
    return arguments;
  }()};
  std::mt19937_64 random{20240229};

  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); }

  struct Point {
    double t;
    Vec<double, N> y;
    Vec<double, P> p;
  };
  /// Around the start of a trajectory, near enough that no two bodies meet.
  Point random_point(int i) {
    Point x{uniform(-3.0, 3.0), problem.initial_state(i), problem.parameter_values(i)};
    for (double& y : x.y.data) y += uniform(-0.1, 0.1) * (1.0 + std::abs(y));
    for (double& p : x.p.data) p += uniform(-0.1, 0.1) * (1.0 + std::abs(p));
    return x;
  }

  /// All derivatives of f: tangent i of component d is df_d / d(y, p, t)_i.
  static Vec<Number, N> rhs_with_tangents(Point const& x) {
    Vec<Number, N> y{}, dydt{};
    Vec<Number, P> p{};
    for (int d = 0; d < N; ++d) y[d] = Number::variable(x.y[d], d);
    for (int j = 0; j < P; ++j) p[j] = Number::variable(x.p[j], N + j);
    Problem::rhs(Number::variable(x.t, N + P), y, p, dydt);
    return dydt;
  }

  /// sum_d w_d df_d/dx_i, and the sum of the terms' sizes, to which its rounding error is proportional.
  struct Transposed {
    double value = 0.0, size = 0.0;
  };
  static Transposed transposed(Vec<Number, N> const& dydt, Vec<double, N> const& w, int i) {
    Transposed sum;
    for (int d = 0; d < N; ++d) {
      sum.value += w[d] * dydt[d].tangent[i];
      sum.size += std::abs(w[d] * dydt[d].tangent[i]);
    }
    return sum;
  }
};
TYPED_TEST_SUITE(EnsembleProblems, tests::Typed<AllEnsembleProblems>, tests::ByName);

TYPED_TEST(EnsembleProblems, vjp_is_the_transpose_of_the_duals_of_rhs) {
  constexpr int n = TestFixture::N, m = TestFixture::P;
  for (int trial = 0; trial < random_states; ++trial) {
    auto const x = this->random_point(trial);
    Vec<double, n> w{}, y_bar = Vec<double, n>::filled(1e300);  // to be overwritten
    for (double& component : w.data) component = this->uniform(-1.0, 1.0);
    Vec<double, m> p_bar = Vec<double, m>::filled(0.5);  // to be added to
    double t_bar = -0.25;

    TypeParam::vjp(x.t, x.y, x.p, w, y_bar, p_bar, t_bar);

    auto const dydt = TestFixture::rhs_with_tangents(x);
    for (int i = 0; i < n; ++i) {
      auto const expected = TestFixture::transposed(dydt, w, i);
      EXPECT_NEAR(y_bar[i], expected.value, round_off * (1.0 + expected.size)) << "y" << i;
    }
    for (int j = 0; j < m; ++j) {
      auto const expected = TestFixture::transposed(dydt, w, n + j);
      EXPECT_NEAR(p_bar[j] - 0.5, expected.value, round_off * (1.0 + expected.size)) << "p" << j;
    }
    auto const in_time = TestFixture::transposed(dydt, w, n + m);
    EXPECT_NEAR(t_bar + 0.25, in_time.value, round_off * (1.0 + in_time.size));
  }
}

TYPED_TEST(EnsembleProblems, dot_product_identity_holds) {
  constexpr int n = TestFixture::N, m = TestFixture::P;
  for (int trial = 0; trial < random_states; ++trial) {
    auto const x = this->random_point(trial);
    Vec<double, n> w{}, dy{}, y_bar{};
    Vec<double, m> dp{}, p_bar{};
    for (double& component : w.data) component = this->uniform(-1.0, 1.0);
    for (double& component : dy.data) component = this->uniform(-1.0, 1.0);
    for (double& component : dp.data) component = this->uniform(-1.0, 1.0);
    double const dt = this->uniform(-1.0, 1.0);
    double t_bar = 0.0;

    TypeParam::vjp(x.t, x.y, x.p, w, y_bar, p_bar, t_bar);
    double const backward = dot(y_bar, dy) + dot(p_bar, dp) + t_bar * dt;

    auto const dydt = TestFixture::rhs_with_tangents(x);
    double forward = 0.0, size = 1.0;
    for (int d = 0; d < n; ++d) {
      for (int i = 0; i < n + m + 1; ++i) {
        double const term = w[d] * dydt[d].tangent[i] * (i < n ? dy[i] : (i < n + m ? dp[i - n] : dt));
        forward += term;
        size += std::abs(term);
      }
    }
    EXPECT_NEAR(backward, forward, round_off * size);
  }
}

TYPED_TEST(EnsembleProblems, rhs_of_duals_has_the_values_of_plain_rhs) {
  for (int trial = 0; trial < random_states; ++trial) {
    auto const x = this->random_point(trial);
    Vec<double, TestFixture::N> plain{};

    TypeParam::rhs(x.t, x.y, x.p, plain);

    auto const dydt = TestFixture::rhs_with_tangents(x);
    for (int d = 0; d < TestFixture::N; ++d)
      EXPECT_NEAR(dydt[d].value, plain[d], round_off * (1.0 + std::abs(plain[d])));  // contraction to FMA may differ
  }
}

TYPED_TEST(EnsembleProblems, autonomous_is_what_the_right_hand_side_says) {
  double largest = 0.0;
  for (int trial = 0; trial < random_states; ++trial) {
    auto const dydt = TestFixture::rhs_with_tangents(this->random_point(trial));
    for (int d = 0; d < TestFixture::N; ++d)
      largest = std::max(largest, std::abs(dydt[d].tangent[TestFixture::N + TestFixture::P]));
  }

  EXPECT_EQ(largest == 0.0, TypeParam::autonomous);
}

TYPED_TEST(EnsembleProblems, loss_gradient_is_the_derivative_of_the_loss) {
  constexpr int n = TestFixture::N;
  for (int trial = 0; trial < random_states; ++trial) {
    auto const x = this->random_point(trial);
    Vec<Dual<double, n>, n> y{};
    for (int d = 0; d < n; ++d) y[d] = Dual<double, n>::variable(x.y[d], d);

    auto const gradient = TypeParam::loss_gradient(x.y);

    auto const loss = TypeParam::loss(y);
    EXPECT_NEAR(loss.value, TypeParam::loss(x.y), round_off * (1.0 + std::abs(loss.value)));
    for (int d = 0; d < n; ++d) EXPECT_NEAR(gradient[d], loss.tangent[d], round_off * (1.0 + std::abs(gradient[d])));
  }
}

TYPED_TEST(EnsembleProblems, trajectories_are_finite_and_differ) {
  std::set<std::vector<double>> seen;
  for (std::int64_t i = 0; i < this->problem.trajectories; ++i) {
    auto const y = this->problem.initial_state(i);
    auto const p = this->problem.parameter_values(i);
    std::vector<double> both(y.data, y.data + TestFixture::N);
    both.insert(both.end(), p.data, p.data + TestFixture::P);
    for (double const x : both) EXPECT_TRUE(std::isfinite(x));
    seen.insert(both);
  }

  EXPECT_EQ(std::ssize(seen), this->problem.trajectories);
}

TYPED_TEST(EnsembleProblems, arguments_have_valid_defaults_and_a_description) {
  for (Argument const& argument : TypeParam::arguments()) {
    EXPECT_FALSE(argument.description.empty()) << argument.name;
    EXPECT_GE(argument.default_number, argument.minimum) << argument.name;
    EXPECT_LE(argument.default_number, argument.maximum) << argument.name;
  }
  EXPECT_GT(this->problem.t1, this->problem.t0);
}

}  // namespace
}  // namespace retrace
