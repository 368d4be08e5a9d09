#pragma once

#include "core/type_list.hpp"
#include "gradients/mali.hpp"
#include "gradients/reversible_rk.hpp"
#include "verification/recorded_steps.hpp"
#include "verification/witness/plain_replay.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace retrace::witness {

/// What a method steps by, as witnesses repeat it in plain loops: the solver's tableau, or a scheme of its own.
struct PlainScheme {
  enum class Kind { solver, leapfrog, coupled };
  Tableau const* tab;
  Kind kind = Kind::solver;
  double parameter = 1.0;  ///< damping of the leapfrog, coupling of the coupled scheme

  PlainScheme(Tableau const& of_solver, std::string_view method, StepControl const& control) : tab(&of_solver) {
    if (method == Mali::name) {
      kind = Kind::leapfrog;
      parameter = control.damping;
    } else if (method == ReversibleRk::name) {
      kind = Kind::coupled;
      parameter = control.coupling;
    }
  }
};

/// The accepted steps of a method that has a scheme of its own, in double precision, by its own program. Nothing for
/// other methods, or if the solve fails.
template <class System>
[[nodiscard]] std::optional<std::vector<StepSpan<double>>> own_steps(System const& system, Tableau const& tab,
                                                                     std::string_view method,
                                                                     StepControl const& control) {
  std::optional<std::vector<StepSpan<double>>> steps;
  (void)visit_named(TypeList<Mali, ReversibleRk>{}, method, [&]<class Method>() {
    auto const model = system.template model<double, double>(system.p);
    auto y = model.make_state("retrace::witness::y");
    system.set_state(model, system.y0, y);
    RecordedSteps recorded;
    if (solve_program<typename Method::Program, double>(tab, model, control, system.t0, system.t1, y, recorded))
      steps = std::move(recorded.steps);
  });
  return steps;
}

/// The asynchronous leapfrog, docs/methods/mali.md: v0 = f(t0, y0), u = f(t + h/2, y + (h/2) v),
/// v' = v + 2 eps (u - v), y' = y + (h/2)(v + v').
template <class T, class System>
void plain_leapfrog(double damping, System const& system, std::vector<StepSpan<double>> const& steps,
                    Numbers<T> const& p, Numbers<T>& y) {
  if (steps.empty()) return;
  Numbers<T> v(y.size()), u(y.size());
  system.rhs(static_cast<T>(steps.front().t), y, p, v);
  auto const twice = static_cast<T>(2.0 * damping);
  for (StepSpan<double> const& span : steps) {
    auto const half = static_cast<T>(0.5 * span.h);
    for (std::size_t d = 0; d < y.size(); ++d) y[d] += half * v[d];
    system.rhs(static_cast<T>(span.t + 0.5 * span.h), y, p, u);
    for (std::size_t d = 0; d < y.size(); ++d) {
      v[d] += twice * (u[d] - v[d]);
      y[d] += half * v[d];
    }
    if constexpr (requires { system.end_of_step(y); }) system.end_of_step(y);
  }
}

/// The coupled form of a scheme, docs/methods/reversible_rk.md: y' = kappa y + (1 - kappa) z + Psi_h(t, z),
/// z' = z - Psi_-h(t + h, y'), with Psi_h(t, x) = (the scheme's step from x) - x.
template <class T, class System>
void plain_coupled(Tableau const& tab, double coupling, System const& system,
                   std::vector<StepSpan<double>> const& steps, Numbers<T> const& p, Numbers<T>& y) {
  std::vector<Numbers<T>> k;
  auto const increment = [&](StepSpan<double> const& span, Numbers<T> const& from) {
    Numbers<T> to = from;
    plain_step(tab, system, span, p, to, k);
    for (std::size_t d = 0; d < to.size(); ++d) to[d] -= from[d];
    return to;
  };
  auto const kappa = static_cast<T>(coupling), rest = static_cast<T>(1.0 - coupling);
  Numbers<T> z = y;
  for (StepSpan<double> const& span : steps) {
    Numbers<T> const there = increment(span, z);
    for (std::size_t d = 0; d < y.size(); ++d) y[d] = kappa * y[d] + rest * z[d] + there[d];
    Numbers<T> const back = increment({span.t_next, -span.h, span.t}, y);
    for (std::size_t d = 0; d < y.size(); ++d) z[d] -= back[d];
    if constexpr (requires { system.end_of_step(y); }) system.end_of_step(y);
  }
}

template <class T, class System>
void plain_replay(PlainScheme const& scheme, System const& system, std::vector<StepSpan<double>> const& steps,
                  Numbers<T> const& p, Numbers<T>& y) {
  switch (scheme.kind) {
    case PlainScheme::Kind::solver:
      return plain_replay(*scheme.tab, system, steps, p, y);
    case PlainScheme::Kind::leapfrog:
      return plain_leapfrog(scheme.parameter, system, steps, p, y);
    case PlainScheme::Kind::coupled:
      return plain_coupled(*scheme.tab, scheme.parameter, system, steps, p, y);
  }
}

}  // namespace retrace::witness
