#pragma once

#include "problems/ensemble_problem.hpp"

namespace retrace {

/// The oscillator as the ACA paper writes it (Zhuang et al. 2020, Figs. 4 and 5): y1' = y2, y2' = (c - y1^2) y2 - y1
/// with c = 0.15, the parameter of the gradient. Not van der Pol's equation with mu = 0.15: the damping here reaches
/// -y1^2, so the reverse-time system is far less stable. L = |y(T)|^2.
struct VanDerPolPaper {
  static constexpr std::string_view name = "van_der_pol_paper", family = "oscillator";
  static constexpr std::string_view summary =
      "y1' = y2, y2' = (0.15 - y1^2) y2 - y1, L = |y(T)|^2 (the paper's Figs. 4-5)";
  static constexpr int dimension = 2, parameters = 1;
  static constexpr bool autonomous = true;

  double t0 = 0.0, t1;
  std::int64_t trajectories;

  [[nodiscard]] static std::vector<Argument> arguments() { return {end_time_argument(20.0), trajectories_argument()}; }
  explicit VanDerPolPaper(Arguments const& a) : t1(a.number("T")), trajectories(a.integer("n")) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const&, Vec<T, 2> const& y, Vec<T, 1> const& p, Vec<T, 2>& dydt) {
    dydt[0] = y[1];
    dydt[1] = (p[0] - y[0] * y[0]) * y[1] - y[0];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, Vec<T, 2> const& y, Vec<T, 1> const& p, Vec<T, 2> const& w,
                                         Vec<T, 2>& y_bar, Vec<T, 1>& p_bar, T&) {
    y_bar[0] = -(T(2.0) * y[0] * y[1] + T(1.0)) * w[1];
    y_bar[1] = w[0] + (p[0] - y[0] * y[0]) * w[1];
    p_bar[0] += y[1] * w[1];
  }

  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 2> const& y) {
    return sum_of_squares(y);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 2> loss_gradient(Vec<T, 2> const& y) {
    return sum_of_squares_gradient(y);
  }

  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 2> initial_state(std::int64_t i) const {
    return {{2.0 - 0.015 * static_cast<double>(i % 101), 0.01 * static_cast<double>(i % 37)}};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> parameter_values(std::int64_t) const { return {{0.15}}; }
};
static_assert(EnsembleProblem<VanDerPolPaper>);

}  // namespace retrace
