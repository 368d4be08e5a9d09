#pragma once

#include "problems/ensemble_problem.hpp"

namespace retrace {

/// The toy problem of Zhuang et al. (2020), Sec. 4.1 and Fig. 6: dz/dt = k z, L = z(T)^2; everything in closed form.
/// k = 0.25 is not stated in the paper; it fits its curve.
struct Linear {
  static constexpr std::string_view name = "linear", family = "analytic";
  static constexpr std::string_view summary = "dy/dt = k y, L = y(T)^2; closed form (the paper's toy, Fig. 6)";
  static constexpr int dimension = 1, parameters = 1;
  static constexpr bool autonomous = true;

  double t0 = 0.0, t1, k;
  std::int64_t trajectories;

  [[nodiscard]] static std::vector<Argument> arguments() {
    return {{.name = "k",
             .default_number = 0.25,
             .minimum = -100.0,
             .maximum = 100.0,
             .unit = "1/time",
             .description = "growth rate; the parameter of the gradient"},
            end_time_argument(10.0),
            trajectories_argument()};
  }
  explicit Linear(Arguments const& a) : t1(a.number("T")), k(a.number("k")), trajectories(a.integer("n")) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const&, Vec<T, 1> const& y, Vec<T, 1> const& p, Vec<T, 1>& dydt) {
    dydt[0] = p[0] * y[0];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, Vec<T, 1> const& y, Vec<T, 1> const& p, Vec<T, 1> const& w,
                                         Vec<T, 1>& y_bar, Vec<T, 1>& p_bar, T&) {
    y_bar[0] = p[0] * w[0];
    p_bar[0] += y[0] * w[0];
  }

  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 1> const& y) {
    return sum_of_squares(y);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 1> loss_gradient(Vec<T, 1> const& y) {
    return sum_of_squares_gradient(y);
  }

  /// 1, 1.01, 1.02, … (101 different starts).
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> initial_state(std::int64_t i) const {
    return {{1.0 + 0.01 * static_cast<double>(i % 101)}};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 1> parameter_values(std::int64_t) const { return {{k}}; }

  [[nodiscard]] TrajectoryGradient<Linear> closed_form(std::int64_t i) const {
    double const y0 = initial_state(i)[0], growth = Kokkos::exp(2.0 * k * t1);
    return {.loss = y0 * y0 * growth, .dloss_dy0 = {{2.0 * y0 * growth}}, .dloss_dp = {{2.0 * t1 * y0 * y0 * growth}}};
  }
};
static_assert(HasClosedForm<Linear>);

}  // namespace retrace
