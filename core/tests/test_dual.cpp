#include "core/dual.hpp"
#include "core/math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace retrace {
namespace {

using D = Dual<double, 3>;

// Both sides are the same closed formula, grouped differently: a handful of roundings.
constexpr double a_few_roundings = 8 * std::numeric_limits<double>::epsilon();

void expect_close(double x, double expected) {
  EXPECT_NEAR(x, expected, a_few_roundings * std::abs(expected));
}

/// f(x) has value `f`, and derivative `df` along every direction that x itself moves in.
void expect_chain(D const& y, D const& x, double f, double df) {
  expect_close(y.value, f);
  for (int i = 0; i < 3; ++i) expect_close(y.tangent[i], df * x.tangent[i]);
}

/// A number that moves along all three directions, at different speeds.
D moving(double value) {
  D x(value);
  x.tangent[0] = 1.0;
  x.tangent[1] = -2.5;
  x.tangent[2] = 0.0;
  return x;
}

TEST(Dual, constants_stand_still_and_variables_move_alone) {
  D const constant = 2.5, variable = D::variable(-1.5, 1);

  EXPECT_EQ(constant.value, 2.5);
  EXPECT_EQ(variable.value, -1.5);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(constant.tangent[i], 0.0);
    EXPECT_EQ(variable.tangent[i], i == 1 ? 1.0 : 0.0);
  }
}

TEST(Dual, arithmetic_follows_the_rules_of_differentiation) {
  constexpr double a = 1.7, b = -0.6;
  D const x = D::variable(a, 0), y = D::variable(b, 2);

  D const sum = x + y, difference = x - y, product = x * y, quotient = x / y, negative = -x;

  EXPECT_EQ(sum.value, a + b);
  EXPECT_EQ(sum.tangent[0], 1.0);
  EXPECT_EQ(sum.tangent[2], 1.0);
  EXPECT_EQ(difference.value, a - b);
  EXPECT_EQ(difference.tangent[0], 1.0);
  EXPECT_EQ(difference.tangent[2], -1.0);
  EXPECT_EQ(product.value, a * b);
  EXPECT_EQ(product.tangent[0], b);
  EXPECT_EQ(product.tangent[2], a);
  EXPECT_EQ(quotient.value, a / b);
  expect_close(quotient.tangent[0], 1.0 / b);
  expect_close(quotient.tangent[2], -a / (b * b));
  EXPECT_EQ(negative.value, -a);
  EXPECT_EQ(negative.tangent[0], -1.0);
  for (D const& z : {sum, difference, product, quotient, negative}) EXPECT_EQ(z.tangent[1], 0.0);
}

TEST(Dual, compound_assignment_equals_the_plain_operation) {
  D const x = moving(1.3), y = moving(-2.2);
  D sum = x, difference = x, product = x, quotient = x;

  sum += y;
  difference -= y;
  product *= y;
  quotient /= y;

  auto const expect_equal = [](D const& a, D const& b) {
    EXPECT_EQ(a.value, b.value);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(a.tangent[i], b.tangent[i]);
  };
  expect_equal(sum, x + y);
  expect_equal(difference, x - y);
  expect_equal(product, x * y);
  expect_equal(quotient, x / y);
}

TEST(Dual, an_operand_may_be_its_own_partner) {
  D square = moving(1.5), one = moving(1.5);

  square *= square;
  one /= one;

  expect_chain(square, moving(1.5), 2.25, 3.0);
  expect_chain(one, moving(1.5), 1.0, 0.0);
}

TEST(Dual, elementary_functions_carry_their_derivatives) {
  constexpr double v = 0.8;
  D const x = moving(v);

  expect_chain(math::sqrt(x), x, std::sqrt(v), 0.5 / std::sqrt(v));
  expect_chain(math::exp(x), x, std::exp(v), std::exp(v));
  expect_chain(math::log(x), x, std::log(v), 1.0 / v);
  expect_chain(math::sin(x), x, std::sin(v), std::cos(v));
  expect_chain(math::cos(x), x, std::cos(v), -std::sin(v));
  expect_chain(math::tanh(x), x, std::tanh(v), 1.0 / (std::cosh(v) * std::cosh(v)));
  expect_chain(math::pow(x, -1.0 / 3.0), x, std::pow(v, -1.0 / 3.0), -std::pow(v, -4.0 / 3.0) / 3.0);
  expect_chain(math::abs(x), x, v, 1.0);
  expect_chain(math::abs(moving(-v)), moving(-v), v, -1.0);
  expect_chain(math::abs(moving(0.0)), moving(0.0), 0.0, 0.0);  // what a central difference gives
}

TEST(Dual, branches_look_at_values_only_and_differentiate_the_path_taken) {
  D const small = D::variable(1.0, 0), large = D::variable(2.0, 1), large_too = D::variable(2.0, 2);

  EXPECT_TRUE(small < large);
  EXPECT_TRUE(large > small);
  EXPECT_TRUE(large <= large_too);
  EXPECT_TRUE(large >= large_too);
  EXPECT_TRUE(large == large_too);
  EXPECT_TRUE(large != small);
  EXPECT_EQ(math::max(small, large).tangent[1], 1.0);
  EXPECT_EQ(math::min(small, large).tangent[0], 1.0);
  EXPECT_EQ(math::max(large, large_too).tangent[1], 1.0);  // the first on a tie
  EXPECT_EQ(math::min(large, large_too).tangent[1], 1.0);
}

TEST(Dual, nests_for_second_derivatives) {
  using Second = Dual<Dual<double, 1>, 1>;
  constexpr double v = 0.7;
  Second const x = Second::variable(Dual<double, 1>::variable(v, 0), 0);

  Second const cube = x * x * x;

  expect_close(value_of(cube), v * v * v);
  expect_close(cube.tangent[0].value, 3.0 * v * v);
  expect_close(cube.tangent[0].tangent[0], 6.0 * v);
}

TEST(Dual, elementary_functions_nest) {
  using Second = Dual<Dual<double, 1>, 1>;
  constexpr double v = 0.7;
  Second const x = Second::variable(Dual<double, 1>::variable(v, 0), 0);

  expect_close(math::exp(x).tangent[0].tangent[0], std::exp(v));
  expect_close(math::log(x).tangent[0].tangent[0], -1.0 / (v * v));
  expect_close(math::sin(x).tangent[0].tangent[0], -std::sin(v));
  expect_close(math::cos(x).tangent[0].tangent[0], -std::cos(v));
  expect_close(math::pow(x, 2.5).tangent[0].tangent[0], 2.5 * 1.5 * std::sqrt(v));
}

/// The value of a dual has the bits of the plain program.
template <class T>
void values_have_the_plain_bits() {
  for (T const v : {T(0.001), T(0.3), T(0.8), T(2.7), T(31)}) {
    Dual<T, 2> const x = Dual<T, 2>::variable(v, 1);
    EXPECT_EQ(math::sqrt(x).value, math::sqrt(v));
    EXPECT_EQ(math::exp(x).value, math::exp(v));
    EXPECT_EQ(math::log(x).value, math::log(v));
    EXPECT_EQ(math::sin(x).value, math::sin(v));
    EXPECT_EQ(math::cos(x).value, math::cos(v));
    EXPECT_EQ(math::tanh(x).value, math::tanh(v));
    EXPECT_EQ(math::pow(x, -1.3).value, math::pow(v, -1.3));
    EXPECT_EQ(math::abs(x).value, math::abs(v));
  }
}

TEST(Dual, values_have_the_plain_bits) {
  values_have_the_plain_bits<double>();
  values_have_the_plain_bits<float>();
}

}  // namespace
}  // namespace retrace
