#pragma once

#include "solvers/tableau.hpp"

#include <array>
#include <cstddef>
#include <limits>

namespace retrace {

/// A rooted tree of `order` nodes as its level sequence: nodes in preorder, each with its distance from the root.
struct RootedTree {
  static constexpr int most_nodes = 9;
  int order = 1;
  std::array<int, most_nodes> level{};

  /// One past the last node of the branch that grows from `node`.
  [[nodiscard]] constexpr int branch_end(int node) const {
    int end = node + 1;
    while (end < order && level[at(end)] > level[at(node)]) ++end;
    return end;
  }
  [[nodiscard]] static constexpr std::size_t at(int node) { return static_cast<std::size_t>(node); }
};

/// Calls `visit(tree)` for every rooted tree of so many nodes (1, 1, 2, 4, 9, 20, 48, 115, 286 trees for 1 to 9);
/// Beyer & Hedetniemi (1980), SIAM J. Comput. 9:706.
template <class Visit>
constexpr void for_each_rooted_tree(int order, Visit&& visit) {
  RootedTree tree{.order = order};
  for (int i = 0; i < order; ++i) tree.level[RootedTree::at(i)] = i;
  while (true) {
    visit(static_cast<RootedTree const&>(tree));
    int last = order - 1;
    while (last > 0 && tree.level[RootedTree::at(last)] == 1) --last;
    if (last <= 0) return;
    int parent = last - 1;
    while (tree.level[RootedTree::at(parent)] != tree.level[RootedTree::at(last)] - 1) --parent;
    for (int i = last; i < order; ++i) tree.level[RootedTree::at(i)] = tree.level[RootedTree::at(i - (last - parent))];
  }
}

/// How well weights b satisfy the order condition of a tree, and what rounding the coefficients can make of it.
template <class Real>
struct OrderResidual {
  Real value;     ///< sum_i b_i Phi_i(tree) - sigma^order / gamma(tree); HNW (1993), Thm. II.2.13
  Real rounding;  ///< bound on what coefficients rounded to doubles contribute, to first order
};

namespace detail {

inline constexpr int most_stages = 16;
template <class Real>
using StageValues = std::array<Real, most_stages>;

/// Phi_i of the branch that grows from `node`, for coefficients `a(i, j)`.
template <class Real, class A>
[[nodiscard]] constexpr StageValues<Real> elementary_weights(RootedTree const& tree, int node, int stages, A const& a) {
  StageValues<Real> phi{};
  for (int i = 0; i < stages; ++i) phi[RootedTree::at(i)] = Real(1);
  for (int child = node + 1; child < tree.branch_end(node); child = tree.branch_end(child)) {
    StageValues<Real> const branch = elementary_weights<Real>(tree, child, stages, a);
    for (int i = 0; i < stages; ++i) {
      Real sum(0);
      for (int j = 0; j < stages; ++j) sum += Real(a(i, j)) * branch[RootedTree::at(j)];
      phi[RootedTree::at(i)] *= sum;
    }
  }
  return phi;
}

/// gamma: the product of the sizes of all branches.
[[nodiscard]] constexpr double density(RootedTree const& tree) {
  double product = 1.0;
  for (int node = 0; node < tree.order; ++node) product *= tree.branch_end(node) - node;
  return product;
}

template <class Real>
[[nodiscard]] constexpr Real size_of(Real x) {
  return x < Real(0) ? -x : x;
}

}  // namespace detail

/// The order condition of `tree` for coefficients `a(i, j)`, weights `b(i)` and the part `sigma` of the step. Weights
/// that are sums themselves may be rounded like their largest terms, `b_size(i)`.
template <class Real, class A, class B, class Size>
[[nodiscard]] constexpr OrderResidual<Real> order_residual(RootedTree const& tree, int stages, A const& a, B const& b,
                                                           Size const& b_size, Real sigma) {
  using detail::size_of;
  auto const phi = detail::elementary_weights<Real>(tree, 0, stages, a);
  auto const large =
      detail::elementary_weights<Real>(tree, 0, stages, [&a](int i, int j) { return size_of(Real(a(i, j))); });
  Real sum(0), size(0), power(1);
  for (int i = 0; i < stages; ++i) {
    sum += Real(b(i)) * phi[RootedTree::at(i)];
    size += Real(b_size(i)) * large[RootedTree::at(i)];
  }
  for (int n = 0; n < tree.order; ++n) power *= sigma;
  constexpr Real unit_round_off = std::numeric_limits<double>::epsilon() / 2;
  return {sum - power / Real(detail::density(tree)), Real(tree.order) * unit_round_off * size};
}

template <class Real, class A, class B>
[[nodiscard]] constexpr OrderResidual<Real> order_residual(RootedTree const& tree, int stages, A const& a, B const& b) {
  return order_residual<Real>(
      tree, stages, a, b, [&b](int i) { return detail::size_of(Real(b(i))); }, Real(1));
}

/// Do weights over the nodes integrate 1, t, … t^(order - 1) over a step: sum_i b_i c_i^(k - 1) = 1 / k, k = 1 … order?
template <std::size_t N>
[[nodiscard]] constexpr bool is_quadrature(Kokkos::Array<double, N> const& b, Kokkos::Array<double, N> const& c,
                                           int order) {
  for (int k = 1; k <= order; ++k) {
    double sum = 0.0;
    for (std::size_t i = 0; i < N; ++i) {
      double power = 1.0;
      for (int n = 1; n < k; ++n) power *= c[i];
      sum += b[i] * power;
    }
    if (!detail::nearly_equal(sum, 1.0 / k)) return false;
  }
  return true;
}

/// What a scheme can prove at compile time: `is_consistent`, and the quadrature conditions of both orders.
template <TableauDefinition S>
[[nodiscard]] constexpr bool has_quadrature_order() {
  return is_consistent<S>() && is_quadrature(S::b, S::c, S::order) &&
         (!S::adaptive || is_quadrature(S::b_hat, S::c, S::embedded_order));
}

}  // namespace retrace
