#pragma once

#include <Kokkos_Core.hpp>

namespace retrace {

/// A small vector of `N` scalars whose length is part of the type; an aggregate, usable on host and device.
template <class T, int N>
struct Vec {
  using value_type = T;
  static constexpr int size = N;

  T data[N > 0 ? N : 1];

  KOKKOS_INLINE_FUNCTION constexpr T& operator[](int i) { return data[i]; }
  KOKKOS_INLINE_FUNCTION constexpr T const& operator[](int i) const { return data[i]; }

  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr Vec filled(T const& value) {
    Vec v{};
    for (int i = 0; i < N; ++i) v.data[i] = value;
    return v;
  }
};

/// The same numbers in another scalar type.
template <class To, class From, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr Vec<To, N> convert(Vec<From, N> const& from) {
  Vec<To, N> to{};
  for (int i = 0; i < N; ++i) to[i] = To(from[i]);
  return to;
}

template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr T dot(Vec<T, N> const& a, Vec<T, N> const& b) {
  T sum(0.0);
  for (int i = 0; i < N; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace retrace
