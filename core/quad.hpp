#pragma once

#include <string>
#include <type_traits>

/// Quadruple precision needs GCC's libquadmath, and a compiler that knows its type (nvcc's device passes do not).
#if defined(__SIZEOF_FLOAT128__) && __has_include(<quadmath.h>) && !defined(__CUDACC__)
#define RETRACE_HAS_QUAD

#include <quadmath.h>

namespace retrace {

/// A number of 113 significant bits (some 34 digits) with the elementary functions of libquadmath, for references; on
/// the host only, some fifty times slower than a double. Its `fma` rounds twice.
struct Quad {
  __extension__ typedef __float128 Value;
  Value value{};

  Quad() = default;
  template <class U>
  requires(std::is_arithmetic_v<U>) constexpr Quad(U x)  // NOLINT(google-explicit-constructor): constants mix in
      : value(static_cast<Value>(x)) {}
  [[nodiscard]] static constexpr Quad of(Value x) {
    Quad q;
    q.value = x;
    return q;
  }
  template <class U>
  requires(std::is_arithmetic_v<U>) constexpr explicit operator U() const { return static_cast<U>(value); }

  constexpr Quad& operator+=(Quad const& b) { return *this = of(value + b.value); }
  constexpr Quad& operator-=(Quad const& b) { return *this = of(value - b.value); }
  constexpr Quad& operator*=(Quad const& b) { return *this = of(value * b.value); }
  constexpr Quad& operator/=(Quad const& b) { return *this = of(value / b.value); }
  friend constexpr Quad operator+(Quad const& a, Quad const& b) { return of(a.value + b.value); }
  friend constexpr Quad operator-(Quad const& a, Quad const& b) { return of(a.value - b.value); }
  friend constexpr Quad operator*(Quad const& a, Quad const& b) { return of(a.value * b.value); }
  friend constexpr Quad operator/(Quad const& a, Quad const& b) { return of(a.value / b.value); }
  friend constexpr Quad operator-(Quad const& a) { return of(-a.value); }
  friend constexpr bool operator==(Quad const& a, Quad const& b) { return a.value == b.value; }
  friend constexpr bool operator<(Quad const& a, Quad const& b) { return a.value < b.value; }
  friend constexpr bool operator>(Quad const& a, Quad const& b) { return a.value > b.value; }
  friend constexpr bool operator<=(Quad const& a, Quad const& b) { return a.value <= b.value; }
  friend constexpr bool operator>=(Quad const& a, Quad const& b) { return a.value >= b.value; }

  friend Quad sqrt(Quad const& x) { return of(sqrtq(x.value)); }
  friend Quad exp(Quad const& x) { return of(expq(x.value)); }
  friend Quad log(Quad const& x) { return of(logq(x.value)); }
  friend Quad sin(Quad const& x) { return of(sinq(x.value)); }
  friend Quad cos(Quad const& x) { return of(cosq(x.value)); }
  friend Quad tanh(Quad const& x) { return of(tanhq(x.value)); }
  friend Quad abs(Quad const& x) { return of(fabsq(x.value)); }
  friend Quad pow(Quad const& x, double exponent) { return of(powq(x.value, static_cast<Value>(exponent))); }
  friend Quad fma(Quad const& a, Quad const& b, Quad const& c) { return a * b + c; }
};

/// What decides branches and records; infinite beyond the range of a double.
[[nodiscard]] constexpr double value_of(Quad const& x) {
  return static_cast<double>(x);
}

/// All 34 digits.
[[nodiscard]] inline std::string to_text(Quad const& x) {
  char text[64];
  quadmath_snprintf(text, sizeof text, "%.33Qe", x.value);
  return text;
}

}  // namespace retrace

#endif
