// The published constants, start values and closed forms of the problems, written down a second time.
#include "problems/registry.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace retrace {
namespace {

template <class Problem>
Problem with(std::vector<std::pair<std::string_view, double>> const& numbers = {}) {
  Arguments arguments = Arguments::defaults(Problem::arguments());
  for (auto const& [name, value] : numbers) arguments.numbers.find(name)->second = value;
  return Problem(arguments);
}

template <int N>
std::vector<double> list(Vec<double, N> const& v) {
  return {v.data, v.data + N};
}

template <class Problem>
std::vector<double> rhs(double t, Vec<double, Problem::dimension> const& y, Vec<double, Problem::parameters> const& p) {
  Vec<double, Problem::dimension> dydt{};
  Problem::rhs(t, y, p, dydt);
  return list(dydt);
}

// One product or quotient apart, so one or two roundings.
constexpr double two_roundings = 2 * std::numeric_limits<double>::epsilon();

TEST(Linear, has_the_closed_form_of_the_papers_toy) {
  constexpr double T = 3.0, k = 0.3;
  // e^{2 k T} and two more factors: the argument's rounding counts 2 k T times.
  constexpr double round_off = 16 * std::numeric_limits<double>::epsilon();
  auto const problem = with<Linear>({{"T", T}, {"k", k}, {"n", 5.0}});
  for (std::int64_t i = 0; i < 5; ++i) {
    using Number = Dual<double, 2>;
    Number const y0 = Number::variable(problem.initial_state(i)[0], 0), rate = Number::variable(k, 1);
    Number const end = y0 * exp(rate * Number(T)), loss = end * end;

    TrajectoryGradient<Linear> const closed = problem.closed_form(i);

    EXPECT_NEAR(closed.loss, loss.value, round_off * loss.value);
    EXPECT_NEAR(closed.dloss_dy0[0], loss.tangent[0], round_off * loss.tangent[0]);
    EXPECT_NEAR(closed.dloss_dp[0], loss.tangent[1], round_off * loss.tangent[1]);
  }
}

TEST(Linear, starts_at_one_and_above) {
  auto const problem = with<Linear>();

  EXPECT_EQ(problem.t0, 0.0);
  EXPECT_EQ(problem.parameter_values(0)[0], 0.25);
  EXPECT_EQ(problem.initial_state(0)[0], 1.0);
  EXPECT_EQ(problem.initial_state(3)[0], 1.03);
  EXPECT_EQ(problem.initial_state(101)[0], 1.0);
}

TEST(VanDerPol, is_the_textbook_oscillator) {
  auto const problem = with<VanDerPol>({{"mu", 5.0}});

  EXPECT_EQ(list(problem.initial_state(0)), (std::vector<double>{2.0, 0.0}));
  EXPECT_EQ(problem.parameter_values(0)[0], 5.0);
  EXPECT_EQ(rhs<VanDerPol>(0.0, {{2.0, 0.5}}, {{5.0}}), (std::vector<double>{0.5, 5.0 * (1.0 - 4.0) * 0.5 - 2.0}));
}

TEST(VanDerPolPaper, is_the_papers_own_form) {
  auto const problem = with<VanDerPolPaper>();

  EXPECT_EQ(problem.t1, 20.0);
  EXPECT_EQ(problem.parameter_values(0)[0], 0.15);
  EXPECT_EQ(list(problem.initial_state(0)), (std::vector<double>{2.0, 0.0}));
  EXPECT_EQ(rhs<VanDerPolPaper>(0.0, {{2.0, 0.5}}, {{0.15}}), (std::vector<double>{0.5, (0.15 - 4.0) * 0.5 - 2.0}));
}

TEST(VanDerPolForced, is_the_worked_example) {
  auto const problem = with<VanDerPolForced>();

  EXPECT_EQ(problem.t0, 0.1);
  EXPECT_EQ(problem.t1, 4.0);
  EXPECT_EQ(list(problem.initial_state(0)), (std::vector<double>{1.2, 0.3}));
  EXPECT_EQ(list(problem.parameter_values(0)), (std::vector<double>{2.0, 0.7}));
  double const force = 0.7 * std::sin(1.3 * 0.9);
  auto const dydt = rhs<VanDerPolForced>(0.9, {{1.2, 0.3}}, {{2.0, 0.7}});
  EXPECT_EQ(dydt[0], 0.3);
  EXPECT_NEAR(dydt[1], 2.0 * (1.0 - 1.44) * 0.3 - 1.2 + force, two_roundings);
  EXPECT_NEAR(VanDerPolForced::loss(Vec<double, 2>{{2.0, 3.0}}), 1.4 - 3.3, 2 * two_roundings);
}

TEST(Lorenz63, runs_from_steady_convection_to_chaos) {
  auto const single = with<Lorenz63>(), several = with<Lorenz63>({{"n", 4.0}});

  EXPECT_EQ(list(single.parameter_values(0)), (std::vector<double>{10.0, 28.0, 8.0 / 3.0}));
  EXPECT_EQ(several.parameter_values(0)[1], 14.0);
  EXPECT_EQ(several.parameter_values(2)[1], 21.0);
  EXPECT_EQ(list(single.initial_state(0)), (std::vector<double>{1.0, 1.0, 20.0}));
  EXPECT_EQ(rhs<Lorenz63>(0.0, {{1.0, 3.0, 2.0}}, {{10.0, 28.0, 2.0}}), (std::vector<double>{20.0, 23.0, -1.0}));
}

TEST(ThreeBody, has_the_constants_of_the_paper) {
  auto const problem = with<ThreeBody>();

  EXPECT_EQ(ThreeBody::k1, 0.20048437269236738);
  EXPECT_EQ(ThreeBody::k2, 7.239323869320315);
  EXPECT_EQ(list(problem.parameter_values(0)), (std::vector<double>{1.1, 1.1, 0.9}));
  EXPECT_EQ(list(problem.initial_state(0)),
            (std::vector<double>{0, .2, 0, .5, 0, .5, 0, 0, .5, 0, .1, 0, 0, 0, .1, .1, 0, 0}));
}

TEST(ThreeBody, pulls_by_the_law_written_out) {
  auto const problem = with<ThreeBody>();
  auto const y = problem.initial_state(0);
  auto const m = problem.parameter_values(0);

  auto const dydt = rhs<ThreeBody>(0.0, y, m);

  constexpr double round_off =
      32 * std::numeric_limits<double>::epsilon();  // two cubes of roots, a sum of size 1 to 10
  for (int i = 0; i < 3; ++i) {
    for (int d = 0; d < 3; ++d) {
      double pull = 0.0;
      for (int j = 0; j < 3; ++j) {
        if (j == i) continue;
        double square = 0.0;
        for (int e = 0; e < 3; ++e) square += std::pow(y[3 * j + e] - y[3 * i + e], 2);
        pull += ThreeBody::k1 * m[j] * (y[3 * j + d] - y[3 * i + d]) / std::pow(square, 1.5);
      }
      auto const at = static_cast<std::size_t>(3 * i + d);
      EXPECT_NEAR(dydt[9 + at], pull, round_off * (1.0 + std::abs(pull)));
      EXPECT_EQ(dydt[at], ThreeBody::k2 * y[9 + 3 * i + d]);
    }
  }
}

TEST(ThreeBody, keeps_its_momentum) {
  auto const problem = with<ThreeBody>();
  auto const m = problem.parameter_values(0);

  auto const dydt = rhs<ThreeBody>(0.0, problem.initial_state(0), m);

  constexpr double round_off = 16 * std::numeric_limits<double>::epsilon();  // three terms of size about 1
  for (std::size_t d = 0; d < 3; ++d)
    EXPECT_NEAR(m[0] * dydt[9 + d] + m[1] * dydt[12 + d] + m[2] * dydt[15 + d], 0.0, round_off);
}

TEST(Arguments, defaults_hold_every_argument) {
  auto const known = NeuralMlp::arguments();

  Arguments const values = Arguments::defaults(known);

  EXPECT_EQ(values.integer("n"), 64);
  EXPECT_EQ(values.number("gain"), 1.5);
  EXPECT_EQ(values.list("widths"), (std::vector<std::int64_t>{8, 32, 8}));
  EXPECT_EQ(values.numbers.size() + values.lists.size(), known.size());
}

}  // namespace
}  // namespace retrace
