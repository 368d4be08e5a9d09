#pragma once

#include "core/math.hpp"
#include "problems/ensemble_problem.hpp"

namespace retrace {

/// Van der Pol's oscillator with a periodic force, x'' = p1 (1 - x^2) x' - x + p2 sin(1.3 t), from t0 = 0.1;
/// L = 0.7 x(T) - 1.1 x'(T). Depends on time, so a missing f_t in a gradient shows.
struct VanDerPolForced {
  static constexpr std::string_view name = "van_der_pol_forced", family = "oscillator";
  static constexpr std::string_view summary =
      "x'' = p1 (1 - x^2) x' - x + p2 sin(1.3 t), L = 0.7 x(T) - 1.1 x'(T); not autonomous";
  static constexpr int dimension = 2, parameters = 2;
  static constexpr bool autonomous = false;
  static constexpr double frequency = 1.3;

  double t0 = 0.1, t1;
  std::int64_t trajectories;

  [[nodiscard]] static std::vector<Argument> arguments() { return {end_time_argument(4.0), trajectories_argument()}; }
  explicit VanDerPolForced(Arguments const& a) : t1(a.number("T")), trajectories(a.integer("n")) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const& t, Vec<T, 2> const& y, Vec<T, 2> const& p, Vec<T, 2>& dydt) {
    dydt[0] = y[1];
    dydt[1] = p[0] * (T(1.0) - y[0] * y[0]) * y[1] - y[0] + p[1] * math::sin(T(frequency) * t);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const& t, Vec<T, 2> const& y, Vec<T, 2> const& p, Vec<T, 2> const& w,
                                         Vec<T, 2>& y_bar, Vec<T, 2>& p_bar, T& t_bar) {
    T const damping = T(1.0) - y[0] * y[0];
    y_bar[0] = -(T(2.0) * p[0] * y[0] * y[1] + T(1.0)) * w[1];
    y_bar[1] = w[0] + p[0] * damping * w[1];
    p_bar[0] += damping * y[1] * w[1];
    p_bar[1] += math::sin(T(frequency) * t) * w[1];
    t_bar += p[1] * T(frequency) * math::cos(T(frequency) * t) * w[1];
  }

  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 2> const& y) {
    return T(0.7) * y[0] - T(1.1) * y[1];
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 2> loss_gradient(Vec<T, 2> const&) {
    return {{T(0.7), T(-1.1)}};
  }

  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 2> initial_state(std::int64_t i) const {
    return {{1.2 + 0.01 * static_cast<double>(i % 101), 0.3 + 0.01 * static_cast<double>(i % 37)}};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 2> parameter_values(std::int64_t) const { return {{2.0, 0.7}}; }
};
static_assert(EnsembleProblem<VanDerPolForced>);

}  // namespace retrace
