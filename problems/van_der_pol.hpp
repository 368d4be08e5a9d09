#pragma once

#include "problems/ensemble_problem.hpp"

namespace retrace {

/// Van der Pol's oscillator x'' = mu (1 - x^2) x' - x as a first-order system; its limit cycle attracts, so that the
/// reverse-time system of the continuous adjoint is unstable, the more so the larger mu. L = x(T)^2 + x'(T)^2.
struct VanDerPol {
  static constexpr std::string_view name = "van_der_pol", family = "oscillator";
  static constexpr std::string_view summary =
      "x'' = mu (1 - x^2) x' - x, L = |y(T)|^2; mildly (mu 0.15) to stiffly damped";
  static constexpr int dimension = 2, parameters = 1;
  static constexpr bool autonomous = true;

  double t0 = 0.0, t1, mu;
  std::int64_t trajectories;

  [[nodiscard]] static std::vector<Argument> arguments() {
    return {{.name = "mu",
             .default_number = 0.15,
             .minimum = 0.0,
             .maximum = 1000.0,
             .description = "damping; the parameter of the gradient"},
            end_time_argument(25.0),
            trajectories_argument()};
  }
  explicit VanDerPol(Arguments const& a) : t1(a.number("T")), mu(a.number("mu")), trajectories(a.integer("n")) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const&, Vec<T, 2> const& y, Vec<T, 1> const& p, Vec<T, 2>& dydt) {
    dydt[0] = y[1];
    dydt[1] = p[0] * (T(1.0) - y[0] * y[0]) * y[1] - y[0];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, Vec<T, 2> const& y, Vec<T, 1> const& p, Vec<T, 2> const& w,
                                         Vec<T, 2>& y_bar, Vec<T, 1>& p_bar, T&) {
    T const damping = T(1.0) - y[0] * y[0];
    y_bar[0] = -(T(2.0) * p[0] * y[0] * y[1] + T(1.0)) * w[1];
    y_bar[1] = w[0] + p[0] * damping * w[1];
    p_bar[0] += damping * y[1] * w[1];
  }

  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 2> const& y) {
    return sum_of_squares(y);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 2> loss_gradient(Vec<T, 2> const& y) {
    return sum_of_squares_gradient(y);
  }

  /// (2, 0) and, for i > 0, neighbours inside and outside of the limit cycle.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 2> initial_state(std::int64_t i) const {
    return {{2.0 - 0.015 * static_cast<double>(i % 101), 0.01 * static_cast<double>(i % 37)}};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> parameter_values(std::int64_t) const { return {{mu}}; }
};
static_assert(EnsembleProblem<VanDerPol>);

}  // namespace retrace
