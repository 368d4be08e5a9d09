#include "problems/brusselator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace retrace {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

Brusselator with(double grid, double roughness = 0.0, double n = 1.0) {
  Arguments arguments = Arguments::defaults(Brusselator::arguments());
  arguments.numbers.find("grid")->second = grid;
  arguments.numbers.find("roughness")->second = roughness;
  arguments.numbers.find("n")->second = n;
  return Brusselator(arguments);
}
std::vector<double> state_of(Brusselator const& problem, std::int64_t sample = 0) {
  std::vector<double> y(static_cast<std::size_t>(problem.sample_size()));
  problem.initial_state(sample, y);
  return y;
}
std::vector<double> rhs(Brusselator const& problem, std::vector<double> const& y) {
  std::vector<double> p(3), dydt(y.size()), kept(y.size());
  problem.parameter_values(p);
  problem.rhs(1, y.data(), p.data(), dydt.data(), kept.data(), static_cast<double*>(nullptr));
  return dydt;
}

TEST(Brusselator, is_the_equation_written_out) {
  constexpr int m = 5;
  Brusselator const problem = with(m, 0.3);
  std::vector<double> const y = state_of(problem), dydt = rhs(problem, y);
  auto const at = [&](int part, int i, int j) {
    return y[static_cast<std::size_t>(part * m * m + (i + m) % m * m + (j + m) % m)];
  };
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < m; ++j) {
      double const u = at(0, i, j), v = at(1, i, j);
      double spread[2];
      for (int part = 0; part < 2; ++part)
        spread[part] =
            0.01 * m * m *
            (at(part, i - 1, j) + at(part, i + 1, j) + at(part, i, j - 1) + at(part, i, j + 1) - 4.0 * at(part, i, j));
      auto const here = static_cast<std::size_t>(i * m + j);
      constexpr double round_off = 64 * epsilon;  // a dozen terms of size up to about 20
      EXPECT_NEAR(dydt[here], 1.0 + u * u * v - 4.4 * u + spread[0], round_off);
      EXPECT_NEAR(dydt[m * m + here], 3.4 * u - u * u * v + spread[1], round_off);
    }
  }
}

TEST(Brusselator, rests_at_its_equilibrium) {
  Brusselator const problem = with(4);
  std::vector<double> y(32, 1.0);  // u = A, v = B/A
  for (std::size_t i = 16; i < 32; ++i) y[i] = 3.4;

  for (double const rate : rhs(problem, y)) EXPECT_NEAR(rate, 0.0, 8 * epsilon);
}

TEST(Brusselator, the_fastest_mode_of_the_grid_decays_at_its_rate) {
  constexpr int m = 8;
  Brusselator const problem = with(m);
  std::vector<double> smooth(2 * m * m, 1.0), rough = smooth;
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < m; ++j) rough[static_cast<std::size_t>(m * m + i * m + j)] += (i + j) % 2 == 0 ? 0.5 : -0.5;

  double const change = rhs(problem, rough)[m * m] - rhs(problem, smooth)[m * m];

  // In v, of which f is linear: -u^2 of the reaction, -8 D m^2 of the diffusion, times 1/2.
  EXPECT_NEAR(change, -0.5 * (1.0 + 8.0 * 0.01 * m * m), 64 * epsilon);
}

TEST(Brusselator, a_start_is_smooth_unless_it_is_asked_to_be_rough) {
  std::vector<double> const smooth = state_of(with(64)), rough = state_of(with(64, 0.05)),
                            moved = state_of(with(64), 1);

  double largest = 0.0, mean = 0.0;
  for (std::size_t i = 0; i < smooth.size(); ++i) {
    double const share = rough[i] / smooth[i] - 1.0;
    largest = std::max(largest, std::abs(share));
    mean += share / static_cast<double>(smooth.size());
  }
  EXPECT_GT(largest, 0.049);
  EXPECT_LE(largest, 0.05 + 4 * epsilon);
  EXPECT_NEAR(mean, 0.0, 5 * 0.05 / std::sqrt(3.0 * 8192.0));  // five deviations
  EXPECT_NE(smooth, moved);
}

TEST(Brusselator, loss_is_the_mean_over_sensors) {
  Brusselator const problem = with(12);  // sensors at 0 and 8
  std::vector<double> y(static_cast<std::size_t>(problem.sample_size()), 100.0), gradient(y.size());
  double const at_sensors[] = {1.0, 2.0, 3.0, 4.0};
  std::size_t const places[] = {0, 8, 8 * 12, 8 * 12 + 8};
  for (int k = 0; k < 4; ++k) {
    y[places[k]] = at_sensors[k];
    y[144 + places[k]] = -at_sensors[k];
  }

  problem.loss_gradient(1, y.data(), gradient.data());

  EXPECT_DOUBLE_EQ(problem.loss(1, y.data()), (1.0 + 4.0 + 9.0 + 16.0) / 4.0);
  EXPECT_DOUBLE_EQ(gradient[8], 0.5);
  EXPECT_EQ(gradient[1], 0.0);
}

}  // namespace
}  // namespace retrace
