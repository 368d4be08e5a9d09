// Every scheme satisfies every order condition up to the orders that it claims, for itself, for the scheme that
// estimates its error and for its dense output, and not one order more. In extended precision, so that what is left is
// the rounding of the coefficients.
#include "core/tests/typed.hpp"
#include "solvers/dense_output.hpp"
#include "solvers/order_conditions.hpp"
#include "solvers/tests/schemes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace retrace {
namespace {

using Real = long double;

template <class S>
class OrderConditions : public ::testing::Test {};
TYPED_TEST_SUITE(OrderConditions, tests::Typed<AllTableaus>, tests::ByName);

// The smallest violation met one order above the claimed is 1e-5, and rounding stays below 1e-11 by its bound.
constexpr Real clear_violation = 1e-7L;

/// Largest |residual| of `residual_of(tree)` over the trees of one order; every one is held to the bound on rounding if
/// it `should_hold`.
template <class ResidualOf>
Real largest_residual(int order, bool should_hold, ResidualOf const& residual_of) {
  Real largest = 0.0L;
  for_each_rooted_tree(order, [&](RootedTree const& tree) {
    OrderResidual<Real> const residual = residual_of(tree);
    largest = std::max(largest, std::abs(residual.value));
    if (should_hold) {
      EXPECT_LE(std::abs(residual.value), residual.rounding) << "a tree of " << order << " nodes";
    }
  });
  return largest;
}

/// All orders up to `order` hold, and the next one does not.
template <class ResidualOf>
void expect_order(int order, ResidualOf const& residual_of) {
  for (int n = 1; n <= order; ++n) (void)largest_residual(n, true, residual_of);
  EXPECT_GT(largest_residual(order + 1, false, residual_of), clear_violation);
}

template <class S>
void expect_order_of_weights(int order, Row<S::stages> const& weights) {
  expect_order(order, [&weights](RootedTree const& tree) {
    return order_residual<Real>(
        tree, S::stages, [](int i, int j) { return S::a[RootedTree::at(i)][RootedTree::at(j)]; },
        [&weights](int i) { return weights[RootedTree::at(i)]; });
  });
}

/// The terms of b_i(sigma) added up without their signs.
template <class S>
Real size_of_dense_weight(int i, Real sigma) {
  auto const coefficient = [i](int k) {
    return Real(dense_output_of<S>.coefficient[RootedTree::at(k)][RootedTree::at(i)]);
  };
  Real size = std::abs(coefficient(dense_output_of<S>.levels - 1));
  for (int k = dense_output_of<S>.levels - 2; k >= 0; --k)
    size = std::abs(coefficient(k)) + (k % 2 == 0 ? 1 - sigma : sigma) * size;
  return sigma * size;
}

TYPED_TEST(OrderConditions, of_the_scheme_hold) {
  expect_order_of_weights<TypeParam>(TypeParam::order, TypeParam::b);
}

TYPED_TEST(OrderConditions, of_the_embedded_scheme_hold) {
  if (!TypeParam::adaptive) return;
  expect_order_of_weights<TypeParam>(TypeParam::embedded_order, TypeParam::b_hat);
}

TYPED_TEST(OrderConditions, of_the_dense_output_hold_everywhere_in_the_step) {
  constexpr DenseOutput dense = dense_output_of<TypeParam>;
  for (Real const sigma : {0.125L, 0.4L, 0.75L}) {
    std::array<Real, DenseOutput::most_stages> b{};
    dense.weights(sigma, b.data());
    expect_order(dense.order, [&](RootedTree const& tree) {
      return order_residual<Real>(
          tree, dense.stages, &tests::dense_a<TypeParam>, [&b](int i) { return b[RootedTree::at(i)]; },
          [sigma](int i) { return size_of_dense_weight<TypeParam>(i, sigma); }, sigma);
    });
  }
}

TYPED_TEST(OrderConditions, quadrature_and_row_sums_are_proved_at_compile_time) {
  static_assert(has_quadrature_order<TypeParam>());
}

TEST(OrderConditions, of_the_third_order_estimator_hold) {
  expect_order_of_weights<DormandPrince853>(3, DormandPrince853::b_hat3);
}

TEST(RootedTrees, are_all_there_and_all_different) {
  std::vector<int> counts;
  for (int n = 1; n <= RootedTree::most_nodes; ++n) {
    std::vector<std::vector<int>> seen;
    for_each_rooted_tree(n, [&](RootedTree const& tree) { seen.emplace_back(tree.level.begin(), tree.level.end()); });
    counts.push_back(static_cast<int>(seen.size()));
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  }

  EXPECT_EQ(counts, (std::vector<int>{1, 1, 2, 4, 9, 20, 48, 115, 286}));
}

TEST(RootedTrees, have_the_densities_of_the_textbook) {
  // HNW (1993), Table II.2.2: gamma of the trees of four nodes, from the path to the bush.
  std::vector<double> densities;
  for_each_rooted_tree(4, [&](RootedTree const& tree) { densities.push_back(detail::density(tree)); });

  EXPECT_EQ(densities, (std::vector<double>{24.0, 12.0, 8.0, 4.0}));
}

/// How many conditions of one order are violated by more than rounding.
template <class S, class A, class B>
int violations(int order, A const& a, B const& b) {
  int count = 0;
  for_each_rooted_tree(order, [&](RootedTree const& tree) {
    auto const residual = order_residual<Real>(tree, S::stages, a, b);
    if (std::abs(residual.value) > residual.rounding) ++count;
  });
  return count;
}

TEST(OrderConditions, see_a_wrong_digit) {
  // The deeper a tree, the looser its bound: a wrong thirteenth digit is seen by some tree of every order, not by all.
  using S = Tsitouras54;
  constexpr double digit = 1e-13;
  auto const a = [](int i, int j) { return S::a[RootedTree::at(i)][RootedTree::at(j)]; };
  auto const b = [](int i) { return S::b[RootedTree::at(i)]; };
  auto const wrong_a = [&](int i, int j) { return a(i, j) + (i == 2 && j == 1 ? digit : 0.0); };
  auto const wrong_b = [&](int i) { return b(i) + (i == 3 ? digit : 0.0); };

  for (int order = 1; order <= S::order; ++order) {
    EXPECT_EQ(violations<S>(order, a, b), 0);
    EXPECT_GT(violations<S>(order, a, wrong_b), 0) << order;
    EXPECT_EQ(violations<S>(order, wrong_a, b) > 0, order > 1) << order;
  }
}

}  // namespace
}  // namespace retrace
