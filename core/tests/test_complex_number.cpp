#include "core/complex_number.hpp"
#include "core/math.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace retrace {
namespace {

constexpr double step = 1e-30;

/// f'(x) by a complex step.
template <class F>
double derivative(F const& f, double x) {
  return f(ComplexNumber(std::complex<double>(x, step))).z.imag() / step;
}

TEST(ComplexNumber, steps_give_derivatives_of_all_functions) {
  constexpr double x = 0.7, few_roundings = 8 * 0x1p-53;

  EXPECT_NEAR(derivative([](auto z) { return math::sqrt(z); }, x), 0.5 / std::sqrt(x), few_roundings);
  EXPECT_NEAR(derivative([](auto z) { return math::exp(z); }, x), std::exp(x), few_roundings);
  EXPECT_NEAR(derivative([](auto z) { return math::log(z); }, x), 1.0 / x, few_roundings);
  EXPECT_NEAR(derivative([](auto z) { return math::sin(z); }, x), std::cos(x), few_roundings);
  EXPECT_NEAR(derivative([](auto z) { return math::cos(z); }, x), -std::sin(x), few_roundings);
  EXPECT_NEAR(derivative([](auto z) { return math::tanh(z); }, x), 1.0 - std::pow(std::tanh(x), 2), few_roundings);
  EXPECT_NEAR(derivative([](auto z) { return math::pow(z, -1.5); }, x), -1.5 * std::pow(x, -2.5), few_roundings * 4);
  EXPECT_NEAR(derivative([](auto z) { return z * z / (z + 1.0) - 2.0 * z; }, x),
              (2 * x * (x + 1) - x * x) / ((x + 1) * (x + 1)) - 2.0, few_roundings);
}

TEST(ComplexNumber, what_is_not_analytic_goes_by_the_real_part) {
  auto const magnitude = [](auto z) { return math::abs(z); };
  ComplexNumber const low(std::complex<double>(1.0, 5.0)), high(std::complex<double>(2.0, -9.0));

  EXPECT_EQ(derivative(magnitude, 0.3), 1.0);
  EXPECT_EQ(derivative(magnitude, -0.3), -1.0);
  EXPECT_TRUE(low < high && high > low && low <= high && high >= low && !(low == high));
  EXPECT_EQ(math::max(low, high).z, high.z);
  EXPECT_EQ(math::min(low, high).z, low.z);
  EXPECT_EQ(value_of(high), 2.0);
}

}  // namespace
}  // namespace retrace
