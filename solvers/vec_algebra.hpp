#pragma once

#include "core/math.hpp"
#include "core/vec.hpp"
#include "solvers/step_control.hpp"
#include "solvers/tableau.hpp"

#include <Kokkos_Core.hpp>

namespace retrace {

/// What the error norm of the continuous adjoint makes of (y, lambda, mu): one norm of all components (`full`), of all
/// but mu (`seminorm`), or the largest of the norms of y, of lambda and of mu (`blocks`).
enum class AdjointNorm { full, seminorm, blocks };

/// The larger of two norms; one that is not finite is larger than what is.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S larger_norm(S const& a, S const& b) {
  MaskOf<S> const larger = MaskOf<S>(b > a) | !math::is_finite(b);
  return select(larger, b, a);
}

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
/// happens. Norms are over the first `Counted` components; with a `Block` the error norm is the largest of those of the
/// first `Block` components, of the next `Block` and of the rest. FieldAlgebra has the same operations for one large
/// distributed state.
template <class T, class S, int N, int Counted = N, int Block = 0>
struct VecAlgebra {
  using Scalar = T;
  using Time = S;
  using State = Vec<T, N>;
  using Stages = Kokkos::Array<State, max_stages>;

  [[nodiscard]] KOKKOS_INLINE_FUNCTION State make_state(char const* /*label*/) const { return {}; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Stages make_stages(char const* /*label*/, int /*count*/) const { return {}; }
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

  /// out = scale * sum_j row_j x_j + sum of `extra` terms. Coefficients that are zero are left out.
  template <class... Extra>
  KOKKOS_INLINE_FUNCTION void combine(State& out, CoefficientRow const& row, S const& scale, Stages const& x,
                                      Extra const&... extra) const {
    int first = row.begin;
    while (first < row.end && row.at(first) == 0.0) ++first;
    T const factor = T(scale);
    each_tile([&]<int Begin, int Size>() {
      if (first == row.end) {
        for (int d = Begin; d < Begin + Size; ++d) out[d] = plus(T(0.0), d, extra...);
        return;
      }
      Vec<T, Size> sum;
      auto const coefficient = static_cast<T>(row.at(first));
      for (int d = 0; d < Size; ++d) sum[d] = coefficient * x[static_cast<std::size_t>(first)][Begin + d];
      add_terms<Begin>(sum, row, first + 1, x);
      for (int d = 0; d < Size; ++d) out[Begin + d] = plus_scaled(factor, sum[d], Begin + d, extra...);
    });
  }
  /// out += sum of the first `count` of x.
  KOKKOS_INLINE_FUNCTION void add_stages(State& out, int count, Stages const& x) const {
    double const one = 1.0;
    combine(out, {&one, 0, count, 0}, S(1.0), x, Plain{out});
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

  /// E of HNW II.4.11: RMS (or maximum) of e_d / w_d with e = h sum_j (b_j - b_hat_j) k_j,
  /// w_d = atol + rtol max(|y_d|, |y_new_d|).
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S error_norm(Tableau const& tab, StepControl const& control, State const& y,
                                                    State const& y_new, S const& h, Stages const& k) const {
    State const estimate = unscaled_error(tab, k);
    if (control.norm == ErrorNorm::max) return largest_error(control, y, y_new, h, estimate).norm;
    if constexpr (Block == 0) {
      return rms_error<0, Counted>(control, y, y_new, h, estimate);
    } else {
      S const both = larger_norm(rms_error<0, Block>(control, y, y_new, h, estimate),
                                 rms_error<Block, 2 * Block>(control, y, y_new, h, estimate));
      if constexpr (Counted == 2 * Block)
        return both;
      else
        return larger_norm(both, rms_error<2 * Block, Counted>(control, y, y_new, h, estimate));
    }
  }

  /// y_new = y + h sum_j b_j k_j, and then `error_norm`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S update_and_error_norm(Tableau const& tab, StepControl const& control,
                                                               State const& y, State& y_new, S const& h,
                                                               Stages const& k) const {
    combine(y_new, tab.weight_row(), h, k, Plain{y});
    return error_norm(tab, control, y, y_new, h, k);
  }

  /// Reverse of `error_norm` for dL/dE = e_norm_bar, where that is not zero: e_bar = dL/de (zero elsewhere), and the
  /// part through the weights is added to whichever of y_bar, y_new_bar attained the maximum.
  KOKKOS_INLINE_FUNCTION void error_norm_vjp(Tableau const& tab, StepControl const& control, S const& e_norm,
                                             S const& e_norm_bar, State const& y, State const& y_new, S const& h,
                                             Stages const& k, State& e_bar, State& y_bar, State& y_new_bar) const {
    static_assert(Counted == N && Block == 0, "nobody differentiates through the norms of the continuous adjoint");
    MaskOf<S> const where = e_norm_bar != S(0.0);
    State const estimate = unscaled_error(tab, k);
    bool const is_max = control.norm == ErrorNorm::max;
    CountOf<S> const attained = is_max ? largest_error(control, y, y_new, h, estimate).component : CountOf<S>(0);
    for (int d = 0; d < Counted; ++d) {
      S const w = weight(control, y[d], y_new[d]), e = h * S(estimate[d]);
      // E dE/de = e / (n w^2) of the RMS, e / w^2 of the component that is the maximum.
      MaskOf<S> const counts = is_max ? MaskOf<S>(attained == CountOf<S>(d)) : MaskOf<S>(true);
      S const entries = S(is_max ? 1.0 : static_cast<double>(Counted));
      S const common = select(MaskOf<S>(where & counts), e_norm_bar * e / (entries * e_norm * w * w), S(0.0));
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
    for (int d = 0; d < Counted; ++d) {
      S const scaled = S(x[d]) / weight(control, y[d], y[d]);
      sum = math::fma(scaled, scaled, sum);
    }
    return math::sqrt(sum / S(static_cast<double>(Counted)));
  }
  /// Reverse of `weighted_rms` = norm for dL/dnorm = norm_bar, where that is not zero: x_bar += …, y_bar += … (through
  /// the weights).
  KOKKOS_INLINE_FUNCTION void weighted_rms_vjp(StepControl const& control, S const& norm, S const& norm_bar,
                                               State const& x, State const& y, State& x_bar, State& y_bar) const {
    MaskOf<S> const where = norm_bar != S(0.0);
    for (int d = 0; d < Counted; ++d) {
      S const w = weight(control, y[d], y[d]);
      S const common = select(where, norm_bar * S(x[d]) / (S(static_cast<double>(Counted)) * norm * w * w), S(0.0));
      T const through_weight = T(-common * S(x[d]) / w * S(control.relative_tolerance)) * math::sign(y[d]);
      x_bar[d] += T(common);
      y_bar[d] += through_weight;
    }
  }

 private:
  /// Components whose sums stay in registers while a row is gone through.
  static constexpr int tile = 9;
  /// body<Begin, Size>() for consecutive runs of at most `tile` components.
  template <int Begin = 0, class Body>
  KOKKOS_INLINE_FUNCTION static void each_tile(Body const& body) {
    constexpr int size = N - Begin < tile ? N - Begin : tile;
    body.template operator()<Begin, size>();
    if constexpr (Begin + size < N) each_tile<Begin + size>(body);
  }
  /// sum += sum_j row_j x_j from index `j` on, for the components from `Begin` on.
  template <int Begin, int Size>
  KOKKOS_INLINE_FUNCTION static void add_terms(Vec<T, Size>& sum, CoefficientRow const& row, int j, Stages const& x) {
    for (; j < row.end; ++j) {
      if (row.at(j) == 0.0) continue;
      auto const coefficient = static_cast<T>(row.at(j));
      for (int d = 0; d < Size; ++d) sum[d] = math::fma(coefficient, x[static_cast<std::size_t>(j)][Begin + d], sum[d]);
    }
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
  /// RMS of e_d / w_d over the components from `Begin` to `End`.
  template <int Begin, int End>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static S rms_error(StepControl const& control, State const& y,
                                                          State const& y_new, S const& h, State const& estimate) {
    S sum(0.0);
    for (int d = Begin; d < End; ++d) {
      S const scaled = h * S(estimate[d]) / weight(control, y[d], y_new[d]);
      sum = math::fma(scaled, scaled, sum);
    }
    return math::sqrt(sum / S(static_cast<double>(End - Begin)));
  }
  /// max_d |e_d / w_d|, and the first component that attains it. What is not finite is larger than what is.
  struct Largest {
    S norm;
    CountOf<S> component;
  };
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static Largest largest_error(StepControl const& control, State const& y,
                                                                    State const& y_new, S const& h,
                                                                    State const& estimate) {
    Largest largest{S(0.0), CountOf<S>(0)};
    for (int d = 0; d < Counted; ++d) {
      S const scaled = math::abs(h * S(estimate[d]) / weight(control, y[d], y_new[d]));
      MaskOf<S> const larger = MaskOf<S>(scaled > largest.norm) | !math::is_finite(scaled);
      largest.norm = select(larger, scaled, largest.norm);
      largest.component = select(larger, CountOf<S>(d), largest.component);
    }
    return largest;
  }
  /// sum_j (b_j - b_hat_j) k_j: the error estimate without its factor h.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static State unscaled_error(Tableau const& tab, Stages const& k) {
    State all;
    each_tile([&]<int Begin, int Size>() {
      auto sum = Vec<T, Size>::filled(T(0.0));
      add_terms<Begin>(sum, tab.error_row(), 0, k);
      for (int d = 0; d < Size; ++d) all[Begin + d] = sum[d];
    });
    return all;
  }
};

}  // namespace retrace
