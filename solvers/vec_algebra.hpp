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
/// The term `x` itself.
template <class State>
struct Plain {
  State const& x;
};
template <class State>
Plain(State const&) -> Plain<State>;

/// The vector operations of a Runge–Kutta step and of its reverse on one small state. `T` is the scalar of the state,
/// `S` that of time, step size and norms; both may be packs, and `where` then says for each lane whether an operation
/// happens. FieldAlgebra has the same operations for one large distributed state.
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
  KOKKOS_INLINE_FUNCTION void assign_where(MaskOf<S> where, State& to, State const& from) const {
    for (int d = 0; d < N; ++d) to[d] = select(where, from[d], to[d]);
  }
  /// `to` takes the value of `from`, whose own value is free to be overwritten afterwards.
  KOKKOS_INLINE_FUNCTION void take_where(MaskOf<S> where, State& to, State& from) const {
    assign_where(where, to, from);
  }
  /// `to` becomes another name of `from`, to be read only (a small state is copied).
  KOKKOS_INLINE_FUNCTION void refer(State& to, State const& from) const { to = from; }
  /// to = from and from = 0; to = 0 elsewhere.
  KOKKOS_INLINE_FUNCTION void move_where(MaskOf<S> where, State& to, State& from) const {
    for (int d = 0; d < N; ++d) {
      to[d] = select(where, from[d], T(0.0));
      from[d] = select(where, T(0.0), from[d]);
    }
  }
  KOKKOS_INLINE_FUNCTION void set_zero(State& x) const { x = State::filled(T(0.0)); }

  /// out = scale * sum_j row_j x_j + sum of `extra` terms.
  template <class Row, class StageArray, class... Extra>
  KOKKOS_INLINE_FUNCTION void combine(State& out, S const& scale, StageArray const& x, Extra const&... extra) const {
    T const factor = T(scale);
    for (int d = 0; d < N; ++d) out[d] = scaled_sum<Row>(factor, x, d, extra...);
  }
  /// x += factor * y
  KOKKOS_INLINE_FUNCTION void add(State& x, S const& factor, State const& y) const {
    T const f = T(factor);
    for (int d = 0; d < N; ++d) x[d] = math::fma(f, y[d], x[d]);
  }
  KOKKOS_INLINE_FUNCTION void add_where(MaskOf<S> where, State& x, State const& y) const {
    for (int d = 0; d < N; ++d) x[d] = select(where, x[d] + y[d], x[d]);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<S> is_finite(State const& x) const {
    MaskOf<S> finite(true);
    for (int d = 0; d < N; ++d) finite = finite & MaskOf<S>(math::is_finite(x[d]));
    return finite;
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S dot(State const& a, State const& b) const {
    S sum(0.0);
    for (int d = 0; d < N; ++d) sum = math::fma(S(a[d]), S(b[d]), sum);
    return sum;
  }

  /// E of HNW II.4.11: RMS of e_d / w_d with e = h sum_j (b_j - b_hat_j) k_j, w_d = atol + rtol max(|y_d|, |y_new_d|).
  template <class Tab, class StageArray>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S error_norm(StepControl const& control, State const& y, State const& y_new,
                                                    S const& h, StageArray const& k) const {
    S sum(0.0);
    for (int d = 0; d < N; ++d) {
      S const scaled = error_component<Tab>(d, h, k) / weight(control, y[d], y_new[d]);
      sum = math::fma(scaled, scaled, sum);
    }
    return math::sqrt(sum / S(static_cast<double>(N)));
  }

  /// Reverse of `error_norm` for dL/dE = e_norm_bar, where that is not zero: e_bar = dL/de (zero elsewhere), and the
  /// part through the weights is added to whichever of y_bar, y_new_bar attained the maximum.
  template <class Tab, class StageArray>
  KOKKOS_INLINE_FUNCTION void error_norm_vjp(StepControl const& control, S const& e_norm, S const& e_norm_bar,
                                             State const& y, State const& y_new, S const& h, StageArray const& k,
                                             State& e_bar, State& y_bar, State& y_new_bar) const {
    MaskOf<S> const where = e_norm_bar != S(0.0);
    for (int d = 0; d < N; ++d) {
      S const w = weight(control, y[d], y_new[d]), e = error_component<Tab>(d, h, k);
      S const common = select(where, e_norm_bar * e / (S(static_cast<double>(N)) * e_norm * w * w), S(0.0));
      e_bar[d] = T(common);
      T const through_weight = T(S(-control.relative_tolerance) * common * e / w);
      MaskOf<T> const new_is_larger = math::abs(y_new[d]) > math::abs(y[d]);
      T const share = through_weight * math::sign(select(new_is_larger, y_new[d], y[d]));
      y_new_bar[d] += select(new_is_larger, share, T(0.0));
      y_bar[d] += select(new_is_larger, T(0.0), share);
    }
  }

  /// RMS of x_d / w_d with w_d = atol + rtol |y_d|: the norm of the initial-step rule.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S weighted_rms(StepControl const& control, State const& x,
                                                      State const& y) const {
    S sum(0.0);
    for (int d = 0; d < N; ++d) {
      S const scaled = S(x[d]) / weight(control, y[d], y[d]);
      sum = math::fma(scaled, scaled, sum);
    }
    return math::sqrt(sum / S(static_cast<double>(N)));
  }
  /// Reverse of `weighted_rms` = norm for dL/dnorm = norm_bar, where that is not zero: x_bar += …, y_bar += … (through
  /// the weights).
  KOKKOS_INLINE_FUNCTION void weighted_rms_vjp(StepControl const& control, S const& norm, S const& norm_bar,
                                               State const& x, State const& y, State& x_bar, State& y_bar) const {
    MaskOf<S> const where = norm_bar != S(0.0);
    for (int d = 0; d < N; ++d) {
      S const w = weight(control, y[d], y[d]);
      S const common = select(where, norm_bar * S(x[d]) / (S(static_cast<double>(N)) * norm * w * w), S(0.0));
      T const through_weight = T(-common * S(x[d]) / w * S(control.relative_tolerance)) * math::sign(y[d]);
      x_bar[d] += T(common);
      y_bar[d] += through_weight;
    }
  }

 private:
  /// factor * sum_j row_j x_j + extra terms, for component d.
  template <class Row, class StageArray, class... Extra>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static T scaled_sum(T const& factor, StageArray const& x, int d,
                                                           Extra const&... extra) {
    constexpr int first = first_nonzero<Row>();
    if constexpr (first == Row::end) {
      return plus(T(0.0), d, extra...);
    } else {
      constexpr double first_coefficient = Row::at(first);  // a constant: devices cannot read the tables of a host
      T sum = T(first_coefficient) * x[static_cast<std::size_t>(first)][d];
      static_for<first + 1, Row::end>([&](auto j) {
        constexpr double coefficient = Row::at(j());
        if constexpr (coefficient != 0.0) sum = math::fma(T(coefficient), x[static_cast<std::size_t>(j())][d], sum);
      });
      return plus_scaled(factor, sum, d, extra...);
    }
  }
  template <class Row>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr int first_nonzero() {
    int j = Row::begin;
    while (j < Row::end && Row::at(j) == 0.0) ++j;
    return j;
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static T plus_scaled(T const& factor, T const& sum, int) { return factor * sum; }
  template <class Extra, class... More>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static T plus_scaled(T const& factor, T const& sum, int d, Extra const& extra,
                                                            More const&... more) {
    return plus(math::fma(factor, sum, value(extra, d)), d, more...);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static T plus(T const& sum, int) { return sum; }
  template <class... More>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static T plus(T const& sum, int d, Scaled<S, State> const& term,
                                                     More const&... more) {
    return plus(math::fma(T(term.factor), term.x[d], sum), d, more...);
  }
  template <class... More>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static T plus(T const& sum, int d, Plain<State> const& term,
                                                     More const&... more) {
    return plus(sum + term.x[d], d, more...);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static T value(Scaled<S, State> const& term, int d) {
    return T(term.factor) * term.x[d];
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static T value(Plain<State> const& term, int d) { return term.x[d]; }

  [[nodiscard]] KOKKOS_INLINE_FUNCTION static S weight(StepControl const& control, T const& y, T const& y_new) {
    return S(control.absolute_tolerance) + S(control.relative_tolerance) * S(math::max(math::abs(y), math::abs(y_new)));
  }
  template <class Tab, class StageArray>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static S error_component(int d, S const& h, StageArray const& k) {
    T sum(0.0);
    static_for<0, Tab::stages>([&](auto j) {
      constexpr double coefficient = Tab::b[j()] - Tab::b_hat[j()];
      if constexpr (coefficient != 0.0) sum = math::fma(T(coefficient), k[static_cast<std::size_t>(j())][d], sum);
    });
    return h * S(sum);
  }
};

}  // namespace retrace
