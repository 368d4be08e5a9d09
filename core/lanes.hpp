#pragma once

#include "core/pack.hpp"

#include <Kokkos_Core.hpp>

#include <concepts>
#include <type_traits>

/// One spelling for plain numbers and packs, so that an algorithm is written once: a plain number is one lane, and its
/// mask a `bool`. Branches become `select`; `any` and `all` decide what a whole pack may skip.
namespace retrace {

template <class T, int N>
struct Dual;

/// `Value`: the plain number in a lane. `Mask`: what a comparison of two `S` gives. `Integer`: the signed integers as
/// large as the numbers. `width`: lanes. A scalar that this does not know, is one lane without integers.
template <class S>
struct LaneTraits {
  using Mask = bool;
  static constexpr int width = 1;
};
template <class S>
requires(std::is_arithmetic_v<S> && (sizeof(S) == 4 || sizeof(S) == 8)) struct LaneTraits<S> {
  using Value = S;
  using Mask = bool;
  using Integer = SignedOf<S>;
  static constexpr int width = 1;
};
template <class T, int W>
struct LaneTraits<Pack<T, W>> {
  using Value = T;
  using Mask = typename Pack<T, W>::Mask;
  using Integer = Pack<SignedOf<T>, W>;
  static constexpr int width = W;
};
template <class T, int N>
struct LaneTraits<Dual<T, N>> : LaneTraits<T> {
  static_assert(LaneTraits<T>::width == 1, "a dual number of packs has no comparisons");
};

template <class S>
using ValueOf = typename LaneTraits<S>::Value;
template <class S>
using MaskOf = typename LaneTraits<S>::Mask;
/// A counter per lane.
template <class S>
using CountOf = typename LaneTraits<S>::Integer;

namespace detail {
template <class Number, int W>
struct LanesOf {
  using type = Pack<Number, W>;
};
template <class Number>
struct LanesOf<Number, 1> {
  using type = Number;
};
}  // namespace detail
/// `W` numbers side by side; one is itself.
template <class Number, int W>
using Lanes = typename detail::LanesOf<Number, W>::type;

template <std::same_as<bool> B>  // exactly bool: a number is no mask
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr bool any(B mask) {
  return mask;
}
template <std::same_as<bool> B>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr bool all(B mask) {
  return mask;
}

/// a if `mask`, else b.
template <std::same_as<bool> B, class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr S select(B mask, S const& a, S const& b) {
  return mask ? a : b;
}

/// The unit round-off u of the numbers in `S`.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr double round_off() {
  return 0.5 * static_cast<double>(Kokkos::Experimental::epsilon_v<ValueOf<S>>);
}

/// 1 where `mask`, else 0: what a counter of type `Count` goes up by.
template <class Count, std::same_as<bool> B>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr Count one_where(B mask) {
  return mask ? Count(1) : Count(0);
}
template <class Count, class I, int W>
[[nodiscard]] Count one_where(PackMask<I, W> mask) {
  return select(mask, Count(1), Count(0));
}

/// The bits of a plain number read as another type of the same size.
template <class To, class From>
requires(std::is_arithmetic_v<To>&& std::is_arithmetic_v<From> && sizeof(To) == sizeof(From))
    [[nodiscard]] KOKKOS_INLINE_FUNCTION To bit_cast(From const& from) {
  return Kokkos::bit_cast<To>(from);
}

/// Lane `l` of a number or of a mask; what has one lane is that lane.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr S const& lane(S const& x, int /*l*/) {
  return x;
}
template <class T, int W>
[[nodiscard]] T lane(Pack<T, W> const& x, int l) {
  return x[l];
}
template <class I, int W>
[[nodiscard]] bool lane(PackMask<I, W> const& x, int l) {
  return x[l];
}

/// Replaces lane `l`.
template <class S>
KOKKOS_INLINE_FUNCTION constexpr void set_lane(S& x, int /*l*/, std::type_identity_t<S> const& value) {
  x = value;
}
template <class T, int W>
void set_lane(Pack<T, W>& x, int l, std::type_identity_t<T> value) {
  x.set(l, value);
}
template <class I, int W>
void set_lane(PackMask<I, W>& x, int l, bool value) {
  x.bits[l] = value ? I(-1) : I(0);
}

}  // namespace retrace
