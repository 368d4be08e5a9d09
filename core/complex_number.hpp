#pragma once

#include "core/dual.hpp"
#include "core/lanes.hpp"

#include <cmath>
#include <complex>
#include <type_traits>

namespace retrace {

/// std::complex<double> as a scalar that problems can be evaluated in, for complex-step derivatives: with an imaginary
/// part of 1e-30 in the input, that of an analytic function's value is 1e-30 times its derivative, free of
/// cancellation; Squire & Trapp (1998), Martins et al. (2003). Arithmetic and elementary functions are those of the
/// standard library. What is not analytic goes by the real part: comparisons, and |z| = -z or z. Host only.
struct ComplexNumber {
  std::complex<double> z{};

  ComplexNumber() = default;
  template <class U>
  requires std::is_arithmetic_v<U> ComplexNumber(U x)  // NOLINT(google-explicit-constructor): constants mix in
      : z(static_cast<double>(x)) {}
  explicit ComplexNumber(std::complex<double> value) : z(value) {}

  ComplexNumber& operator+=(ComplexNumber const& b) { return *this = *this + b; }
  ComplexNumber& operator-=(ComplexNumber const& b) { return *this = *this - b; }
  ComplexNumber& operator*=(ComplexNumber const& b) { return *this = *this * b; }
  ComplexNumber& operator/=(ComplexNumber const& b) { return *this = *this / b; }
  friend ComplexNumber operator+(ComplexNumber const& a, ComplexNumber const& b) { return ComplexNumber(a.z + b.z); }
  friend ComplexNumber operator-(ComplexNumber const& a, ComplexNumber const& b) { return ComplexNumber(a.z - b.z); }
  friend ComplexNumber operator*(ComplexNumber const& a, ComplexNumber const& b) { return ComplexNumber(a.z * b.z); }
  friend ComplexNumber operator/(ComplexNumber const& a, ComplexNumber const& b) { return ComplexNumber(a.z / b.z); }
  friend ComplexNumber operator-(ComplexNumber const& a) { return ComplexNumber(-a.z); }

  friend bool operator<(ComplexNumber const& a, ComplexNumber const& b) { return a.z.real() < b.z.real(); }
  friend bool operator>(ComplexNumber const& a, ComplexNumber const& b) { return b < a; }
  friend bool operator<=(ComplexNumber const& a, ComplexNumber const& b) { return a.z.real() <= b.z.real(); }
  friend bool operator>=(ComplexNumber const& a, ComplexNumber const& b) { return b <= a; }
  friend bool operator==(ComplexNumber const& a, ComplexNumber const& b) { return a.z.real() == b.z.real(); }

  friend ComplexNumber sqrt(ComplexNumber const& x) { return ComplexNumber(std::sqrt(x.z)); }
  friend ComplexNumber exp(ComplexNumber const& x) { return ComplexNumber(std::exp(x.z)); }
  friend ComplexNumber log(ComplexNumber const& x) { return ComplexNumber(std::log(x.z)); }
  friend ComplexNumber sin(ComplexNumber const& x) { return ComplexNumber(std::sin(x.z)); }
  friend ComplexNumber cos(ComplexNumber const& x) { return ComplexNumber(std::cos(x.z)); }
  friend ComplexNumber tanh(ComplexNumber const& x) { return ComplexNumber(std::tanh(x.z)); }
  friend ComplexNumber pow(ComplexNumber const& x, double e) { return ComplexNumber(std::pow(x.z, e)); }
  friend ComplexNumber abs(ComplexNumber const& x) { return std::signbit(x.z.real()) ? -x : x; }
};

[[nodiscard]] inline double value_of(ComplexNumber const& x) {
  return x.z.real();
}

namespace math {
[[nodiscard]] inline ComplexNumber fma(ComplexNumber const& a, ComplexNumber const& b, ComplexNumber const& c) {
  return a * b + c;
}
}  // namespace math

/// One lane; counters and masks as of a double.
template <>
struct LaneTraits<ComplexNumber> : LaneTraits<double> {};

}  // namespace retrace
