#include "core/dual.hpp"
#include "core/lanes.hpp"
#include "core/pack.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace retrace {
namespace {

template <class P>
struct ParametersOf;
template <class T, int W>
struct ParametersOf<Pack<T, W>> {
  template <class U>
  using Rebind = Pack<U, W>;
};

template <class P>
class PackTest : public ::testing::Test {};
using Packs = ::testing::Types<Pack<double, 2>, Pack<double, 4>, Pack<double, 8>, Pack<double, 16>, Pack<float, 2>,
                               Pack<float, 4>, Pack<float, 8>, Pack<float, 16>>;
TYPED_TEST_SUITE(PackTest, Packs);

template <class T>
void expect_bits(T a, T b) {
  EXPECT_EQ(bit_cast<SignedOf<T>>(a), bit_cast<SignedOf<T>>(b)) << a << " and " << b;
}

/// Numbers of either sign and many sizes, zeros, infinities; the more NaN the fewer bits are compared, so few.
template <class P>
struct Numbers {
  using T = typename P::value_type;
  std::mt19937_64 random{3};
  P next() {
    std::normal_distribution<double> mantissa(0.0, 1.0);
    std::uniform_int_distribution<int> exponent(-20, 20), kind(0, 30);
    constexpr T special[] = {T(0), T(-0.0), std::numeric_limits<T>::infinity(), std::numeric_limits<T>::denorm_min()};
    P p(T(0));
    for (int l = 0; l < P::width; ++l) {
      int const k = kind(random);
      p.set(l, k < 4 ? special[k] : static_cast<T>(std::ldexp(mantissa(random), exponent(random))));
    }
    return p;
  }
};

/// f(a, b) on packs equals f on each lane, to the bit; what is NaN in one is NaN in the other.
template <class P, class F>
void expect_lane_by_lane(F const& f) {
  Numbers<P> numbers;
  for (int trial = 0; trial < 501; ++trial) {
    P const a = numbers.next(), b = numbers.next(), y = f(a, b);
    for (int l = 0; l < P::width; ++l) {
      auto const expected = f(a[l], b[l]);
      if (std::isnan(expected))
        EXPECT_TRUE(std::isnan(y[l]));
      else
        expect_bits(y[l], expected);
    }
  }
}
template <class P, class F>
void expect_mask_lane_by_lane(F const& f) {
  using T = typename P::value_type;
  Numbers<P> numbers;
  for (int trial = 0; trial < 501; ++trial) {
    P const a = numbers.next();
    P b = trial % 3 == 0 ? a : numbers.next();
    if (trial % 5 == 0) b.set(trial % P::width, std::numeric_limits<T>::quiet_NaN());
    auto const mask = f(a, b);
    bool some = false, every = true;
    for (int l = 0; l < P::width; ++l) {
      bool const expected = f(a[l], b[l]);
      EXPECT_EQ(mask[l], expected);
      EXPECT_EQ(lane(mask, l), expected);
      some = some || expected;
      every = every && expected;
    }
    EXPECT_EQ(any(mask), some);
    EXPECT_EQ(all(mask), every);
  }
}

TYPED_TEST(PackTest, arithmetic_acts_on_each_lane) {
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return a + b; });
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return a - b; });
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return a * b; });
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return a / b; });
  expect_lane_by_lane<TypeParam>([](auto a, auto) { return -a; });
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return a += b; });
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return a -= b; });
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return a *= b; });
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return a /= b; });
}

TYPED_TEST(PackTest, constants_mix_in) {
  using T = typename TypeParam::value_type;
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return T(2) * a + b / T(3) - T(-0.0); });
}

TYPED_TEST(PackTest, functions_have_the_bits_of_the_plain_ones) {
  using T = typename TypeParam::value_type;
  struct Fma {
    T c;
    T operator()(T a, T b) const { return math::fma(a, b, c); }
    TypeParam operator()(TypeParam a, TypeParam b) const { return math::fma(a, b, TypeParam(c)); }
  };
  struct Root {
    T operator()(T a, T) const { return std::sqrt(a); }
    TypeParam operator()(TypeParam a, TypeParam) const { return math::sqrt(a); }
  };
  struct Magnitude {
    T operator()(T a, T) const { return std::abs(a); }
    TypeParam operator()(TypeParam a, TypeParam) const { return math::abs(a); }
  };
  expect_lane_by_lane<TypeParam>(Fma{T(0.3)});
  expect_lane_by_lane<TypeParam>(Root{});
  expect_lane_by_lane<TypeParam>(Magnitude{});
}

TYPED_TEST(PackTest, fma_rounds_as_the_plain_one_where_it_matters) {
  using T = typename TypeParam::value_type;
  T const x = T(1) + std::numeric_limits<T>::epsilon(), product = x * x;

  TypeParam const rest = math::fma(TypeParam(x), TypeParam(x), TypeParam(-product));

  for (int l = 0; l < TypeParam::width; ++l) expect_bits(rest[l], math::fma(x, x, -product));
}

TYPED_TEST(PackTest, comparisons_give_masks) {
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return a < b; });
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return a > b; });
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return a <= b; });
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return a >= b; });
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return a == b; });
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return a != b; });
}

TYPED_TEST(PackTest, masks_combine) {
  using T = typename TypeParam::value_type;
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return (a < b) & (a > T(-1)); });
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return (a < b) | (a > T(1)); });
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) { return !(a < b); });
  expect_mask_lane_by_lane<TypeParam>([](auto a, auto b) {
    typename LaneTraits<decltype(a)>::Mask mask = a < b;
    mask |= a > T(3);
    mask &= b > T(0);
    return mask;
  });
  EXPECT_TRUE(all(typename TypeParam::Mask(true)));
  EXPECT_FALSE(any(typename TypeParam::Mask(false)));
}

TYPED_TEST(PackTest, any_and_all_see_every_single_lane) {
  using Mask = typename TypeParam::Mask;
  for (int l = 0; l < TypeParam::width; ++l) {
    Mask one(false), others(true);
    set_lane(one, l, true);
    set_lane(others, l, false);
    EXPECT_TRUE(any(one));
    EXPECT_FALSE(all(one));
    EXPECT_TRUE(any(others));
    EXPECT_FALSE(all(others));
    EXPECT_TRUE(all(one | others));
    EXPECT_FALSE(any(one & others));
  }
}

TYPED_TEST(PackTest, select_takes_each_lane_from_one_side) {
  expect_lane_by_lane<TypeParam>([](auto a, auto b) { return select(a < b, a, b); });
}

TYPED_TEST(PackTest, masks_of_the_other_precision_select_as_well) {
  using T = typename TypeParam::value_type;
  using U = std::conditional_t<std::is_same_v<T, double>, float, double>;
  using Q = typename ParametersOf<TypeParam>::template Rebind<U>;
  TypeParam x(T(0));
  for (int l = 0; l < TypeParam::width; ++l) x.set(l, T(l % 3 - 1));

  Q const chosen = select(x > T(0), Q(U(1)), Q(U(2)));

  for (int l = 0; l < TypeParam::width; ++l) EXPECT_EQ(chosen[l], l % 3 == 2 ? U(1) : U(2));
}

TYPED_TEST(PackTest, precisions_convert_lane_by_lane) {
  using T = typename TypeParam::value_type;
  using U = std::conditional_t<std::is_same_v<T, double>, float, double>;
  using Q = typename ParametersOf<TypeParam>::template Rebind<U>;
  Numbers<TypeParam> numbers;
  for (int trial = 0; trial < 101; ++trial) {
    TypeParam const x = numbers.next();
    Q const y(x);
    for (int l = 0; l < TypeParam::width; ++l) expect_bits(y[l], static_cast<U>(x[l]));
  }
}

TYPED_TEST(PackTest, loads_and_stores_at_any_address) {
  using T = typename TypeParam::value_type;
  constexpr int width = TypeParam::width;
  std::vector<T> from(3 * width + 1), to(3 * width + 1, T(-1));
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i);

  TypeParam::load(from.data() + 1).store(to.data() + 3);

  for (std::size_t i = 0; i < to.size(); ++i) EXPECT_EQ(to[i], i >= 3 && i < 3 + width ? from[i - 2] : T(-1));
}

TYPED_TEST(PackTest, bits_and_integers) {
  using T = typename TypeParam::value_type;
  using I = SignedOf<T>;
  using U = std::make_unsigned_t<I>;
  using Integers = typename LaneTraits<TypeParam>::Integer;
  Numbers<TypeParam> numbers;
  TypeParam const x = numbers.next();
  Integers const bits = bit_cast<I>(x), mixed = ((bits & Integers(I(255))) | Integers(I(256))) ^ (bits << 3);
  auto const shifted = bit_cast<U>(x) >> 5;
  TypeParam const back = bit_cast<T>(bits);

  for (int l = 0; l < TypeParam::width; ++l) {
    auto const u = bit_cast<U>(x[l]);
    EXPECT_EQ(bits[l], bit_cast<I>(x[l]));
    EXPECT_EQ(bit_cast<U>(mixed[l]), ((u & 255U) | 256U) ^ (u << 3));
    EXPECT_EQ(shifted[l], u >> 5);
    expect_bits(back[l], x[l]);
  }
}

TYPED_TEST(PackTest, lanes_are_read_and_replaced_singly) {
  using T = typename TypeParam::value_type;
  TypeParam x(T(7));

  set_lane(x, 1, T(-3));

  static_assert(LaneTraits<TypeParam>::width == TypeParam::width);
  for (int l = 0; l < TypeParam::width; ++l) EXPECT_EQ(lane(x, l), l == 1 ? T(-3) : T(7));
}

/// A plain scalar, or a dual number, is one lane, whose mask is a bool.
template <class S>
void expect_one_lane() {
  static_assert(LaneTraits<S>::width == 1);
  static_assert(std::is_same_v<typename LaneTraits<S>::Mask, bool>);
  S x(1);

  EXPECT_TRUE(any(x > S(0)));
  EXPECT_FALSE(all(x > S(1)));
  EXPECT_EQ(select(x > S(0), S(2), S(3)), S(2));
  EXPECT_EQ(select(x > S(1), S(2), S(3)), S(3));
  set_lane(x, 0, S(5));
  EXPECT_EQ(lane(x, 0), S(5));
}

TEST(Lanes, a_scalar_is_one_lane) {
  expect_one_lane<double>();
  expect_one_lane<float>();
  expect_one_lane<Dual<double, 3>>();
  expect_one_lane<Dual<Dual<float, 2>, 1>>();
  static_assert(std::is_same_v<LaneTraits<double>::Integer, std::int64_t>);
  static_assert(std::is_same_v<LaneTraits<float>::Integer, std::int32_t>);
  static_assert(std::is_same_v<LaneTraits<Dual<float, 2>>::Integer, std::int32_t>);
}

TEST(Lanes, select_on_duals_takes_the_tangents_along) {
  using D = Dual<double, 2>;
  D const a = D::variable(1.0, 0), b = D::variable(2.0, 1);

  EXPECT_EQ(select(a < b, a, b).tangent[0], 1.0);
  EXPECT_EQ(select(a > b, a, b).tangent[1], 1.0);
}

}  // namespace
}  // namespace retrace
