#pragma once

#include "core/dual.hpp"
#include "solvers/rk_step.hpp"

#include <cstddef>
#include <vector>

namespace retrace::witness {

/// Numbers side by side: a state, parameters, or their adjoints, of whatever scalar.
template <class T>
using Numbers = std::vector<T>;

template <class T>
[[nodiscard]] Numbers<T> converted(std::vector<double> const& from) {
  Numbers<T> to;
  to.reserve(from.size());
  for (double const x : from) to.push_back(static_cast<T>(x));
  return to;
}

/// One Runge–Kutta step from `y` in plain loops over the coefficients: the formula, and no line of the solver's. Stage
/// derivatives go to `k`: of the first `stages`, or of those that the result needs.
template <class T, class S, class System>
void plain_step(Tableau const& tab, System const& system, StepSpan<S> const& span, Numbers<T> const& p, Numbers<T>& y,
                std::vector<Numbers<T>>& k, int stages = 0) {
  auto const used = static_cast<std::size_t>(stages > 0 ? stages : tab.last_used_stage);
  k.resize(used);
  auto const h = static_cast<T>(span.h);
  for (std::size_t i = 0; i < used; ++i) {
    Numbers<T> u = y;
    for (std::size_t j = 0; j < i; ++j)
      for (std::size_t d = 0; d < y.size(); ++d) u[d] += h * static_cast<T>(tab.a[i][j]) * k[j][d];
    k[i].resize(y.size());
    system.rhs(static_cast<T>(span.t + tab.c[i] * span.h), u, p, k[i]);
  }
  for (std::size_t i = 0; i < used; ++i)
    for (std::size_t d = 0; d < y.size(); ++d) y[d] += h * static_cast<T>(tab.b[i]) * k[i][d];
}

/// `y` moved over recorded steps: the frozen-step program. A system may have an end_of_step(y), called after each.
template <class T, class System>
void plain_replay(Tableau const& tab, System const& system, std::vector<StepSpan<double>> const& steps,
                  Numbers<T> const& p, Numbers<T>& y) {
  std::vector<Numbers<T>> k;
  for (StepSpan<double> const& span : steps) {
    plain_step(tab, system, span, p, y, k);
    if constexpr (requires { system.end_of_step(y); }) system.end_of_step(y);
  }
}

}  // namespace retrace::witness
