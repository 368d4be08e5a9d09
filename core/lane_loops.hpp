#pragma once

#include "core/lanes.hpp"

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <type_traits>

/// Loops over arrays in memory that take several numbers at a time. An element's bits do not depend on whether it is
/// met in a pack or alone at the end (see core/pack.hpp), so an elementwise loop may be cut anywhere. Host only.
namespace retrace {

/// Numbers that such a loop takes at a time: a cache line of floats or doubles; other scalars go one by one.
#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP)
template <class T>
inline constexpr int loop_lanes = 1;  // the compilers of devices read vector extensions differently
#else
template <class T>
inline constexpr int loop_lanes = std::is_floating_point_v<T> ? 64 / static_cast<int>(sizeof(T)) : 1;
#endif

template <int W>
using Width = std::integral_constant<int, W>;

/// `W` numbers that lie side by side at `from`.
template <int W, class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Lanes<T, W> load_lanes(T const* from) {
  if constexpr (W == 1)
    return *from;
  else
    return Pack<T, W>::load(from);
}
template <class T>
KOKKOS_FORCEINLINE_FUNCTION void store_lanes(T const& x, std::type_identity_t<T>* to) {
  *to = x;
}
template <class T, int W>
KOKKOS_FORCEINLINE_FUNCTION void store_lanes(Pack<T, W> const& x, T* to) {
  x.store(to);
}

/// Calls body(Width<W>{}, i) for whole packs from `first` on, then body(Width<1>{}, i) for what is left before `last`.
template <int W, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_lanes(std::int64_t first, std::int64_t last, Body const& body) {
  std::int64_t i = first;
  if constexpr (W > 1)
    for (; i + W <= last; i += W) body(Width<W>{}, i);
  for (; i < last; ++i) body(Width<1>{}, i);
}

/// As `for_lanes`, adding up what body(width, i) returns (a number, or one per lane): lane l of the packs has a sum of
/// its own, these are added in order of l, then the rest one by one. The order depends on the loop's bounds and on `W`,
/// on nothing else.
template <int W, class S, class Body>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION S sum_of_lanes(std::int64_t first, std::int64_t last, Body const& body) {
  std::int64_t i = first;
  S sum(0.0);
  if constexpr (W > 1) {
    Lanes<S, W> sums(0.0);
    for (; i + W <= last; i += W) sums += body(Width<W>{}, i);
    for (int l = 0; l < W; ++l) sum += lane(sums, l);
  }
  for (; i < last; ++i) sum += body(Width<1>{}, i);
  return sum;
}

}  // namespace retrace
