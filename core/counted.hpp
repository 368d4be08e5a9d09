#pragma once

#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstdint>

namespace retrace {

/// A double that counts the floating-point operations made with numbers like it on this thread: additions, products,
/// quotients and square roots as one each, a fused multiply-add as two, an elementary function as `elementary`. Sign
/// changes and comparisons are free. For models of what a templated formula costs; host only.
struct Counted {
  /// About what a polynomial of degree 10 to 13 with its reduction of the argument takes (core/elementary.hpp).
  static constexpr std::int64_t elementary = 30;
  inline static thread_local std::int64_t operations = 0;

  double value = 0.0;

  Counted() = default;
  Counted(double v) : value(v) {}  // NOLINT(google-explicit-constructor): constants mix in

  friend Counted operator+(Counted a, Counted b) { return made(a.value + b.value, 1); }
  friend Counted operator-(Counted a, Counted b) { return made(a.value - b.value, 1); }
  friend Counted operator*(Counted a, Counted b) { return made(a.value * b.value, 1); }
  friend Counted operator/(Counted a, Counted b) { return made(a.value / b.value, 1); }
  friend Counted operator-(Counted a) { return {-a.value}; }
  Counted& operator+=(Counted b) { return *this = *this + b; }
  Counted& operator-=(Counted b) { return *this = *this - b; }
  Counted& operator*=(Counted b) { return *this = *this * b; }
  Counted& operator/=(Counted b) { return *this = *this / b; }
  friend bool operator<(Counted a, Counted b) { return a.value < b.value; }
  friend bool operator>(Counted a, Counted b) { return a.value > b.value; }
  friend bool operator<=(Counted a, Counted b) { return a.value <= b.value; }
  friend bool operator>=(Counted a, Counted b) { return a.value >= b.value; }
  friend bool operator==(Counted a, Counted b) { return a.value == b.value; }

  friend Counted sqrt(Counted x) { return made(std::sqrt(x.value), 1); }
  friend Counted exp(Counted x) { return made(std::exp(x.value), elementary); }
  friend Counted log(Counted x) { return made(std::log(x.value), elementary); }
  friend Counted sin(Counted x) { return made(std::sin(x.value), elementary); }
  friend Counted cos(Counted x) { return made(std::cos(x.value), elementary); }
  friend Counted tanh(Counted x) { return made(std::tanh(x.value), elementary); }
  friend Counted pow(Counted x, double e) { return made(std::pow(x.value, e), 2 * elementary); }
  friend Counted abs(Counted x) { return {std::abs(x.value)}; }

 private:
  static Counted made(double value, std::int64_t count) {
    operations += count;
    return {value};
  }
};

namespace math {
[[nodiscard]] inline Counted fma(Counted a, Counted b, Counted c) {
  return a * b + c;
}
}  // namespace math

}  // namespace retrace
