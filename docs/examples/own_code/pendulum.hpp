#pragma once

#include "core/math.hpp"
#include "problems/ensemble_problem.hpp"

/// x'' = -w sin(x), L = x(T)^2 + x'(T)^2; a problem of one's own looks like those of the suite.
struct Pendulum {
  static constexpr std::string_view name = "pendulum", family = "oscillator";
  static constexpr std::string_view summary = "x'' = -w sin(x), L = |y(T)|^2";
  static constexpr int dimension = 2, parameters = 1;
  static constexpr bool autonomous = true;

  double t0 = 0.0, t1, w;
  std::int64_t trajectories;

  [[nodiscard]] static std::vector<retrace::Argument> arguments() {
    return {{.name = "w",
             .default_number = 1.0,
             .minimum = 0.0,
             .maximum = 100.0,
             .description = "gravity over length; the parameter of the gradient"},
            retrace::end_time_argument(5.0),
            retrace::trajectories_argument()};
  }
  explicit Pendulum(retrace::Arguments const& a) : t1(a.number("T")), w(a.number("w")), trajectories(a.integer("n")) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const&, retrace::Vec<T, 2> const& y, retrace::Vec<T, 1> const& p,
                                         retrace::Vec<T, 2>& dydt) {
    dydt[0] = y[1];
    dydt[1] = -p[0] * retrace::math::sin(y[0]);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, retrace::Vec<T, 2> const& y, retrace::Vec<T, 1> const& p,
                                         retrace::Vec<T, 2> const& v, retrace::Vec<T, 2>& y_bar,
                                         retrace::Vec<T, 1>& p_bar, T&) {
    y_bar[0] = -p[0] * retrace::math::cos(y[0]) * v[1];
    y_bar[1] = v[0];
    p_bar[0] -= retrace::math::sin(y[0]) * v[1];
  }

  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(retrace::Vec<T, 2> const& y) {
    return retrace::sum_of_squares(y);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static retrace::Vec<T, 2> loss_gradient(retrace::Vec<T, 2> const& y) {
    return retrace::sum_of_squares_gradient(y);
  }

  [[nodiscard]] KOKKOS_INLINE_FUNCTION retrace::Vec<double, 2> initial_state(std::int64_t i) const {
    return {{1.0 + 0.01 * static_cast<double>(i % 50), 0.0}};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION retrace::Vec<double, 1> parameter_values(std::int64_t) const { return {{w}}; }
};
static_assert(retrace::EnsembleProblem<Pendulum>);
