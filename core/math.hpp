#pragma once

#include "core/dual.hpp"
#include "core/elementary.hpp"
#include "core/lanes.hpp"
#include "core/pack.hpp"

#include <Kokkos_Core.hpp>

#include <limits>
#include <type_traits>
#include <utility>

/// One spelling of the elementary functions for every scalar, on host and device: numbers and packs as in
/// core/elementary.hpp and core/pack.hpp, other scalars through their own overloads.
namespace retrace::math {

// NOLINTBEGIN(bugprone-macro-parentheses)
#define RETRACE_UNARY_MATH(function)                                      \
  template <class T>                                                      \
  requires(!RealLanes<T>) KOKKOS_INLINE_FUNCTION T function(T const& x) { \
    return retrace_adl::call_##function(x);                               \
  }
// NOLINTEND(bugprone-macro-parentheses)

namespace retrace_adl {
template <class T>
KOKKOS_INLINE_FUNCTION T call_sqrt(T const& x) {
  return sqrt(x);
}
template <class T>
KOKKOS_INLINE_FUNCTION T call_exp(T const& x) {
  return exp(x);
}
template <class T>
KOKKOS_INLINE_FUNCTION T call_log(T const& x) {
  return log(x);
}
template <class T>
KOKKOS_INLINE_FUNCTION T call_sin(T const& x) {
  return sin(x);
}
template <class T>
KOKKOS_INLINE_FUNCTION T call_cos(T const& x) {
  return cos(x);
}
template <class T>
KOKKOS_INLINE_FUNCTION T call_tanh(T const& x) {
  return tanh(x);
}
template <class T>
KOKKOS_INLINE_FUNCTION T call_abs(T const& x) {
  return abs(x);
}
template <class T>
KOKKOS_INLINE_FUNCTION T call_pow(T const& x, double e) {
  return pow(x, e);
}
}  // namespace retrace_adl

RETRACE_UNARY_MATH(sqrt)
RETRACE_UNARY_MATH(exp)
RETRACE_UNARY_MATH(log)
RETRACE_UNARY_MATH(sin)
RETRACE_UNARY_MATH(cos)
RETRACE_UNARY_MATH(tanh)
RETRACE_UNARY_MATH(abs)
#undef RETRACE_UNARY_MATH

template <class T>
requires(!RealLanes<T>) KOKKOS_INLINE_FUNCTION T pow(T const& x, double exponent) {
  return retrace_adl::call_pow(x, exponent);
}

/// Larger and smaller by value, lane by lane; the derivative is that of the branch taken, the first argument on a tie.
template <class T>
KOKKOS_INLINE_FUNCTION T max(T const& a, T const& b) {
  return select(b > a, b, a);
}
template <class T>
KOKKOS_INLINE_FUNCTION T min(T const& a, T const& b) {
  return select(b < a, b, a);
}

/// Is the plain number inside finite? Works without relying on floating-point exceptions; false for NaN and infinity.
template <class T>
requires(!is_pack<T>::value) KOKKOS_INLINE_FUNCTION bool is_finite(T const& x) {
  return Kokkos::isfinite(value_of(x));
}
template <class T, int W>
[[nodiscard]] typename Pack<T, W>::Mask is_finite(Pack<T, W> const& x) {
  return abs(x) <= Pack<T, W>(std::numeric_limits<T>::max());
}

/// -1, 0 or +1: the derivative of |x|, at the kink the symmetric choice (what a central difference gives).
template <class T>
KOKKOS_INLINE_FUNCTION T sign(T const& x) {
  return select(x < T(0.0), T(-1.0), select(x > T(0.0), T(1.0), T(0.0)));
}

}  // namespace retrace::math

namespace retrace {

/// Calls `body(std::integral_constant<int, i>{})` for i = First … Last-1: a loop whose index is a constant, so that
/// zero coefficients of a table cost nothing.
template <int First, int Last, class Body>
KOKKOS_INLINE_FUNCTION constexpr void static_for(Body&& body) {
  if constexpr (First < Last) {
    body(std::integral_constant<int, First>{});
    static_for<First + 1, Last>(body);
  }
}

/// As `static_for`, from Last-1 down to First.
template <int First, int Last, class Body>
KOKKOS_INLINE_FUNCTION constexpr void static_for_reverse(Body&& body) {
  if constexpr (First < Last) {
    body(std::integral_constant<int, Last - 1>{});
    static_for_reverse<First, Last - 1>(body);
  }
}

}  // namespace retrace
