#include "core/elementary.hpp"
#include "core/math.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {
namespace {

// The bounds are the largest errors, in units in the last place of the result, of some millions of arguments against
// libquadmath, with and without a fused multiply-add (core/elementary.hpp). The margin is for points that no sample has
// met.
constexpr double margin = 0.1;

struct Exp {
  static constexpr std::string_view name = "exp";
  static constexpr double largest_error = 1.06;
  template <class S>
  S operator()(S const& x) const {
    return math::exp(x);
  }
  template <class R>
  static R reference(R x) {
    return std::exp(x);
  }
};
struct Log {
  static constexpr std::string_view name = "log";
  static constexpr double largest_error = 0.82;
  template <class S>
  S operator()(S const& x) const {
    return math::log(x);
  }
  template <class R>
  static R reference(R x) {
    return std::log(x);
  }
};
struct Sin {
  static constexpr std::string_view name = "sin";
  static constexpr double largest_error = 1.52;
  template <class S>
  S operator()(S const& x) const {
    return math::sin(x);
  }
  template <class R>
  static R reference(R x) {
    return std::sin(x);
  }
};
struct Cos {
  static constexpr std::string_view name = "cos";
  static constexpr double largest_error = 1.47;
  template <class S>
  S operator()(S const& x) const {
    return math::cos(x);
  }
  template <class R>
  static R reference(R x) {
    return std::cos(x);
  }
};
struct Tanh {
  static constexpr std::string_view name = "tanh";
  static constexpr double largest_error = 1.22;
  template <class S>
  S operator()(S const& x) const {
    return math::tanh(x);
  }
  template <class R>
  static R reference(R x) {
    return std::tanh(x);
  }
};
struct Pow {
  static constexpr std::string_view name = "pow";
  static constexpr double largest_error = 1.24;
  double exponent;
  template <class S>
  S operator()(S const& x) const {
    return math::pow(x, exponent);
  }
  template <class R>
  [[nodiscard]] R reference(R x) const {
    return std::pow(x, static_cast<R>(exponent));
  }
};

constexpr double exponents[] = {0.5, -0.5, 1.5, -1.5, 1.0 / 3.0, 2.0, -7.3, 20.7, 0.01, 100.0, -1e4, 1e7};

template <class T>
struct Wider;
template <>
struct Wider<float> {
  using type = double;
};
template <>
struct Wider<double> {
  using type = long double;
};

/// |y - exact| in units in the last place that T has near `exact`. An infinity counts as the first number too large.
template <class T, class R>
double error_in_units(T y, R exact) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(exact)) return std::isnan(y) ? 0.0 : std::numeric_limits<double>::infinity();
  int exponent = 0;
  std::frexp(exact, &exponent);
  exponent = std::min(std::max(exponent, Limits::min_exponent), Limits::max_exponent);
  R const unit = std::ldexp(R(1), exponent - Limits::digits), overflow = std::ldexp(R(1), Limits::max_exponent);
  auto const within = [&](R v) { return std::clamp(v, -overflow, overflow); };
  return static_cast<double>(std::abs(within(static_cast<R>(y)) - within(exact)) / unit);
}

constexpr int samples = 20'011;

template <class T>
std::vector<T> uniform(double from, double to) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> distribution(from, to);
  std::vector<T> values(samples);
  for (T& x : values) x = static_cast<T>(distribution(random));
  return values;
}
/// Both signs if `either_sign`.
template <class T>
std::vector<T> log_uniform(double from, double to, bool either_sign) {
  std::vector<T> values;
  int count = 0;
  for (double const e : uniform<double>(std::log2(from), std::log2(to)))
    values.push_back(static_cast<T>((either_sign && ++count % 2 == 0 ? -1.0 : 1.0) * std::exp2(e)));
  return values;
}
template <class T>
std::vector<T> joined(std::initializer_list<std::vector<T>> parts) {
  std::vector<T> all;
  for (auto const& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

template <class T, class Function>
void expect_accurate(Function const& f, std::vector<T> const& arguments) {
  using R = typename Wider<T>::type;
  if (std::numeric_limits<R>::digits < std::numeric_limits<T>::digits + 8)
    GTEST_SKIP() << "long double is no wider than double here: nothing to compare with";
  double worst = 0.0;
  T worst_at{};
  for (T const x : arguments) {
    double const error = error_in_units(f(x), f.reference(static_cast<R>(x)));
    if (!(error <= worst)) worst = error, worst_at = x;
  }
  EXPECT_LE(worst, Function::largest_error + margin) << Function::name << " at " << worst_at;
  ::testing::Test::RecordProperty(std::string(Function::name), std::to_string(worst));
}

template <class T>
class Elementary : public ::testing::Test {
 public:
  static constexpr bool is_double = std::is_same_v<T, double>;
  static constexpr double smallest = is_double ? 5e-324 : 1.5e-45, largest = is_double ? 1.7e308 : 3.4e38;
};
using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(Elementary, Precisions);

TYPED_TEST(Elementary, exp_is_accurate_with_subnormal_results) {
  double const lowest = this->is_double ? -746.0 : -104.0, highest = this->is_double ? 710.0 : 89.0;
  double const normal = this->is_double ? -708.0 : -87.0;
  expect_accurate<TypeParam>(Exp{},
                             joined({uniform<TypeParam>(-1.0, 1.0), uniform<TypeParam>(lowest, highest),
                                     uniform<TypeParam>(lowest, normal), log_uniform<TypeParam>(1e-30, 9, true)}));
}

TYPED_TEST(Elementary, log_is_accurate_with_subnormal_arguments) {
  double const normal = std::numeric_limits<TypeParam>::min();
  expect_accurate<TypeParam>(Log{}, joined({uniform<TypeParam>(0.5, 2.0), uniform<TypeParam>(0.99, 1.01),
                                            log_uniform<TypeParam>(normal, this->largest, false),
                                            log_uniform<TypeParam>(this->smallest, normal, false)}));
}

TYPED_TEST(Elementary, sin_and_cos_are_accurate_also_next_to_their_zeros) {
  double const reduced_up_to = math::detail::HalfPi<TypeParam>::reduced_up_to;
  std::vector<TypeParam> next_to_zeros;
  for (int k = 1; k < 6'000; ++k) next_to_zeros.push_back(static_cast<TypeParam>(k * std::acos(0.0)));
  auto const arguments = joined({uniform<TypeParam>(-4.0, 4.0), uniform<TypeParam>(-1e3, 1e3), next_to_zeros,
                                 log_uniform<TypeParam>(1e-30, reduced_up_to, true)});
  expect_accurate<TypeParam>(Sin{}, arguments);
  expect_accurate<TypeParam>(Cos{}, arguments);
}

TYPED_TEST(Elementary, sin_and_cos_of_huge_arguments_are_those_of_the_library) {
  for (TypeParam const x : log_uniform<TypeParam>(2e9, 1e30, true)) {
    ASSERT_EQ(math::sin(x), Kokkos::sin(x));
    ASSERT_EQ(math::cos(x), Kokkos::cos(x));
  }
}

TYPED_TEST(Elementary, tanh_is_accurate) {
  expect_accurate<TypeParam>(Tanh{},
                             joined({uniform<TypeParam>(-0.625, 0.625), uniform<TypeParam>(0.625, 1.0),
                                     uniform<TypeParam>(-22.0, 22.0), log_uniform<TypeParam>(1e-30, 30, true)}));
}

TYPED_TEST(Elementary, pow_is_accurate_for_every_result_in_range) {
  for (double const exponent : exponents) {
    double const e = static_cast<TypeParam>(exponent);  // as pow rounds it
    double const log_range = 0.99 * std::log(this->largest) * std::min(1.0, 1.0 / std::abs(e));
    double const near_one = std::min(0.5, log_range);
    expect_accurate<TypeParam>(Pow{e}, joined({log_uniform<TypeParam>(std::exp(-log_range), std::exp(log_range), false),
                                               uniform<TypeParam>(std::exp(-near_one), std::exp(near_one))}));
  }
}

/// A run of consecutive numbers from `start` does not descend.
template <class T>
void expect_ascending(T start, int length) {
  T before = math::tanh(start);
  for (int i = 0; i < length; ++i) {
    start = std::nextafter(start, T(100));
    T const now = math::tanh(start);
    ASSERT_GE(now, before) << "at " << start;
    before = now;
  }
}

TYPED_TEST(Elementary, tanh_is_odd_and_monotone_and_saturates_exactly) {
  using T = TypeParam;
  constexpr int run = 300;
  T const saturates_at = this->is_double ? T(19.1) : T(9.02);

  for (int i = 0; i < 2'003; ++i) expect_ascending(T(0.0101) * static_cast<T>(i), run);
  T before_change = T(0.625);  // of formula
  for (int i = 0; i < run / 2; ++i) before_change = std::nextafter(before_change, T(0));
  expect_ascending(before_change, run);
  for (int k = 1; k < 20; ++k)  // where the power of two changes
    expect_ascending(static_cast<T>((k + 0.5) * 0.5 * std::log(2.0)) * (1 - 100 * std::numeric_limits<T>::epsilon()),
                     run);

  for (T const x : uniform<T>(-25.0, 25.0)) {
    EXPECT_EQ(math::tanh(-x), -math::tanh(x));
    EXPECT_LE(std::abs(math::tanh(x)), T(1));
  }
  EXPECT_EQ(math::tanh(saturates_at), T(1));
  EXPECT_LT(math::tanh(saturates_at - T(1)), T(1));
  EXPECT_EQ(math::tanh(std::numeric_limits<T>::infinity()), T(1));
  EXPECT_EQ(math::tanh(-std::numeric_limits<T>::max()), T(-1));
  EXPECT_TRUE(std::signbit(math::tanh(T(-0.0))));
}

TYPED_TEST(Elementary, special_arguments_have_the_values_of_the_c_standard) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  constexpr T infinity = Limits::infinity(), nan = Limits::quiet_NaN(), least = Limits::denorm_min();

  EXPECT_EQ(math::exp(T(0)), T(1));
  EXPECT_EQ(math::exp(infinity), infinity);
  EXPECT_EQ(math::exp(-infinity), T(0));
  EXPECT_EQ(math::exp(Limits::max()), infinity);
  EXPECT_EQ(math::exp(-Limits::max()), T(0));
  EXPECT_EQ(math::log(T(1)), T(0));
  EXPECT_EQ(math::log(T(0)), -infinity);
  EXPECT_EQ(math::log(T(-0.0)), -infinity);
  EXPECT_EQ(math::log(infinity), infinity);
  for (T const negative : {-infinity, T(-1), -least}) {
    EXPECT_TRUE(std::isnan(math::log(negative)));
    EXPECT_TRUE(std::isnan(math::pow(negative, 0.5)));
    EXPECT_TRUE(std::isnan(math::pow(negative, 2.0)));  // unlike C: integers are not special
  }
  for (double const e : {0.5, 3.0, 1e300, double(infinity)}) {
    EXPECT_EQ(math::pow(T(0), e), T(0));
    EXPECT_EQ(math::pow(T(0), -e), infinity);
    EXPECT_EQ(math::pow(infinity, e), infinity);
    EXPECT_EQ(math::pow(infinity, -e), T(0));
    EXPECT_EQ(math::pow(T(1), e), T(1));
    EXPECT_EQ(math::pow(T(1), -e), T(1));
  }
  for (T const x : {T(0), T(2), infinity, nan, T(-1)}) EXPECT_EQ(math::pow(x, 0.0), T(1));
  EXPECT_EQ(math::pow(std::nextafter(T(1), T(2)), 1e300), infinity);
  EXPECT_EQ(math::pow(std::nextafter(T(1), T(0)), 1e300), T(0));
  EXPECT_EQ(math::pow(least, 2.0), T(0));
  EXPECT_EQ(math::pow(least, -2.0), infinity);
  EXPECT_EQ(math::cos(T(0)), T(1));
  EXPECT_TRUE(std::signbit(math::sin(T(-0.0))));
  EXPECT_EQ(math::sin(least), least);
  EXPECT_EQ(math::tanh(least), least);
  EXPECT_TRUE(std::isnan(math::sin(infinity)));
  EXPECT_TRUE(std::isnan(math::cos(-infinity)));
  for (auto const y : {math::exp(nan), math::log(nan), math::sin(nan), math::cos(nan), math::tanh(nan),
                       math::pow(nan, 0.5), math::pow(T(2), double(nan))})
    EXPECT_TRUE(std::isnan(y));
}

/// Every bit pattern alike, and numbers of ordinary size, zeros, infinities, NaN, subnormals and edges of the formulas.
/// No multiple of any width.
template <class T>
std::vector<T> all_kinds() {
  using Limits = std::numeric_limits<T>;
  std::mt19937_64 random(11);
  std::normal_distribution<double> ordinary(0.0, 8.0);
  std::vector<T> values;
  for (T const x : {T(0), Limits::denorm_min(), Limits::min(), Limits::max(), Limits::infinity(), Limits::quiet_NaN(),
                    T(1), T(0.625), T(20), T(710), T(746), T(1e4), T(1e9), T(0.70710678118654752)})
    for (T const signed_x : {x, -x, std::nextafter(x, T(0)), std::nextafter(x, T(2e9))}) values.push_back(signed_x);
  while (values.size() < 100'003) {
    auto const bits = static_cast<std::make_unsigned_t<SignedOf<T>>>(random());
    values.push_back(bit_cast<T>(bits));
    values.push_back(static_cast<T>(ordinary(random)));
  }
  values.resize(100'003);
  return values;
}

template <int W, class T, class Function>
void expect_lanes_equal_numbers(Function const& f, std::vector<T> const& values) {
  using P = Pack<T, W>;
  using I = SignedOf<T>;
  int different = 0;
  for (std::size_t i = 0; i < values.size(); i += W) {
    auto const lanes = std::min<std::size_t>(W, values.size() - i);
    P x(T(1));
    for (std::size_t l = 0; l < lanes; ++l) set_lane(x, static_cast<int>(l), values[i + l]);
    P const y = f(x);
    for (std::size_t l = 0; l < lanes; ++l) {
      bool const equal = bit_cast<I>(lane(y, static_cast<int>(l))) == bit_cast<I>(f(values[i + l]));
      if (!equal && ++different < 5)
        ADD_FAILURE() << Function::name << " of " << values[i + l] << " in lane " << l << " of " << W << ": "
                      << lane(y, static_cast<int>(l)) << " instead of " << f(values[i + l]);
    }
  }
  EXPECT_EQ(different, 0) << Function::name << ", width " << W;
}
template <class T, class Function>
void expect_every_width_equals_numbers(Function const& f, std::vector<T> const& values) {
  expect_lanes_equal_numbers<2>(f, values);
  expect_lanes_equal_numbers<4>(f, values);
  expect_lanes_equal_numbers<8>(f, values);
  expect_lanes_equal_numbers<16>(f, values);
}

TYPED_TEST(Elementary, every_lane_has_the_bits_of_the_plain_number) {
  auto const values = all_kinds<TypeParam>();
  expect_every_width_equals_numbers(Exp{}, values);
  expect_every_width_equals_numbers(Log{}, values);
  expect_every_width_equals_numbers(Sin{}, values);
  expect_every_width_equals_numbers(Cos{}, values);
  expect_every_width_equals_numbers(Tanh{}, values);
  for (double const e : {-1.3, 0.5, 1e200}) expect_every_width_equals_numbers(Pow{e}, values);
}

template <class Function>
void expect_tangent_is_the_slope(Function const& f) {
  // Central differences: a third derivative below 2000 gives h^2 * 2000/6, cancellation 2^-52 * 10/h.
  constexpr double h = 1e-5, tolerance = 5e-8;
  for (double const x : {0.31, 0.62, 0.63, 1.7, 2.9}) {
    auto const y = f(Dual<double, 1>::variable(x, 0));
    EXPECT_EQ(y.value, f(x)) << Function::name;
    EXPECT_NEAR(y.tangent[0], (f(x + h) - f(x - h)) / (2 * h), tolerance) << Function::name << " at " << x;
  }
}

TEST(ElementaryDual, tangents_are_the_slopes_of_these_functions) {
  expect_tangent_is_the_slope(Exp{});
  expect_tangent_is_the_slope(Log{});
  expect_tangent_is_the_slope(Sin{});
  expect_tangent_is_the_slope(Cos{});
  expect_tangent_is_the_slope(Tanh{});
  expect_tangent_is_the_slope(Pow{-1.3});
}

}  // namespace
}  // namespace retrace
