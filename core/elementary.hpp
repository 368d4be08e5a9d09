#pragma once

#include "core/elementary_parts.hpp"
#include "core/lanes.hpp"
#include "core/pack.hpp"

#include <Kokkos_Core.hpp>

#include <concepts>
#include <type_traits>

/// exp, log, pow, sin, cos and tanh, written once for a plain number and for a pack, on host and device (packs on the
/// host only, and not under nvcc). Every lane has exactly the bits that the plain number has, and no bit depends on the
/// mathematical library of the machine (sin and cos of huge arguments excepted). Without a fused multiply-add
/// (`math::fma` in core/pack.hpp) bits differ, bounds hold; a device compiler that contracts may differ from the host.
///
/// Largest errors met in units in the last place, in some 4 million arguments each against libquadmath, double and
/// float:
///   exp 1.06 1.03    log 0.82 0.81    sin 1.46 1.52    cos 1.47 1.47    tanh 1.19 1.22    pow 1.24 1.24
namespace retrace::math {

template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T sqrt(T x) {
  return Kokkos::sqrt(x);
}
template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T abs(T x) {
  return Kokkos::abs(x);
}

/// e^x; infinite or zero outside the range, subnormal results rounded once.
template <RealLanes S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S exp(S const& x) {
  if constexpr (detail::is_wide<S>) {
    return detail::by_halves(x, [](auto const& half) { return exp(half); });
  } else {
    using Range = detail::ExpRange<detail::Element<S>>;
    S const lowest(Range::lowest), highest(Range::highest);
    S const within = select(x < lowest, lowest, select(x > highest, highest, x));
    return detail::unless_nan(x, detail::exp_of_two(detail::Two<S>{within, S(0)}));
  }
}

/// Natural logarithm; -infinity at zero, NaN for negative numbers. fdlibm, e_log.c, without its branches.
template <RealLanes S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S log(S const& x) {
  if constexpr (detail::is_wide<S>) {
    return detail::by_halves(x, [](auto const& half) { return log(half); });
  } else {
    using T = detail::Element<S>;
    using F = detail::Format<T>;
    auto const [exponent, m] = detail::scaled(x);
    S const f = m - S(1), s = f / (m + S(1)), z = s * s;
    S const rest = z * detail::polynomial<detail::LogTable<T>>(z), half_square = S(T(0.5)) * f * f;
    S const low = fma(s, half_square + rest, exponent * S(detail::Ln2<T>::low));
    S const y = fma(exponent, S(detail::Ln2<T>::high), f - (half_square - low));

    typename LaneTraits<S>::Mask const special = !((x > S(0)) & (x <= S(T(F::largest))));
    if (!any(special)) return y;
    S const other = select(x == S(0), S(T(-F::infinity)), select(x > S(0), x, S(T(F::nan))));
    return detail::unless_nan(x, select(special, other, y));
  }
}

/// x^exponent = e^(exponent log x) for x >= 0, and as in C for zero, infinity and exponent zero. A negative x gives NaN
/// even if the exponent is an integer. The exponent is rounded to the type of x.
template <RealLanes S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S pow(S const& x, double exponent) {
  if constexpr (detail::is_wide<S>) {
    return detail::by_halves(x, [=](auto const& half) { return pow(half, exponent); });
  } else {
    using T = detail::Element<S>;
    using F = detail::Format<T>;
    using Range = detail::ExpRange<T>;
    // Number next to one to this exponent is out of range already; larger ones would overflow on the way.
    constexpr T largest = T(1ULL << (F::stored_digits)) * T(1 << 12);
    T e = static_cast<T>(exponent);
    e = e > largest ? largest : (e < -largest ? -largest : e);
    if (e == T(0)) return S(1);

    detail::Two<S> const l = detail::log_in_two(x);
    detail::Two<S> product = detail::exact_product(l.hi, S(e));
    product.lo = fma(l.lo, S(e), product.lo);
    auto const too_low = product.hi<S(Range::lowest), too_high = product.hi> S(Range::highest);
    product.hi = select(too_low, S(Range::lowest), select(too_high, S(Range::highest), product.hi));
    S const y = detail::exp_of_two(product);

    typename LaneTraits<S>::Mask const special = !((x > S(0)) & (x <= S(T(F::largest))));
    if (!any(special)) return y;
    S const at_zero(e > T(0) ? T(0) : T(F::infinity)), at_infinity(e > T(0) ? T(F::infinity) : T(0));
    S const other = select(x == S(0), at_zero, select(x > S(0), at_infinity, S(T(F::nan))));
    return detail::unless_nan(x, select(special, other, y));
  }
}

/// Up to |x| = `HalfPi::reduced_up_to` (1e9, float 1e4); lanes beyond go to the library, one by one.
template <RealLanes S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S sin(S const& x) {
  if constexpr (detail::is_wide<S>) {
    return detail::by_halves(x, [](auto const& half) { return sin(half); });
  } else {
    using T = detail::Element<S>;
    S const magnitude = abs(x);
    S y = detail::flip_sign(detail::sin_of_magnitude<0>(magnitude), detail::sign_bits(x));
    y = detail::unless_nan(x, y);
    constexpr T limit = detail::HalfPi<T>::reduced_up_to;
    if (any(magnitude > S(limit)))
      for (int l = 0; l < LaneTraits<S>::width; ++l)
        if (lane(magnitude, l) > limit) set_lane(y, l, Kokkos::sin(lane(x, l)));
    return y;
  }
}

template <RealLanes S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S cos(S const& x) {
  if constexpr (detail::is_wide<S>) {
    return detail::by_halves(x, [](auto const& half) { return cos(half); });
  } else {
    using T = detail::Element<S>;
    S const magnitude = abs(x);
    S y = detail::unless_nan(x, detail::sin_of_magnitude<1>(magnitude));
    constexpr T limit = detail::HalfPi<T>::reduced_up_to;
    if (any(magnitude > S(limit)))
      for (int l = 0; l < LaneTraits<S>::width; ++l)
        if (lane(magnitude, l) > limit) set_lane(y, l, Kokkos::cos(lane(x, l)));
    return y;
  }
}

/// Odd; monotone (every float, and 3e8 doubles in runs of neighbours); exactly ±1 where that is the nearest number.
/// Cephes, tanh.c, its two cases sharing one division: a rational function near zero, elsewhere 1 - 2/(e^(2x) + 1).
template <RealLanes S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S tanh(S const& x) {
  if constexpr (detail::is_wide<S>) {
    return detail::by_halves(x, [](auto const& half) { return tanh(half); });
  } else {
    using T = detail::Element<S>;
    constexpr T saturated = std::is_same_v<T, double> ? T(20) : T(10);
    S const magnitude = select(abs(x) > S(saturated), S(saturated), abs(x));
    auto const small = magnitude < S(T(0.625));

    S const z = magnitude * magnitude;
    S const numerator = z * magnitude * detail::polynomial<detail::TanhNumerator<T>>(z);
    detail::ReducedExp<S> const e = detail::reduced_exp(detail::Two<S>{magnitude + magnitude, S(0)});
    S const scale = detail::power_of_two<S>(e.bits), exp_plus_one = fma(scale, e.excess, scale + S(1));
    S const quotient = select(small, numerator, S(-2)) /
                       select(small, detail::polynomial<detail::TanhDenominator<T>>(z), exp_plus_one);
    S const y = select(small, magnitude, S(1)) + quotient;
    return detail::unless_nan(x, detail::flip_sign(y, detail::sign_bits(x)));
  }
}

}  // namespace retrace::math
