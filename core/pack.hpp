#pragma once

#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

// nvcc's front end converts no vector of ours to one of the intrinsics; a CUDA build works on plain numbers anyway.
#if defined(__AVX2__) && defined(__FMA__) && !defined(__CUDACC__)
#define RETRACE_PACK_AVX2
#if defined(__AVX512F__)
#define RETRACE_PACK_AVX512
#endif
#include <immintrin.h>
#endif

/// Several numbers in one register, one per trajectory ("lane"). Every operation acts on each lane by itself and
/// exactly as it does on a plain number, so that a trajectory has the same bits at any width. Compilers' vector
/// extensions; host only.
namespace retrace {

namespace detail {
template <std::size_t Bytes>
struct SignedOfSize;
template <>
struct SignedOfSize<4> {
  using type = std::int32_t;
};
template <>
struct SignedOfSize<8> {
  using type = std::int64_t;
};
template <class T, int W>
struct RegisterOf {
  typedef T type __attribute__((vector_size(sizeof(T) * W)));
};

/// Bytes in one register. Compilers take wider packs apart, but not all operations well: those below go by halves.
#if defined(RETRACE_PACK_AVX512)
inline constexpr std::size_t register_bytes = 64;
#elif defined(RETRACE_PACK_AVX2)
inline constexpr std::size_t register_bytes = 32;
#else
inline constexpr std::size_t register_bytes = 16;
#endif

template <class Half>
struct Halves {
  Half low, high;
};
template <class Half, class Register>
[[nodiscard]] Halves<Half> halves(Register const& whole) {
  static_assert(sizeof(Halves<Half>) == sizeof whole);
  Halves<Half> parts;
  std::memcpy(&parts, &whole, sizeof whole);
  return parts;
}
template <class Whole, class Half>
[[nodiscard]] Whole joined(Half const& low, Half const& high) {
  static_assert(sizeof(Halves<Half>) == sizeof(Whole));
  Halves<Half> const parts{low, high};
  typename Whole::Register whole;
  std::memcpy(&whole, &parts, sizeof whole);
  return Whole(whole);
}
}  // namespace detail

/// The signed integer as large as `T`.
template <class T>
using SignedOf = typename detail::SignedOfSize<sizeof(T)>::type;

/// True or false for each of `W` lanes; `I` is as large as the numbers that were compared.
template <class I, int W>
struct PackMask {
  using Register = typename detail::RegisterOf<I, W>::type;
  static constexpr int width = W;
  Register bits;  ///< -1 or 0

  PackMask() = default;
  explicit PackMask(Register r) : bits(r) {}
  PackMask(bool all) : bits(Register{} - static_cast<I>(all)) {}  // NOLINT(google-explicit-constructor)
  template <class J>
  requires(!std::is_same_v<I, J>)
      PackMask(PackMask<J, W> other)  // NOLINT(google-explicit-constructor): a mask is a mask
      : bits(__builtin_convertvector(other.bits, Register)) {}

  [[nodiscard]] bool operator[](int lane) const { return bits[lane] != 0; }
  PackMask& operator&=(PackMask b) { return *this = *this & b; }
  PackMask& operator|=(PackMask b) { return *this = *this | b; }
  friend PackMask operator&(PackMask a, PackMask b) { return PackMask(a.bits & b.bits); }
  friend PackMask operator|(PackMask a, PackMask b) { return PackMask(a.bits | b.bits); }
  friend PackMask operator!(PackMask a) { return PackMask(~a.bits); }
};

/// `W` numbers of type `T` (float, double or the integers of their size).
template <class T, int W>
struct Pack {
  static_assert(W > 1 && (W & (W - 1)) == 0, "widths are powers of two; width 1 is T itself");
  using value_type = T;
  using Register = typename detail::RegisterOf<T, W>::type;
  using Mask = PackMask<SignedOf<T>, W>;
  static constexpr int width = W;
  Register lanes;

  Pack() = default;
  explicit Pack(Register r) : lanes(r) {}
  /// The same number in every lane, rounded to `T`.
  template <class U>
  requires std::is_arithmetic_v<U> Pack(U all) {  // NOLINT(google-explicit-constructor): constants mix in
    for (int l = 0; l < W; ++l) lanes[l] = static_cast<T>(all);
  }
  /// Rounds or widens each lane.
  template <class U>
  requires(!std::is_same_v<T, U>) explicit Pack(Pack<U, W> const& other)
      : lanes(__builtin_convertvector(other.lanes, Register)) {}

  [[nodiscard]] T operator[](int lane) const { return lanes[lane]; }
  void set(int lane, T value) { lanes[lane] = value; }
  [[nodiscard]] static Pack load(T const* from) {
    Pack p;
    std::memcpy(&p.lanes, from, sizeof p.lanes);
    return p;
  }
  void store(T* to) const { std::memcpy(to, &lanes, sizeof lanes); }

  Pack& operator+=(Pack b) { return *this = *this + b; }
  Pack& operator-=(Pack b) { return *this = *this - b; }
  Pack& operator*=(Pack b) { return *this = *this * b; }
  Pack& operator/=(Pack b) { return *this = *this / b; }
  friend Pack operator+(Pack a, Pack b) { return Pack(a.lanes + b.lanes); }
  friend Pack operator-(Pack a, Pack b) { return Pack(a.lanes - b.lanes); }
  friend Pack operator*(Pack a, Pack b) { return Pack(a.lanes * b.lanes); }
  friend Pack operator/(Pack a, Pack b) { return Pack(a.lanes / b.lanes); }
  friend Pack operator-(Pack a) { return Pack(-a.lanes); }
  friend Pack operator&(Pack a, Pack b) requires std::is_integral_v<T> { return Pack(a.lanes & b.lanes); }
  friend Pack operator|(Pack a, Pack b) requires std::is_integral_v<T> { return Pack(a.lanes | b.lanes); }
  friend Pack operator^(Pack a, Pack b) requires std::is_integral_v<T> { return Pack(a.lanes ^ b.lanes); }
  friend Pack operator<<(Pack a, int places) requires std::is_integral_v<T> { return Pack(a.lanes << places); }
  friend Pack operator>>(Pack a, int places) requires std::is_integral_v<T> { return Pack(a.lanes >> places); }
  friend Mask operator<(Pack a, Pack b) {
    return compared(a, b, [](auto const& x, auto const& y) { return x < y; });
  }
  friend Mask operator>(Pack a, Pack b) {
    return compared(a, b, [](auto const& x, auto const& y) { return x > y; });
  }
  friend Mask operator<=(Pack a, Pack b) {
    return compared(a, b, [](auto const& x, auto const& y) { return x <= y; });
  }
  friend Mask operator>=(Pack a, Pack b) {
    return compared(a, b, [](auto const& x, auto const& y) { return x >= y; });
  }
  friend Mask operator==(Pack a, Pack b) {
    return compared(a, b, [](auto const& x, auto const& y) { return x == y; });
  }
  friend Mask operator!=(Pack a, Pack b) {
    return compared(a, b, [](auto const& x, auto const& y) { return x != y; });
  }

 private:
  template <class Compare>
  [[nodiscard]] static Mask compared(Pack const& a, Pack const& b, Compare const& compare) {
    if constexpr (sizeof a > detail::register_bytes) {
      using Half = Pack<T, W / 2>;
      auto const [a_low, a_high] = detail::halves<Half>(a.lanes);
      auto const [b_low, b_high] = detail::halves<Half>(b.lanes);
      return detail::joined<Mask>(compare(a_low, b_low), compare(a_high, b_high));
    } else {  // the compiler's integers of this size may have another name than ours
      return Mask(reinterpret_cast<typename Mask::Register>(compare(a.lanes, b.lanes)));
    }
  }
};

template <class T>
struct is_pack : std::false_type {};
template <class T, int W>
struct is_pack<Pack<T, W>> : std::true_type {};

/// The bits of each lane read as another type of the same size.
template <class To, class From, int W>
requires(sizeof(To) == sizeof(From)) [[nodiscard]] Pack<To, W> bit_cast(Pack<From, W> const& from) {
  return Pack<To, W>(reinterpret_cast<typename Pack<To, W>::Register>(from.lanes));
}

template <class I, int W>
[[nodiscard]] bool any(PackMask<I, W> mask) {
#if defined(RETRACE_PACK_AVX512)
  if constexpr (sizeof mask == 64) {
    auto const bits = reinterpret_cast<__m512i>(mask.bits);
    return _mm512_test_epi32_mask(bits, bits) != 0;
  } else
#endif
#if defined(RETRACE_PACK_AVX2)
      if constexpr (sizeof mask == 32) {
    auto const bits = reinterpret_cast<__m256i>(mask.bits);
    return _mm256_testz_si256(bits, bits) == 0;
  } else if constexpr (sizeof mask == 16) {
    auto const bits = reinterpret_cast<__m128i>(mask.bits);
    return _mm_testz_si128(bits, bits) == 0;
  } else
#endif
      if constexpr (sizeof mask > detail::register_bytes) {
    auto const [low, high] = detail::halves<PackMask<I, W / 2>>(mask.bits);
    return any(low | high);
  } else {
    I bits = 0;
    for (int l = 0; l < W; ++l) bits |= mask.bits[l];
    return bits != 0;
  }
}
template <class I, int W>
[[nodiscard]] bool all(PackMask<I, W> mask) {
  return !any(!mask);
}

/// a where `mask`, b elsewhere.
template <class I, class T, int W>
[[nodiscard]] Pack<T, W> select(PackMask<I, W> mask, Pack<T, W> const& a, Pack<T, W> const& b) {
  typename Pack<T, W>::Mask const same_size(mask);
  if constexpr (sizeof a > detail::register_bytes) {
    using Half = Pack<T, W / 2>;
    auto const m = detail::halves<typename Half::Mask>(same_size.bits);
    auto const [a_low, a_high] = detail::halves<Half>(a.lanes);
    auto const [b_low, b_high] = detail::halves<Half>(b.lanes);
    return detail::joined<Pack<T, W>>(select(m.low, a_low, b_low), select(m.high, a_high, b_high));
  } else {
    return Pack<T, W>(same_size.bits ? a.lanes : b.lanes);
  }
}

namespace math {

/// a b + c, rounded once where the processor can, else twice: the same for a plain number and for a lane of a pack.
template <class T>
requires std::is_floating_point_v<T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T fma(T a, T b, T c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return Kokkos::fma(a, b, c);
#else
  return a * b + c;
#endif
}
template <class T, int W>
[[nodiscard]] Pack<T, W> fma(Pack<T, W> const& a, Pack<T, W> const& b, Pack<T, W> const& c) {
  using Register [[maybe_unused]] = typename Pack<T, W>::Register;
#if defined(RETRACE_PACK_AVX2)
  if constexpr (std::is_same_v<T, double> && W == 2)
    return Pack<T, W>(reinterpret_cast<Register>(_mm_fmadd_pd(a.lanes, b.lanes, c.lanes)));
  else if constexpr (std::is_same_v<T, double> && W == 4)
    return Pack<T, W>(reinterpret_cast<Register>(_mm256_fmadd_pd(a.lanes, b.lanes, c.lanes)));
  else if constexpr (std::is_same_v<T, float> && W == 4)
    return Pack<T, W>(reinterpret_cast<Register>(_mm_fmadd_ps(a.lanes, b.lanes, c.lanes)));
  else if constexpr (std::is_same_v<T, float> && W == 8)
    return Pack<T, W>(reinterpret_cast<Register>(_mm256_fmadd_ps(a.lanes, b.lanes, c.lanes)));
#if defined(RETRACE_PACK_AVX512)
  else if constexpr (std::is_same_v<T, double> && W == 8)
    return Pack<T, W>(reinterpret_cast<Register>(_mm512_fmadd_pd(a.lanes, b.lanes, c.lanes)));
  else if constexpr (std::is_same_v<T, float> && W == 16)
    return Pack<T, W>(reinterpret_cast<Register>(_mm512_fmadd_ps(a.lanes, b.lanes, c.lanes)));
#endif
  else
#endif
      if constexpr (sizeof a > detail::register_bytes) {
    using Half = Pack<T, W / 2>;
    auto const [a_low, a_high] = detail::halves<Half>(a.lanes);
    auto const [b_low, b_high] = detail::halves<Half>(b.lanes);
    auto const [c_low, c_high] = detail::halves<Half>(c.lanes);
    return detail::joined<Pack<T, W>>(fma(a_low, b_low, c_low), fma(a_high, b_high, c_high));
  } else {
    Pack<T, W> r;
    for (int l = 0; l < W; ++l) r.lanes[l] = fma(a.lanes[l], b.lanes[l], c.lanes[l]);
    return r;
  }
}

template <class T, int W>
[[nodiscard]] Pack<T, W> sqrt(Pack<T, W> const& x) {
  using Register [[maybe_unused]] = typename Pack<T, W>::Register;
#if defined(RETRACE_PACK_AVX2)
  if constexpr (std::is_same_v<T, double> && W == 2)
    return Pack<T, W>(reinterpret_cast<Register>(_mm_sqrt_pd(x.lanes)));
  else if constexpr (std::is_same_v<T, double> && W == 4)
    return Pack<T, W>(reinterpret_cast<Register>(_mm256_sqrt_pd(x.lanes)));
  else if constexpr (std::is_same_v<T, float> && W == 4)
    return Pack<T, W>(reinterpret_cast<Register>(_mm_sqrt_ps(x.lanes)));
  else if constexpr (std::is_same_v<T, float> && W == 8)
    return Pack<T, W>(reinterpret_cast<Register>(_mm256_sqrt_ps(x.lanes)));
#if defined(RETRACE_PACK_AVX512)
  else if constexpr (std::is_same_v<T, double> && W == 8)
    return Pack<T, W>(reinterpret_cast<Register>(_mm512_maskz_sqrt_pd(0xff, x.lanes)));
  else if constexpr (std::is_same_v<T, float> && W == 16)
    return Pack<T, W>(reinterpret_cast<Register>(_mm512_maskz_sqrt_ps(0xffff, x.lanes)));
#endif
  else
#endif
      if constexpr (sizeof x > detail::register_bytes) {
    auto const [low, high] = detail::halves<Pack<T, W / 2>>(x.lanes);
    return detail::joined<Pack<T, W>>(sqrt(low), sqrt(high));
  } else {
    Pack<T, W> r;
    for (int l = 0; l < W; ++l) r.lanes[l] = std::sqrt(x.lanes[l]);
    return r;
  }
}

template <class T, int W>
[[nodiscard]] Pack<T, W> abs(Pack<T, W> const& x) {
  using I = SignedOf<T>;
  constexpr I sign = std::numeric_limits<I>::min();  // the top bit alone
  return bit_cast<T>(Pack<I, W>(bit_cast<I>(x).lanes & ~Pack<I, W>(sign).lanes));
}

}  // namespace math

}  // namespace retrace
