#include "problems/matrix_product.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <tuple>
#include <vector>

namespace retrace {
namespace {

using matrix::Into, matrix::Op;

struct Sizes {
  std::int64_t m, n, k;
};

template <class T>
std::vector<T> random_numbers(std::int64_t count, std::mt19937_64& random) {
  std::vector<T> numbers(static_cast<std::size_t>(count));
  for (T& x : numbers) x = T(std::uniform_real_distribution<double>(-1.0, 1.0)(random));
  return numbers;
}

template <class T>
void expect_the_definition(double unit_round_off) {
  std::mt19937_64 random(3);
  for (Sizes const s : {Sizes{1, 1, 1}, Sizes{3, 5, 7}, Sizes{17, 4, 33}, Sizes{64, 31, 70}}) {
    for (Op const op_a : {Op::plain, Op::transposed}) {
      for (Op const op_b : {Op::plain, Op::transposed}) {
        for (Into const into : {Into::set, Into::add}) {
          auto const a = random_numbers<T>(s.m * s.k, random), b = random_numbers<T>(s.k * s.n, random);
          auto const before = random_numbers<T>(s.m * s.n, random);
          auto c = before;

          matrix::multiply(op_a, op_b, s.m, s.n, s.k, a.data(), b.data(), into, c.data());

          for (std::int64_t i = 0; i < s.m; ++i) {
            for (std::int64_t j = 0; j < s.n; ++j) {
              auto const at = static_cast<std::size_t>(i + j * s.m);
              double expected = into == Into::add ? value_of(before[at]) : 0.0;
              for (std::int64_t l = 0; l < s.k; ++l) {
                auto const in_a = static_cast<std::size_t>(op_a == Op::plain ? i + l * s.m : l + i * s.k),
                           in_b = static_cast<std::size_t>(op_b == Op::plain ? l + j * s.k : j + l * s.n);
                expected += value_of(a[in_a]) * value_of(b[in_b]);
              }
              EXPECT_NEAR(value_of(c[at]), expected, 2.0 * static_cast<double>(s.k + 1) * unit_round_off);
            }
          }
        }
      }
    }
  }
}

TEST(MatrixProduct, is_the_definition_in_every_orientation_and_scalar) {
  expect_the_definition<double>(1.2e-16);
  expect_the_definition<float>(6e-8);
  expect_the_definition<Dual<double, 1>>(1.2e-16);
}

TEST(MatrixProduct, of_duals_differentiates_both_factors) {
  using Number = Dual<double, 2>;
  Number const a = Number::variable(3.0, 0), b = Number::variable(5.0, 1);
  Number c(0.0);

  matrix::multiply(Op::plain, Op::plain, 1, 1, 1, &a, &b, Into::set, &c);

  EXPECT_EQ(c.value, 15.0);
  EXPECT_EQ(c.tangent[0], 5.0);
  EXPECT_EQ(c.tangent[1], 3.0);
}

// What is set need not have been a number before.
TEST(MatrixProduct, that_is_set_does_not_read_its_target) {
  std::vector<double> const a(64, 1.0), b(64, 1.0);
  std::vector<double> c(64, std::nan(""));

  matrix::multiply(Op::plain, Op::plain, 8, 8, 8, a.data(), b.data(), Into::set, c.data());

  for (double const x : c) EXPECT_EQ(x, 8.0);
}

}  // namespace
}  // namespace retrace
