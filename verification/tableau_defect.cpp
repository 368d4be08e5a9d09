#include "verification/tableau_defect.hpp"

#include "solvers/order_conditions.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace retrace {

namespace {

using Real = long double;

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

/// Coefficients in more digits than they are stored with, so that what is left is their own rounding.
struct Coefficients {
  int stages = 0;
  std::array<std::array<Real, max_stages>, max_stages> a{};
  std::array<Real, max_stages> b{}, error{}, c{};

  explicit Coefficients(Tableau const& tab) : stages(tab.stages) {
    for (int i = 0; i < stages; ++i) {
      for (int j = 0; j < stages; ++j) a[at(i)][at(j)] = static_cast<Real>(tab.a[at(i)][at(j)]);
      b[at(i)] = static_cast<Real>(tab.b[at(i)]);
      error[at(i)] = static_cast<Real>(tab.error[at(i)]);
      c[at(i)] = static_cast<Real>(tab.c[at(i)]);
    }
  }
};

/// Calls `visit(residual, rounding, stage, words)` for every condition; `words()` is called for a message only.
template <class Visit>
void for_each_condition(Tableau const& claims, Coefficients const& k, Visit&& visit) {
  constexpr Real unit_round_off = std::numeric_limits<double>::epsilon() / 2;
  auto const a = [&k](int i, int j) { return k.a[at(i)][at(j)]; };
  for (int i = 0; i < k.stages; ++i) {
    Real sum = 0.0L, size = std::abs(k.c[at(i)]), above = 0.0L;
    for (int j = 0; j < k.stages; ++j) {
      if (j >= i) above += std::abs(a(i, j));
      sum += a(i, j);
      size += std::abs(a(i, j));
    }
    visit(above, Real(0), i + 1, [i] { return fmt::format("a_{}j is not 0 for j >= {}", i + 1, i + 1); });
    visit(sum - k.c[at(i)], unit_round_off * size, i + 1, [i] { return fmt::format("sum_j a_{0}j = c_{0}", i + 1); });
  }
  for (int j = 0; claims.fsal && j < k.stages; ++j) {
    int const last = k.stages - 1;
    visit(a(last, j) - k.b[at(j)], Real(0), k.stages,
          [=] { return fmt::format("a_{0}{1} = b_{1} (first same as last)", last + 1, j + 1); });
  }
  auto const conditions = [&](char const* which, int order, auto const& weight, auto const& size) {
    for (int n = 1; n <= order; ++n) {
      int number = 0;
      for_each_rooted_tree(n, [&](RootedTree const& tree) {
        ++number;
        OrderResidual<Real> const residual = order_residual<Real>(tree, k.stages, a, weight, size, Real(1));
        visit(residual.value, residual.rounding, 0,
              [=] { return fmt::format("condition {} of order {} of {}", number, n, which); });
      });
    }
  };
  conditions(
      "b", claims.order, [&k](int i) { return k.b[at(i)]; }, [&k](int i) { return std::abs(k.b[at(i)]); });
  if (!claims.adaptive) return;
  conditions(
      "b_hat", claims.embedded_order, [&k](int i) { return k.b[at(i)] - k.error[at(i)]; },
      [&k](int i) { return 2 * std::abs(k.b[at(i)]) + std::abs(k.error[at(i)]); });  // b_hat is stored as b - error
}

std::vector<Real> residuals(Tableau const& claims, Coefficients const& k) {
  std::vector<Real> all;
  for_each_condition(claims, k, [&](Real residual, Real, int, auto const&) { all.push_back(residual); });
  return all;
}

Real squared(std::vector<Real> const& x) {
  Real sum = 0.0L;
  for (Real const value : x) sum += value * value;
  return sum;
}

/// Gauss-Newton on the one coefficient `x` of `k`: the least sum of squared residuals that it can reach.
Real least_squares(Tableau const& claims, Coefficients& k, Real& x) {
  constexpr int iterations = 4;  // the residuals are polynomials of x, and a mistake is small
  constexpr Real difference = 1e-6L;
  for (int n = 0; n < iterations; ++n) {
    std::vector<Real> const here = residuals(claims, k);
    Real const old = std::exchange(x, x + difference);
    std::vector<Real> slope = residuals(claims, k);
    Real product = 0.0L;
    for (std::size_t i = 0; i < slope.size(); ++i) {
      slope[i] = (slope[i] - here[i]) / difference;
      product += slope[i] * here[i];
    }
    Real const steepness = squared(slope);
    x = steepness > 0.0L ? old - product / steepness : old;
  }
  return squared(residuals(claims, k));
}

}  // namespace

TableauDefect worst_defect(Tableau const& tab) {
  TableauDefect worst;
  Real worst_ratio = -1.0L;
  for_each_condition(tab, Coefficients(tab), [&](Real residual, Real rounding, int stage, auto const& words) {
    Real const size = std::abs(residual);
    constexpr Real infinite = std::numeric_limits<Real>::infinity();
    Real const ratio = size == 0.0L ? 0.0L : rounding > 0.0L ? size / rounding : infinite;
    if (!(ratio <= worst_ratio)) {
      worst_ratio = ratio;
      worst = {static_cast<double>(size), static_cast<double>(rounding), words(), stage};
    }
  });
  return worst;
}

std::optional<WrongCoefficient> find_wrong_coefficient(Tableau const& tab) {
  Coefficients const given(tab);
  Real const before = squared(residuals(tab, given));
  constexpr Real explained = 1e-8L;  // of the squares: 1e-4 of the violations may be left, from differences as slopes
  Real least = explained * before;
  std::optional<WrongCoefficient> found;
  Coefficients k = given;
  auto const attempt = [&](Real& x, Real stored, std::string name, int stage) {
    Real const left = least_squares(tab, k, x);
    Real const reached = std::exchange(x, stored);
    if (!(left < least)) return;
    least = left;
    found = {std::move(name), stage, static_cast<double>(stored), static_cast<double>(reached)};
  };
  for (int i = 0; i < tab.stages; ++i) {
    for (int j = 0; j < i; ++j)
      attempt(k.a[at(i)][at(j)], given.a[at(i)][at(j)], fmt::format("a_{}{}{}", i + 1, i < 9 ? "" : ",", j + 1), i + 1);
    attempt(k.b[at(i)], given.b[at(i)], fmt::format("b_{}", i + 1), i + 1);
    attempt(k.c[at(i)], given.c[at(i)], fmt::format("c_{}", i + 1), i + 1);
  }
  return found;
}

}  // namespace retrace
