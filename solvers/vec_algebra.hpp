#pragma once

#include "core/math.hpp"
#include "core/vec.hpp"
#include "solvers/step_control.hpp"

#include <Kokkos_Core.hpp>

namespace retrace {

/// One more term `factor * x` of a linear combination.
template <class S, class State>
struct Scaled {
  S factor;
  State const& x;
};
template <class S, class State>
Scaled(S, State const&) -> Scaled<S, State>;

/// The vector operations of a Runge–Kutta step and of its reverse on one small state. `T` is the scalar of the state,
/// `S` that of time, step size and norms. FieldAlgebra has the same operations for one large distributed state.
template <class T, class S, int N>
struct VecAlgebra {
  using Scalar = T;
  using Time = S;
  using State = Vec<T, N>;
  template <int Count>
  using Stages = Kokkos::Array<State, Count>;

  [[nodiscard]] KOKKOS_INLINE_FUNCTION State make_state(char const* /*label*/) const { return {}; }
  template <int Count>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Stages<Count> make_stages(char const* /*label*/) const {
    return {};
  }
  KOKKOS_INLINE_FUNCTION void assign(State& to, State const& from) const { to = from; }
  /// `to` takes the value of `from`, whose own value is free to be overwritten afterwards.
  KOKKOS_INLINE_FUNCTION void take(State& to, State& from) const { to = from; }
  /// `to` becomes another name of `from`, to be read only (a small state is copied).
  KOKKOS_INLINE_FUNCTION void refer(State& to, State const& from) const { to = from; }
  KOKKOS_INLINE_FUNCTION void set_zero(State& x) const { x = State::filled(T(0.0)); }

  /// out = sum of `extra` terms + scale * sum_j row_j x_j.
  template <class Row, class StageArray, class... Extra>
  KOKKOS_INLINE_FUNCTION void combine(State& out, S const& scale, StageArray const& x, Extra const&... extra) const {
    for (int d = 0; d < N; ++d) {
      T sum(0.0);
      static_for<Row::begin, Row::end>([&](auto j) {
        if constexpr (Row::at(j) != 0.0) sum += T(Row::at(j)) * x[static_cast<std::size_t>(j())][d];
      });
      T total = T(scale) * sum;
      ((total += T(extra.factor) * extra.x[d]), ...);
      out[d] = total;
    }
  }
  /// x += factor * y
  KOKKOS_INLINE_FUNCTION void add(State& x, S const& factor, State const& y) const {
    for (int d = 0; d < N; ++d) x[d] += T(factor) * y[d];
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION bool is_finite(State const& x) const {
    bool finite = true;
    for (int d = 0; d < N; ++d) finite = finite && math::is_finite(x[d]);
    return finite;
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S dot(State const& a, State const& b) const {
    S sum(0.0);
    for (int d = 0; d < N; ++d) sum += S(a[d]) * S(b[d]);
    return sum;
  }

  /// E of HNW II.4.11: RMS of e_d / w_d with e = h sum_j (b_j - b_hat_j) k_j, w_d = atol + rtol max(|y_d|, |y_new_d|).
  template <class Tab, class StageArray>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S error_norm(StepControl const& control, State const& y, State const& y_new,
                                                    S const& h, StageArray const& k) const {
    S sum(0.0);
    for (int d = 0; d < N; ++d) {
      S const scaled = error_component<Tab>(d, h, k) / weight(control, y[d], y_new[d]);
      sum += scaled * scaled;
    }
    return math::sqrt(sum / S(static_cast<double>(N)));
  }

  /// Reverse of `error_norm` for dL/dE = e_norm_bar: sets e_bar = dL/de and adds the part through the weights to
  /// whichever of y_bar, y_new_bar attained the maximum.
  template <class Tab, class StageArray>
  KOKKOS_INLINE_FUNCTION void error_norm_vjp(StepControl const& control, S const& e_norm, S const& e_norm_bar,
                                             State const& y, State const& y_new, S const& h, StageArray const& k,
                                             State& e_bar, State& y_bar, State& y_new_bar) const {
    for (int d = 0; d < N; ++d) {
      S const w = weight(control, y[d], y_new[d]), e = error_component<Tab>(d, h, k);
      S const common = e_norm_bar * e / (S(static_cast<double>(N)) * e_norm * w * w);
      e_bar[d] = T(common);
      S const w_bar = -common * e / w;
      bool const new_is_larger = math::abs(y_new[d]) > math::abs(y[d]);
      T const share = T(S(control.relative_tolerance) * w_bar) * math::sign(new_is_larger ? y_new[d] : y[d]);
      (new_is_larger ? y_new_bar : y_bar)[d] += share;
    }
  }

  /// RMS of x_d / w_d with w_d = atol + rtol |y_d|: the norm of the initial-step rule.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S weighted_rms(StepControl const& control, State const& x,
                                                      State const& y) const {
    S sum(0.0);
    for (int d = 0; d < N; ++d) {
      S const scaled = S(x[d]) / weight(control, y[d], y[d]);
      sum += scaled * scaled;
    }
    return math::sqrt(sum / S(static_cast<double>(N)));
  }
  /// Reverse of `weighted_rms` = norm for dL/dnorm = norm_bar: x_bar += …, y_bar += … (through the weights).
  KOKKOS_INLINE_FUNCTION void weighted_rms_vjp(StepControl const& control, S const& norm, S const& norm_bar,
                                               State const& x, State const& y, State& x_bar, State& y_bar) const {
    for (int d = 0; d < N; ++d) {
      S const w = weight(control, y[d], y[d]);
      S const common = norm_bar * S(x[d]) / (S(static_cast<double>(N)) * norm * w * w);
      x_bar[d] += T(common);
      y_bar[d] += T(-common * S(x[d]) / w * S(control.relative_tolerance)) * math::sign(y[d]);
    }
  }

 private:
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static S weight(StepControl const& control, T const& y, T const& y_new) {
    return S(control.absolute_tolerance) + S(control.relative_tolerance) * S(math::max(math::abs(y), math::abs(y_new)));
  }
  template <class Tab, class StageArray>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static S error_component(int d, S const& h, StageArray const& k) {
    T sum(0.0);
    static_for<0, Tab::stages>([&](auto j) {
      if constexpr (Tab::b[j()] != Tab::b_hat[j()])
        sum += T(Tab::b[j()] - Tab::b_hat[j()]) * k[static_cast<std::size_t>(j())][d];
    });
    return h * S(sum);
  }
};

}  // namespace retrace
