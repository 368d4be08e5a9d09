// Products of many matrices at once against the definition, entry by entry.
#include "problems/batched_product.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace retrace {
namespace {

using matrix::Into, matrix::Op;
using Exec = Kokkos::DefaultHostExecutionSpace;

std::vector<double> random_numbers(std::int64_t count, std::mt19937_64& random) {
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (double& x : numbers) x = std::uniform_real_distribution<double>(-1.0, 1.0)(random);
  return numbers;
}

/// Strides with gaps, so that one that is ignored shows; entries of A are all the same where `a_stride` is 0.
void expect_the_definition(matrix::BatchedShape const& s, Into into, std::int64_t a_gap, bool same_a) {
  std::mt19937_64 random(3);
  std::int64_t const a_stride = same_a ? 0 : s.m * s.k + a_gap, b_stride = s.k * s.n + 2, c_stride = s.m * s.n + 5;
  auto const a = random_numbers(s.m * s.k + s.count * a_stride, random), b = random_numbers(s.count * b_stride, random),
             before = random_numbers(s.count * c_stride, random);
  auto c = before;

  matrix::BatchedProduct<Exec> const multiply{Exec()};
  multiply(Exec(), s, {a.data(), a_stride}, {b.data(), b_stride}, into,
           matrix::BatchedOperand<double>{c.data(), c_stride});

  auto const at = [](std::vector<double> const& x, std::int64_t i) { return x[static_cast<std::size_t>(i)]; };
  double const round_off = static_cast<double>(s.k + 1) * std::numeric_limits<double>::epsilon();
  for (std::int64_t e = 0; e < s.count; ++e) {
    for (std::int64_t j = 0; j < s.n; ++j) {
      for (std::int64_t i = 0; i < s.m; ++i) {
        double expected = into == Into::add ? at(before, e * c_stride + i + j * s.m) : 0.0;
        for (std::int64_t l = 0; l < s.k; ++l)
          expected += at(a, e * a_stride + (s.op_a == Op::plain ? i + l * s.m : l + i * s.k)) *
                      at(b, e * b_stride + (s.op_b == Op::plain ? l + j * s.k : j + l * s.n));
        EXPECT_NEAR(at(c, e * c_stride + i + j * s.m), expected, round_off) << e << ' ' << i << ' ' << j;
      }
    }
    for (std::int64_t gap = s.m * s.n; gap < c_stride; ++gap)
      EXPECT_EQ(at(c, e * c_stride + gap), at(before, e * c_stride + gap)) << "written between two results";
  }
}

TEST(BatchedProduct, is_the_product_of_each_entry) {
  for (Op const op_a : {Op::plain, Op::transposed})
    for (Op const op_b : {Op::plain, Op::transposed})
      for (Into const into : {Into::set, Into::add})
        for (bool const same_a : {false, true}) {
          expect_the_definition({op_a, op_b, 3, 5, 7, 4}, into, 3, same_a);
          expect_the_definition({op_a, op_b, 1, 2, 1, 1}, into, 0, same_a);
        }
}

TEST(BatchedProduct, of_no_entries_is_nothing) {
  matrix::BatchedProduct<Exec> const multiply{Exec()};
  double c = 3.0;

  multiply(Exec(), {Op::plain, Op::plain, 1, 1, 1, 0}, {nullptr}, {nullptr}, Into::set,
           matrix::BatchedOperand<double>{&c});

  EXPECT_EQ(c, 3.0);
}

}  // namespace
}  // namespace retrace
