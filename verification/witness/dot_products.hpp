#pragma once

#include "core/dual.hpp"
#include "verification/problem_witness.hpp"
#include "verification/witness/plain_replay.hpp"
#include "verification/witness/random_signs.hpp"
#include "verification/witness/rounding_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace retrace::witness {

/// Sum of a_i b_i, and of its terms' magnitudes, over the ranks that share the system.
struct Product {
  double value, size;
};
template <class System, class A, class B>
[[nodiscard]] Product product(System const& system, A const& a, B const& b) {
  double value = 0.0, size = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const term = static_cast<double>(a[i]) * static_cast<double>(b[i]);
    value += term;
    size += std::abs(term);
  }
  return {system.sum(value), system.sum(size)};
}

/// A point of the solution and random vectors there, each different for each `seed`.
struct Point {
  double t;
  std::vector<double> y;
  std::uint64_t seed;
};

namespace detail {
using Tangents = Dual<double, 3>;  // along v in y, along v in p, in t

/// w . J v for the three directions, at (t, y, p), each number moved relatively by `shift` with a random sign.
template <class System>
[[nodiscard]] std::array<Product, 3> forward_products(System const& system, Point const& at,
                                                      std::vector<double> const& p, std::vector<double> const& w,
                                                      double shift, std::uint64_t signs) {
  auto const moved = [&](double x, std::size_t i) {
    return x * (1.0 + shift * random_sign(signs, system.first_entry() + static_cast<std::int64_t>(i)));
  };
  Numbers<Tangents> y(at.y.size()), q(p.size()), dydt;
  for (std::size_t d = 0; d < y.size(); ++d) {
    y[d] = Tangents(moved(at.y[d], d));
    y[d].tangent[0] = random_number(at.seed, system.first_entry() + static_cast<std::int64_t>(d));
  }
  for (std::size_t j = 0; j < q.size(); ++j) {
    q[j] = Tangents(p[j] * (1.0 + shift * random_sign(signs + 1, static_cast<std::int64_t>(j))));
    q[j].tangent[1] = random_number(at.seed + 1, static_cast<std::int64_t>(j));
  }
  Tangents t(at.t * (1.0 + shift * random_sign(signs + 1, -1)));
  t.tangent[2] = 1.0;
  system.rhs(t, y, q, dydt);
  std::array<Product, 3> products{};
  for (int k = 0; k < 3; ++k) {
    std::vector<double> along(dydt.size());
    for (std::size_t d = 0; d < along.size(); ++d) along[d] = dydt[d].tangent[k];
    products[static_cast<std::size_t>(k)] = product(system, w, along);
  }
  return products;
}
}  // namespace detail

/// <w, J v> = <J^T w, v> of f at one point, for v in y, in p and in t: duals in double against the VJP in `T`.
template <class T, class System>
[[nodiscard]] IdentityDefect right_hand_side_defect(System const& system, Point point) {
  constexpr double u = std::is_same_v<T, double> ? limits::double_round_off : limits::single_round_off;
  Numbers<T> const y = converted<T>(point.y), p = converted<T>(system.p);
  point.y.assign(y.begin(), y.end());  // both sides at the rounded numbers
  std::vector<double> const p_rounded(p.begin(), p.end());
  auto const t = static_cast<T>(point.t);
  point.t = static_cast<double>(t);

  std::vector<double> v(y.size()), v_p(p.size());
  Numbers<T> w(y.size());
  for (std::size_t d = 0; d < v.size(); ++d) {
    auto const entry = system.first_entry() + static_cast<std::int64_t>(d);
    v[d] = random_number(point.seed, entry);
    w[d] = static_cast<T>(random_number(point.seed + 2, entry));
  }
  for (std::size_t j = 0; j < v_p.size(); ++j) v_p[j] = random_number(point.seed + 1, static_cast<std::int64_t>(j));
  std::vector<double> const w_double(w.begin(), w.end());

  // y_bar is to be overwritten, the others are to be added to: hence the first value, and two calls.
  Numbers<T> y_bar(y.size(), T(3)), p_bar(p.size(), T(0));
  T t_bar(0);
  for (int call = 0; call < 2; ++call) system.vjp(t, y, p, w, y_bar, p_bar, t_bar);
  std::array<double, 3> const backward{product(system, y_bar, v).value, 0.5 * product(system, p_bar, v_p).value,
                                       0.5 * system.sum(static_cast<double>(t_bar))};

  auto const forward = detail::forward_products(system, point, p_rounded, w_double, 0.0, 0);
  std::array<double, 3> moved{};  // what a rounding of the arguments makes
  for (std::uint64_t run = 0; run < 3; ++run) {
    auto const there = detail::forward_products(system, point, p_rounded, w_double, u, point.seed + 3 + 2 * run);
    for (std::size_t k = 0; k < 3; ++k) moved[k] = std::max(moved[k], std::abs(there[k].value - forward[k].value));
  }
  double const operations = system.operations.rhs + system.operations.vjp;
  IdentityDefect worst;
  constexpr std::array<char const*, 3> blocks{"f_y", "f_p", "f_t"};
  for (std::size_t k = 0; k < 3; ++k) {
    double const rounding = moved[k] + u * std::sqrt(1.0 + operations) * forward[k].size;
    worst.keep_worse({.error = std::abs(forward[k].value - backward[k]),
                      .bound = limits::deviations_of_identity * rounding,
                      .size = forward[k].size,
                      .where = fmt::format("{}^T w at t = {:.6g} of {}", blocks[k], point.t, system.name()),
                      .compared = 1});
  }
  return worst;
}

/// dL/dy . v by duals against the loss's own gradient in `T`.
template <class T, class System>
[[nodiscard]] IdentityDefect loss_gradient_defect(System const& system, Point const& point) {
  constexpr double u = std::is_same_v<T, double> ? limits::double_round_off : limits::single_round_off;
  Numbers<T> const y = converted<T>(point.y);
  Numbers<T> gradient(y.size());
  system.loss_gradient(y, gradient);
  std::vector<double> v(y.size());
  Numbers<Dual<double, 1>> along(y.size());
  for (std::size_t d = 0; d < v.size(); ++d) {
    v[d] = random_number(point.seed, system.first_entry() + static_cast<std::int64_t>(d));
    along[d] = Dual<double, 1>(static_cast<double>(y[d]));
    along[d].tangent[0] = v[d];
  }
  double const forward = system.sum(system.loss(along).tangent[0]);
  Product const backward = product(system, gradient, v);
  double const rounding = u * std::sqrt(static_cast<double>(8 + y.size())) * backward.size;
  return {.error = std::abs(forward - backward.value),
          .bound = limits::deviations_of_identity * rounding,
          .size = backward.size,
          .where = "dL/dy of " + system.name(),
          .compared = 1};
}

/// visit(point, is_last) at up to `at_most` states of the solution, evenly spread, the start and the end among them.
template <class System, class Visit>
void visit_points(System const& system, Tableau const& tab, std::vector<StepSpan<double>> const& steps,
                  std::int64_t at_most, Visit const& visit) {
  auto const n = static_cast<std::int64_t>(steps.size()) + 1, count = std::min(n, at_most);
  Numbers<double> y = system.y0;
  Numbers<double> const& p = system.p;
  std::vector<Numbers<double>> k;
  std::int64_t chosen = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    double const t = i + 1 < n ? steps[static_cast<std::size_t>(i)].t : system.t1;
    if (count < 2 || i == chosen * (n - 1) / (count - 1)) {
      visit(Point{t, y, static_cast<std::uint64_t>(1 + 16 * i)}, i + 1 == n);
      ++chosen;
    }
    if (i + 1 < n) plain_step(tab, system, steps[static_cast<std::size_t>(i)], p, y, k);
  }
}

}  // namespace retrace::witness
