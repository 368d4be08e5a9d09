#pragma once

#include "core/elementary.hpp"

#include <Kokkos_Core.hpp>

#include <type_traits>

namespace retrace {

/// Forward-mode dual number: a value and `N` directional derivatives (tangents) that every operation carries along by
/// the chain rule; Griewank & Walther (2008), Ch. 3. Exact up to the rounding of each operation. Comparisons look at
/// the value only, so a program in duals takes the branches of the same program in `T` and differentiates the path
/// taken.
template <class T, int N>
struct Dual {
  T value{};
  T tangent[N]{};

  Dual() = default;
  /// A constant: all tangents zero.
  template <class U>
  requires(std::is_arithmetic_v<U> || std::is_same_v<U, T>) KOKKOS_INLINE_FUNCTION
      constexpr Dual(U v)  // NOLINT(google-explicit-constructor): constants mix in
      : value(static_cast<T>(v)) {}
  /// Rounds or widens value and tangents.
  template <class U>
  requires(std::is_arithmetic_v<U>&& std::is_arithmetic_v<T> && !std::is_same_v<T, U>) KOKKOS_INLINE_FUNCTION
      constexpr explicit Dual(Dual<U, N> const& other)
      : value(static_cast<T>(other.value)) {
    for (int i = 0; i < N; ++i) tangent[i] = static_cast<T>(other.tangent[i]);
  }
  /// The variable number `direction`: its own tangent is one.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr Dual variable(T v, int direction) {
    Dual x(v);
    x.tangent[direction] = T(1);
    return x;
  }

  KOKKOS_INLINE_FUNCTION constexpr Dual& operator+=(Dual const& b) {
    value += b.value;
    for (int i = 0; i < N; ++i) tangent[i] += b.tangent[i];
    return *this;
  }
  KOKKOS_INLINE_FUNCTION constexpr Dual& operator-=(Dual const& b) {
    value -= b.value;
    for (int i = 0; i < N; ++i) tangent[i] -= b.tangent[i];
    return *this;
  }
  KOKKOS_INLINE_FUNCTION constexpr Dual& operator*=(Dual const& b) { return *this = *this * b; }
  KOKKOS_INLINE_FUNCTION constexpr Dual& operator/=(Dual const& b) { return *this = *this / b; }

  KOKKOS_INLINE_FUNCTION friend constexpr Dual operator+(Dual a, Dual const& b) { return a += b; }
  KOKKOS_INLINE_FUNCTION friend constexpr Dual operator-(Dual a, Dual const& b) { return a -= b; }
  KOKKOS_INLINE_FUNCTION friend constexpr Dual operator-(Dual a) { return chain(a, -a.value, T(-1)); }
  KOKKOS_INLINE_FUNCTION friend constexpr Dual operator*(Dual const& a, Dual const& b) {
    Dual c(a.value * b.value);
    for (int i = 0; i < N; ++i) c.tangent[i] = a.tangent[i] * b.value + a.value * b.tangent[i];
    return c;
  }
  KOKKOS_INLINE_FUNCTION friend constexpr Dual operator/(Dual const& a, Dual const& b) {
    Dual c(a.value / b.value);
    for (int i = 0; i < N; ++i) c.tangent[i] = (a.tangent[i] - c.value * b.tangent[i]) / b.value;
    return c;
  }

  KOKKOS_INLINE_FUNCTION friend constexpr bool operator<(Dual const& a, Dual const& b) { return a.value < b.value; }
  KOKKOS_INLINE_FUNCTION friend constexpr bool operator>(Dual const& a, Dual const& b) { return a.value > b.value; }
  KOKKOS_INLINE_FUNCTION friend constexpr bool operator<=(Dual const& a, Dual const& b) { return a.value <= b.value; }
  KOKKOS_INLINE_FUNCTION friend constexpr bool operator>=(Dual const& a, Dual const& b) { return a.value >= b.value; }
  KOKKOS_INLINE_FUNCTION friend constexpr bool operator==(Dual const& a, Dual const& b) { return a.value == b.value; }

  // The functions of the value are those that the plain program calls: the value keeps the plain program's bits.
  KOKKOS_INLINE_FUNCTION friend Dual sqrt(Dual const& x) {
    using math::sqrt;
    T const root = sqrt(x.value);
    return chain(x, root, T(0.5) / root);
  }
  KOKKOS_INLINE_FUNCTION friend Dual exp(Dual const& x) {
    using math::exp;
    T const e = exp(x.value);
    return chain(x, e, e);
  }
  KOKKOS_INLINE_FUNCTION friend Dual log(Dual const& x) {
    using math::log;
    return chain(x, log(x.value), T(1) / x.value);
  }
  KOKKOS_INLINE_FUNCTION friend Dual sin(Dual const& x) {
    using math::cos, math::sin;
    return chain(x, sin(x.value), cos(x.value));
  }
  KOKKOS_INLINE_FUNCTION friend Dual cos(Dual const& x) {
    using math::cos, math::sin;
    return chain(x, cos(x.value), -sin(x.value));
  }
  KOKKOS_INLINE_FUNCTION friend Dual tanh(Dual const& x) {
    using math::tanh;
    T const th = tanh(x.value);
    return chain(x, th, T(1) - th * th);
  }
  KOKKOS_INLINE_FUNCTION friend Dual pow(Dual const& x, double exponent) {
    using math::pow;
    T const power = pow(x.value, exponent);
    return chain(x, power, T(exponent) * power / x.value);
  }
  KOKKOS_INLINE_FUNCTION friend Dual abs(Dual const& x) {
    using math::abs;
    return chain(x, abs(x.value), x.value < T(0) ? T(-1) : (x.value > T(0) ? T(1) : T(0)));
  }

 private:
  /// f(x) with the scalar derivative f'(x).
  KOKKOS_INLINE_FUNCTION static constexpr Dual chain(Dual const& x, T f, T derivative) {
    Dual y(f);
    for (int i = 0; i < N; ++i) y.tangent[i] = derivative * x.tangent[i];
    return y;
  }
};

namespace math {
/// a b + c with the value that plain numbers have.
template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr Dual<T, N> fma(Dual<T, N> const& a, Dual<T, N> const& b,
                                                              Dual<T, N> const& c) {
  Dual<T, N> d(fma(a.value, b.value, c.value));
  for (int i = 0; i < N; ++i) d.tangent[i] = a.tangent[i] * b.value + a.value * b.tangent[i] + c.tangent[i];
  return d;
}
}  // namespace math

template <class T>
struct is_dual : std::false_type {};
template <class T, int N>
struct is_dual<Dual<T, N>> : std::true_type {};

/// The plain number inside: what decides branches, messages and records.
KOKKOS_INLINE_FUNCTION constexpr double value_of(double x) {
  return x;
}
KOKKOS_INLINE_FUNCTION constexpr double value_of(float x) {
  return static_cast<double>(x);
}
template <class T, int N>
KOKKOS_INLINE_FUNCTION constexpr double value_of(Dual<T, N> const& x) {
  return value_of(x.value);
}

/// x as a constant: of a dual number, without its tangents.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr S detached(S const& x) {
  return x;
}
template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr Dual<T, N> detached(Dual<T, N> const& x) {
  return Dual<T, N>(x.value);
}

}  // namespace retrace
