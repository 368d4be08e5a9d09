#include "verification/convergence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace retrace {
namespace {

std::vector<ConvergenceLevel> levels(double order, double constant_error) {
  std::vector<ConvergenceLevel> all;
  for (int level = 0; level < 4; ++level) {
    double const h = std::ldexp(0.1, -level);
    all.push_back({.level = level, .h = h, .error = std::pow(h, order) + constant_error});
  }
  return all;
}

TEST(Convergence, the_slope_of_a_power_is_its_exponent) {
  auto const fitted = fitted_order(levels(3.0, 0.0), 1e-14, 1.0);

  ASSERT_TRUE(fitted.has_value());
  EXPECT_NEAR(fitted->slope, 3.0, 1e-12);  // rounding of logarithms
  EXPECT_NEAR(fitted->bend, 0.0, 1e-12);
  EXPECT_NEAR(with_slopes(levels(3.0, 0.0)).back().observed_order, 3.0, 1e-12);
}

TEST(Convergence, an_error_that_stays_lowers_the_slope) {
  auto const fitted = fitted_order(levels(3.0, 1e-4), 1e-14, 1.0);

  ASSERT_TRUE(fitted.has_value());
  EXPECT_LT(fitted->slope, 1.0);
  EXPECT_LT(fitted->bend, 0.0);
}

TEST(Convergence, needs_three_levels_between_the_bounds) {
  EXPECT_FALSE(fitted_order(levels(3.0, 0.0), 2e-5, 1.0).has_value());
  EXPECT_TRUE(fitted_order(levels(3.0, 0.0), 2e-6, 1.0).has_value());
}

TEST(Convergence, order_of_levels_does_not_matter) {
  auto mixed = levels(2.0, 0.0);
  std::swap(mixed.front(), mixed.back());

  EXPECT_NEAR(fitted_order(mixed, 0.0, 1.0)->slope, 2.0, 1e-12);
}

}  // namespace
}  // namespace retrace
