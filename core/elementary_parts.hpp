#pragma once

#include "core/lanes.hpp"
#include "core/pack.hpp"

#include <Kokkos_Core.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

/// What the functions of core/elementary.hpp are made of: arithmetic in two parts, reductions of the argument, tables
/// of polynomials with their sources.
namespace retrace {

/// What the functions below are defined for: float, double and packs of them.
template <class S>
concept RealLanes = std::same_as<S, float> || std::same_as<S, double> ||
    (is_pack<S>::value&& std::is_floating_point_v<typename S::value_type>);

namespace math {

namespace detail {

template <class S>
struct ElementOf {
  using type = S;
};
template <class T, int W>
struct ElementOf<Pack<T, W>> {
  using type = T;
};
template <class S>
using Element = typename ElementOf<S>::type;
template <class S>
using Bits = std::make_unsigned_t<SignedOf<Element<S>>>;

/// hi + lo, the second below the last place of the first.
template <class S>
struct Two {
  S hi, lo;
};

/// a b without error (barring underflow): by a fused multiply-add, or without one by Dekker (1971), Numer. Math. 18.
template <RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Two<S> exact_product(S const& a, S const& b) {
  S const hi = a * b;
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return {hi, fma(a, b, -hi)};
#else
  constexpr auto half_width = Element<S>(std::int64_t{1} << (std::numeric_limits<Element<S>>::digits + 1) / 2) + 1;
  S const a_wide = S(half_width) * a, b_wide = S(half_width) * b;
  S const a1 = a_wide - (a_wide - a), a2 = a - a1, b1 = b_wide - (b_wide - b), b2 = b - b1;
  return {hi, ((a1 * b1 - hi) + a1 * b2 + a2 * b1) + a2 * b2};
#endif
}

/// c - a b, where the product nearly cancels c: one rounding, or none when the difference is representable.
template <RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION S minus_product(S const& c, S const& a, S const& b) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return fma(-a, b, c);
#else
  Two<S> const product = exact_product(a, b);
  return (c - product.hi) - product.lo;
#endif
}

/// Table::c[0] + Table::c[1] x + …, by Estrin's scheme: even and odd powers apart, so that they need not wait.
template <class Table, int First = 0, int Stride = 1, RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION S polynomial(S const& x) {
  constexpr int size = sizeof(Table::c) / sizeof(Table::c[0]);
  constexpr auto first = Table::c[First];
  if constexpr (First + Stride >= size) {
    return S(first);
  } else if constexpr (First + 2 * Stride >= size) {
    constexpr auto second = Table::c[First + Stride];
    return fma(S(second), x, S(first));
  } else {
    S const square = x * x;
    return fma(polynomial<Table, First + Stride, 2 * Stride>(square), x, polynomial<Table, First, 2 * Stride>(square));
  }
}

/// x rounded to an integer, for |x| far below 2^(digits - 2): `value`, and in the low bits of `bits` the same plus
/// `Offset`, in two's complement. Adding 1.5 * 2^(digits - 1) leaves no place for a fraction.
template <class S>
struct Rounded {
  S value;
  decltype(bit_cast<Bits<S>>(S())) bits;
};
template <int Offset, RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Rounded<S> round_product(S const& x, Element<S> factor) {
  using T = Element<S>;
  constexpr T shift = T(3) * T(std::int64_t{1} << (std::numeric_limits<T>::digits - 2)) + T(Offset);
  S const shifted = fma(x, S(factor), S(shift));
  return {shifted - S(shift), bit_cast<Bits<S>>(shifted)};
}

/// Packs wider than a register: the functions go by halves, which compilers keep in registers.
template <class S>
inline constexpr bool is_wide = is_pack<S>::value && sizeof(S) > retrace::detail::register_bytes;
template <class T, int W, class F>
[[nodiscard]] Pack<T, W> by_halves(Pack<T, W> const& x, F const& function) {
  auto const [low, high] = retrace::detail::halves<Pack<T, W / 2>>(x.lanes);
  return retrace::detail::joined<Pack<T, W>>(function(low), function(high));
}

/// Constants of the formats.
template <class T>
struct Format {
  using Limits = std::numeric_limits<T>;
  static constexpr int stored_digits = Limits::digits - 1;
  static constexpr int bias = Limits::max_exponent - 1;
  // Not the functions of numeric_limits in the code below: they are the host's alone.
  static constexpr T least_normal = Limits::min(), largest = Limits::max(), infinity = Limits::infinity(),
                     nan = Limits::quiet_NaN();
  static constexpr Bits<T> sign = Bits<T>(1) << (8 * sizeof(T) - 1);
  static constexpr Bits<T> sqrt_half = static_cast<Bits<T>>(sizeof(T) == 8 ? 0x3fe6a09e667f3bcdULL : 0x3f3504f3ULL);
  /// The bits of 2^n.
  KOKKOS_INLINE_FUNCTION static constexpr Bits<T> power_bits(int n) { return Bits<T>(n + bias) << stored_digits; }
  static constexpr Bits<T> mantissa = (Bits<T>(1) << stored_digits) - 1;
};

/// 2^n from `bits`, whose low bits hold n plus the bias.
template <RealLanes S, class B>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION S power_of_two(B const& bits) {
  return bit_cast<Element<S>>(bits << Format<Element<S>>::stored_digits);
}

template <RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION auto sign_bits(S const& x) {
  using B = decltype(bit_cast<Bits<S>>(x));
  return bit_cast<Bits<S>>(x) & B(Format<Element<S>>::sign);
}
template <RealLanes S, class B>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION S flip_sign(S const& x, B const& sign) {
  return bit_cast<Element<S>>(bit_cast<Bits<S>>(x) ^ sign);
}

/// y, but for a NaN x that NaN: which NaN comes out of an expression is else the compiler's choice.
template <RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION S unless_nan(S const& x, S const& y) {
  return select(x == x, y, x + x);
}

/// ln 2 = high + low, n * high exact for every exponent n.
template <class T>
struct Ln2;
template <>
struct Ln2<double> {  // fdlibm, e_exp.c
  static constexpr double high = 6.93147180369123816490e-01, low = 1.90821492927058770002e-10;
};
template <>
struct Ln2<float> {  // Cephes, expf.c
  static constexpr float high = 0.693359375F, low = -2.12194440e-4F;
};

/// (e^r - 1 - r) / r^2 for |r| <= ln(2)/2.
template <class T>
struct ExpTable;
template <>
struct ExpTable<double> {  // Taylor: 1/(k+2)!; the first term left out is below 2^-57 of the result
  static constexpr double c[] = {1.0 / 2,        1.0 / 6,         1.0 / 24,         1.0 / 120,
                                 1.0 / 720,      1.0 / 5040,      1.0 / 40320,      1.0 / 362880,
                                 1.0 / 3628800., 1.0 / 39916800., 1.0 / 479001600., 1.0 / 6227020800.};
};
template <>
struct ExpTable<float> {  // Cephes, expf.c
  static constexpr float c[] = {5.0000001201e-1F, 1.6666665459e-1F, 4.1665795894e-2F,
                                8.3334519073e-3F, 1.3981999507e-3F, 1.9875691500e-4F};
};

/// e^(hi + lo) = 2^n (1 + excess), |excess| < 0.42; `bits` hold n plus the bias. Flat: GCC 12 keeps nested structures
/// of registers in memory.
template <class S>
struct ReducedExp {
  S n;
  decltype(bit_cast<Bits<S>>(S())) bits;
  S excess;
};
template <RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION ReducedExp<S> reduced_exp(Two<S> const& x) {
  using T = Element<S>;
  constexpr T log2_e = T(1.44269504088896340736);
  Rounded<S> const n = round_product<Format<T>::bias>(x.hi, log2_e);
  S const r = fma(-n.value, S(Ln2<T>::low), fma(-n.value, S(Ln2<T>::high), x.hi)) + x.lo;
  return {n.value, n.bits, fma(r * r, polynomial<ExpTable<T>>(r), r)};
}

/// Beyond these, e^x is infinite or zero whatever the rounding.
template <class T>
struct ExpRange;
template <>
struct ExpRange<double> {
  static constexpr double lowest = -746.0, highest = 710.0;
};
template <>
struct ExpRange<float> {
  static constexpr float lowest = -104.0F, highest = 89.0F;
};

/// e^(hi + lo); hi within `ExpRange` or NaN. 2^n in two factors: n may lie outside the range of the exponents, and a
/// subnormal result is rounded once.
template <RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION S exp_of_two(Two<S> const& x) {
  using T = Element<S>;
  ReducedExp<S> const e = reduced_exp(x);
  Rounded<S> const half = round_product<Format<T>::bias>(e.n, T(0.5));
  Rounded<S> const other = round_product<Format<T>::bias>(e.n - half.value, T(1));
  return (S(1) + e.excess) * power_of_two<S>(half.bits) * power_of_two<S>(other.bits);
}

/// x = 2^exponent * mantissa, mantissa in [sqrt(1/2), sqrt(2)); x positive and finite.
template <class S>
struct Scaled {
  S exponent, mantissa;
};
template <RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Scaled<S> scaled(S const& x) {
  using T = Element<S>;
  using F = Format<T>;
  using B = decltype(bit_cast<Bits<S>>(x));
  constexpr Bits<T> one = F::power_bits(0), sqrt_half = F::sqrt_half;
  constexpr T to_normal = T(std::int64_t{1} << F::Limits::digits);
  constexpr T large = T(std::int64_t{1} << F::stored_digits);  // its low bits count units

  auto const subnormal = x < S(T(F::least_normal));
  B const bits = bit_cast<Bits<S>>(select(subnormal, x * S(to_normal), x)) + B(one - sqrt_half);
  S const biased = bit_cast<T>((bits >> F::stored_digits) | B(F::power_bits(F::stored_digits)));
  S const offset = select(subnormal, S(large + T(F::bias + F::Limits::digits)), S(large + T(F::bias)));
  return {biased - offset, bit_cast<T>((bits & B(F::mantissa)) + B(sqrt_half))};
}

/// (log((1+s)/(1-s)) - 2s) / s as a function of s^2, lowest power first: no constant term.
template <class T>
struct LogTable;
template <>
struct LogTable<double> {  // fdlibm, e_log.c
  static constexpr double c[] = {6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
                                 2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
                                 1.479819860511658591e-01};
};
template <>
struct LogTable<float> {  // fdlibm, e_logf.c as revised in FreeBSD
  static constexpr float c[] = {0.66666662693F, 0.40000972152F, 0.28498786688F, 0.24279078841F};
};

/// (log((1+s)/(1-s)) - 2s - (2/3)s^3) / s^5 as a function of s^2: the series 2/(2k + 5).
template <class T>
struct LogSeries;
template <>
struct LogSeries<double> {
  static constexpr double c[] = {2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13,
                                 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23};
};
template <>
struct LogSeries<float> {
  static constexpr float c[] = {2.0F / 5, 2.0F / 7, 2.0F / 9, 2.0F / 11, 2.0F / 13};
};

/// 2/3 = high + low.
template <class T>
struct TwoThirds;
template <>
struct TwoThirds<double> {
  static constexpr double high = 2.0 / 3, low = 3.70074341541718826e-17;
};
template <>
struct TwoThirds<float> {
  static constexpr float high = 2.0F / 3, low = -1.98682149e-08F;
};

/// log x with some 11 bits more than S holds; x positive and finite. As in fdlibm, e_pow.c: the quotient s and the
/// first term of the series in two parts, the rest, 2^-12 of the whole at most, in one.
template <RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Two<S> log_in_two(S const& x) {
  using T = Element<S>;
  auto const [exponent, m] = scaled(x);
  S const f = m - S(1), sum = m + S(1), sum_low = m - (sum - S(1));
  S const inverse = S(1) / sum;
  S const s = f * inverse, s_low = (minus_product(f, s, sum) - s * sum_low) * inverse;

  Two<S> z = exact_product(s, s);
  z.lo = fma(s + s, s_low, z.lo);
  S const rest = z.hi * z.hi * polynomial<LogSeries<T>>(z.hi);
  Two<S> w = exact_product(z.hi, S(TwoThirds<T>::high));
  w.lo = fma(z.hi, S(TwoThirds<T>::low), fma(z.lo, S(TwoThirds<T>::high), w.lo)) + rest;
  Two<S> tail = exact_product(s, w.hi);
  tail.lo = fma(s, w.lo, fma(s_low, w.hi, tail.lo));

  // Each sum has its larger part first: Dekker's two-sum.
  S const twice = s + s, log_m = twice + tail.hi, log_m_low = (twice - log_m) + tail.hi + (tail.lo + s_low + s_low);
  S const from_exponent = exponent * S(Ln2<T>::high), hi = from_exponent + log_m;
  S const lo = (from_exponent - hi) + log_m + fma(exponent, S(Ln2<T>::low), log_m_low);
  S const result = hi + lo;
  return {result, (hi - result) + lo};
}

/// pi/2 in three parts, each rounded to T.
template <class T>
struct HalfPi;
template <>
struct HalfPi<double> {
  static constexpr double c[] = {1.57079632679489655800e+00, 6.12323399573676603587e-17, -1.4973849048591698e-33};
  static constexpr double reduced_up_to = 1e9;
};
template <>
struct HalfPi<float> {
  static constexpr float c[] = {1.57079637e+00F, -4.37113883e-08F, -1.71512451e-15F};
  static constexpr float reduced_up_to = 1e4F;
};

/// (sin r - r) / r^3 and (cos r - 1 + r^2/2) / r^4 as functions of r^2, |r| <= pi/4.
template <class T>
struct SinTable;
template <class T>
struct CosTable;
template <>
struct SinTable<double> {  // fdlibm, k_sin.c
  static constexpr double c[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,  -1.98412698298579493134e-04,
                                 2.75573137070700676789e-06,  -2.50507602534068634195e-08, 1.58969099521155010221e-10};
};
template <>
struct CosTable<double> {  // fdlibm, k_cos.c
  static constexpr double c[] = {4.16666666666666019037e-02,  -1.38888888888741095749e-03, 2.48015872894767294178e-05,
                                 -2.75573143513906633035e-07, 2.08757232129817482790e-09,  -1.13596475577881948265e-11};
};
template <>
struct SinTable<float> {  // Cephes, sinf.c
  static constexpr float c[] = {-1.6666654611e-1F, 8.3321608736e-3F, -1.9515295891e-4F};
};
template <>
struct CosTable<float> {  // Cephes, sinf.c
  static constexpr float c[] = {4.166664568298827e-2F, -1.388731625493765e-3F, 2.443315711809948e-5F};
};

/// sin(|x| + Quarter * pi/2), |x| at most `HalfPi::reduced_up_to`. Reduction by Cody & Waite (1980); multiples of pi/2
/// cancel without error.
template <int Quarter, RealLanes S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION S sin_of_magnitude(S const& magnitude) {
  using T = Element<S>;
  using B = decltype(bit_cast<Bits<S>>(magnitude));
  constexpr T two_over_pi = T(0.63661977236758134308);
  constexpr T first = HalfPi<T>::c[0], second = HalfPi<T>::c[1], third = HalfPi<T>::c[2];
  Rounded<S> const n = round_product<Quarter>(magnitude, two_over_pi);
  S const count = n.value;
  S const r = fma(-count, S(third), minus_product(minus_product(magnitude, count, S(first)), count, S(second)));

  S const z = r * r;
  S const sine = fma(z * r, polynomial<SinTable<T>>(z), r);
  S const half_z = S(T(0.5)) * z, near_one = S(1) - half_z;
  S const cosine = near_one + fma(z * z, polynomial<CosTable<T>>(z), (S(1) - near_one) - half_z);

  auto const odd = (n.bits & B(1)) != B(0);
  return flip_sign(select(odd, cosine, sine), (n.bits & B(2)) << (8 * int(sizeof(T)) - 2));
}

/// (tanh x - x) / x^3 = numerator / denominator as functions of x^2, |x| < 0.625.
template <class T>
struct TanhNumerator;
template <class T>
struct TanhDenominator;
template <>
struct TanhNumerator<double> {  // Cephes, tanh.c
  static constexpr double c[] = {-1.61468768441708447952e+3, -9.92877231001918586564e+1, -9.64399179425052238628e-1};
};
template <>
struct TanhDenominator<double> {
  static constexpr double c[] = {4.84406305325125486048e+3, 2.23548839060100448583e+3, 1.12811678491632931402e+2, 1.0};
};
template <>
struct TanhNumerator<float> {  // Cephes, tanhf.c
  static constexpr float c[] = {-3.33332819422e-1F, 1.33314422036e-1F, -5.37397155531e-2F, 2.06390887954e-2F,
                                -5.70498872745e-3F};
};
template <>
struct TanhDenominator<float> {
  static constexpr float c[] = {1.0F};
};

}  // namespace detail

}  // namespace math

}  // namespace retrace
