#include "verification/witness/taylor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>

namespace retrace::witness {
namespace {

constexpr double noise = 1e-15;

/// exp(x) at x = 0.3, off by up to `noise` like the loss of a solve.
std::optional<double> noisy_exponential(double e) {
  double const wobble = std::sin(1e9 * e + 1.0) * noise;
  return std::expm1(e) * std::exp(0.3) + wobble;
}
TaylorInput exponential(double relative_error) {
  return {.difference = noisy_exponential, .slope = std::exp(0.3) * (1.0 + relative_error), .noise = 10.0 * noise};
}

TEST(TaylorTest, a_right_slope_leaves_second_order) {
  TaylorTest const test = taylor_test(exponential(0.0));

  ASSERT_TRUE(test.rate.has_value());
  constexpr double next_term = 0.05;  // e/3 of the remainder, and noise of a tenth at the window's end
  EXPECT_NEAR(*test.rate, 2.0, next_term);
  EXPECT_NEAR(test.rate_without, 1.0, next_term);
}

TEST(TaylorTest, errors_down_to_one_millionth_show) {
  for (double const error : {1.0, 1e-2, 1e-4, 1e-6}) {
    TaylorTest const test = taylor_test(exponential(error));
    ASSERT_TRUE(test.rate.has_value()) << error;
    EXPECT_LT(*test.rate, 1.5) << error;
  }
}

TEST(TaylorTest, only_points_above_the_noise_are_used) {
  TaylorTest const test = taylor_test(exponential(0.0));
  int used = 0;
  for (TaylorPoint const& point : test.points) {
    used += point.used ? 1 : 0;
    if (point.used) {
      EXPECT_GT(point.remainder1, point.noise_floor);
    }
  }
  EXPECT_EQ(used, 4);
  EXPECT_EQ(test.points.size(), 32U);
}

TEST(TaylorTest, too_much_noise_gives_no_rate_and_says_what_could_be_seen) {
  TaylorInput input = exponential(0.0);
  input.noise = 0.5;

  TaylorTest const test = taylor_test(input);

  EXPECT_FALSE(test.rate.has_value());
  EXPECT_GT(test.least_visible_error, 1.0);
}

TEST(TaylorTest, missing_losses_are_no_points) {
  TaylorInput input = exponential(0.0);
  input.difference = [](double e) { return e > 1e-3 ? std::nullopt : noisy_exponential(e); };

  TaylorTest const test = taylor_test(input);

  ASSERT_TRUE(test.rate.has_value());
  EXPECT_NEAR(*test.rate, 2.0, 0.05);
  EXPECT_TRUE(std::isnan(test.points.front().remainder1));
}

}  // namespace
}  // namespace retrace::witness
