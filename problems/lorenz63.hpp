#pragma once

#include "problems/ensemble_problem.hpp"

namespace retrace {

/// Lorenz (1963): x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z; chaotic at rho = 28.
/// L = |y(T)|^2; gradient in the three initial values and (sigma, rho, beta) of every trajectory.
struct Lorenz63 {
  static constexpr std::string_view name = "lorenz63", family = "chaotic";
  static constexpr std::string_view summary = "Lorenz's convection model, L = |y(T)|^2; 3 + 3 unknowns per trajectory";
  static constexpr int dimension = 3, parameters = 3;
  static constexpr bool autonomous = true;

  double t0 = 0.0, t1;
  std::int64_t trajectories;

  [[nodiscard]] static std::vector<Argument> arguments() { return {end_time_argument(2.0), trajectories_argument()}; }
  explicit Lorenz63(Arguments const& a) : t1(a.number("T")), trajectories(a.integer("n")) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const&, Vec<T, 3> const& y, Vec<T, 3> const& p, Vec<T, 3>& dydt) {
    dydt[0] = p[0] * (y[1] - y[0]);
    dydt[1] = y[0] * (p[1] - y[2]) - y[1];
    dydt[2] = y[0] * y[1] - p[2] * y[2];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, Vec<T, 3> const& y, Vec<T, 3> const& p, Vec<T, 3> const& w,
                                         Vec<T, 3>& y_bar, Vec<T, 3>& p_bar, T&) {
    y_bar[0] = -p[0] * w[0] + (p[1] - y[2]) * w[1] + y[1] * w[2];
    y_bar[1] = p[0] * w[0] - w[1] + y[0] * w[2];
    y_bar[2] = -y[0] * w[1] - p[2] * w[2];
    p_bar[0] += (y[1] - y[0]) * w[0];
    p_bar[1] += y[0] * w[1];
    p_bar[2] -= y[2] * w[2];
  }

  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 3> const& y) {
    return sum_of_squares(y);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 3> loss_gradient(Vec<T, 3> const& y) {
    return sum_of_squares_gradient(y);
  }

  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 3> initial_state(std::int64_t i) const {
    return {{1.0 + 0.001 * static_cast<double>(i % 100), 1.0, 20.0 + 0.01 * static_cast<double>(i % 37)}};
  }
  /// sigma = 10, beta = 8/3; rho from 14 (steady convection) to 28 (chaos) over the ensemble, 28 for a single one.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 3> parameter_values(std::int64_t i) const {
    double const share = trajectories == 1 ? 1.0 : static_cast<double>(i) / static_cast<double>(trajectories);
    return {{10.0, 28.0 * (0.5 + 0.5 * share), 8.0 / 3.0}};
  }
};
static_assert(EnsembleProblem<Lorenz63>);

}  // namespace retrace
