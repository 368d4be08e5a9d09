#pragma once

#include "core/math.hpp"
#include "problems/ensemble_problem.hpp"

namespace retrace {

/// Three bodies under gravity in scaled units (Zhuang et al. 2020, Table 6): r_i' = K2 v_i,
/// v_i' = K1 sum_{j != i} m_j (r_j - r_i) / |r_j - r_i|^3. A close encounter (distance 0.053 at t = 0.871) makes the
/// final state 58 times as sensitive as the start. State (r1, r2, r3, v1, v2, v3), parameters (m1, m2, m3),
/// L = (1/18) sum_d y_d(T)^2.
struct ThreeBody {
  static constexpr std::string_view name = "three_body", family = "hamiltonian";
  static constexpr std::string_view summary =
      "gravitational three-body problem with a close encounter; 18 + 3 unknowns";
  static constexpr int dimension = 18, parameters = 3;
  static constexpr bool autonomous = true;
  static constexpr double k1 = 0.20048437269236738, k2 = 7.239323869320315;

  double t0 = 0.0, t1;
  std::int64_t trajectories;

  [[nodiscard]] static std::vector<Argument> arguments() { return {end_time_argument(1.0), trajectories_argument()}; }
  explicit ThreeBody(Arguments const& a) : t1(a.number("T")), trajectories(a.integer("n")) {}

  template <class T>
  KOKKOS_INLINE_FUNCTION static void rhs(T const&, Vec<T, 18> const& y, Vec<T, 3> const& m, Vec<T, 18>& dydt) {
    for (int d = 0; d < 9; ++d) {
      dydt[d] = T(k2) * y[9 + d];
      dydt[9 + d] = T(0.0);
    }
    for (int i = 0; i < 3; ++i) {
      for (int j = i + 1; j < 3; ++j) {
        Pair<T> const pair(y, i, j);
        for (int d = 0; d < 3; ++d) {
          T const pull = T(k1) * pair.inverse_cube * pair.r[d];
          dydt[9 + 3 * i + d] += m[j] * pull;
          dydt[9 + 3 * j + d] -= m[i] * pull;
        }
      }
    }
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static void vjp(T const&, Vec<T, 18> const& y, Vec<T, 3> const& m, Vec<T, 18> const& w,
                                         Vec<T, 18>& y_bar, Vec<T, 3>& m_bar, T&) {
    for (int d = 0; d < 9; ++d) {
      y_bar[d] = T(0.0);
      y_bar[9 + d] = T(k2) * w[d];
    }
    for (int i = 0; i < 3; ++i) {
      for (int j = i + 1; j < 3; ++j) {
        Pair<T> const pair(y, i, j);
        // The pull g = k1 r / |r|^3 enters as m_j g on body i and -m_i g on body j.
        T r_dot_u(0.0);
        Vec<T, 3> u;  // adjoint of g
        for (int d = 0; d < 3; ++d) {
          T const wi = w[9 + 3 * i + d], wj = w[9 + 3 * j + d], pull = T(k1) * pair.inverse_cube * pair.r[d];
          m_bar[j] += pull * wi;
          m_bar[i] -= pull * wj;
          u[d] = m[j] * wi - m[i] * wj;
          r_dot_u += pair.r[d] * u[d];
        }
        // dg/dr^T u = k1 (u / |r|^3 - 3 r (r.u) / |r|^5)
        T const along = T(3.0) * r_dot_u * pair.inverse_square;
        for (int d = 0; d < 3; ++d) {
          T const r_bar = T(k1) * pair.inverse_cube * (u[d] - along * pair.r[d]);
          y_bar[3 * j + d] += r_bar;
          y_bar[3 * i + d] -= r_bar;
        }
      }
    }
  }

  template <class T>
  KOKKOS_INLINE_FUNCTION static T loss(Vec<T, 18> const& y) {
    return T(1.0 / 18.0) * sum_of_squares(y);
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION static Vec<T, 18> loss_gradient(Vec<T, 18> const& y) {
    Vec<T, 18> g;
    for (int d = 0; d < 18; ++d) g[d] = T(2.0 / 18.0) * y[d];
    return g;
  }

  static constexpr std::string_view conserved_name = "energy";
  /// Its Hamiltonian, K2 sum_i m_i |v_i|^2 / 2 - K1 sum_{i<j} m_i m_j / |r_j - r_i|.
  template <class T>
  KOKKOS_INLINE_FUNCTION static T conserved(Vec<T, 18> const& y, Vec<T, 3> const& m) {
    T energy(0.0);
    for (int i = 0; i < 3; ++i) {
      for (int d = 0; d < 3; ++d) energy += T(0.5 * k2) * m[i] * y[9 + 3 * i + d] * y[9 + 3 * i + d];
      for (int j = i + 1; j < 3; ++j) energy -= T(k1) * m[i] * m[j] * math::sqrt(Pair<T>(y, i, j).inverse_square);
    }
    return energy;
  }

  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 18> initial_state(std::int64_t) const {
    return {{0.0, 0.2, 0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0, 0.1, 0.0, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0}};
  }
  /// (1.1, 1.1, 0.9), the masses of the other trajectories a little lighter.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<double, 3> parameter_values(std::int64_t i) const {
    double const lighter = 1.0 - 0.001 * static_cast<double>(i % 101);
    return {{1.1 * lighter, 1.1 * lighter, 0.9 * lighter}};
  }

 private:
  /// r = r_j - r_i and the powers of its length.
  template <class T>
  struct Pair {
    Vec<T, 3> r;
    T inverse_square, inverse_cube;
    KOKKOS_INLINE_FUNCTION Pair(Vec<T, 18> const& y, int i, int j) {
      T square(0.0);
      for (int d = 0; d < 3; ++d) {
        r[d] = y[3 * j + d] - y[3 * i + d];
        square += r[d] * r[d];
      }
      inverse_square = T(1.0) / square;
      inverse_cube = inverse_square / math::sqrt(square);
    }
  };
};
static_assert(HasConserved<ThreeBody>);

}  // namespace retrace
