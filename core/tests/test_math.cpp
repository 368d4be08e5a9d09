#include "core/math.hpp"
#include "core/type_list.hpp"
#include "core/vec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace retrace {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Math, plain_numbers_have_the_usual_functions) {
  EXPECT_EQ(math::sqrt(2.25), 1.5);
  EXPECT_EQ(math::abs(-2.25), 2.25);
  EXPECT_EQ(math::pow(4.0, 0.5), 2.0);
  // Ours and the system's may each be off in the last place; test_elementary.cpp has the bounds.
  constexpr double two_units = 2 * std::numeric_limits<double>::epsilon();
  EXPECT_NEAR(math::exp(0.3), std::exp(0.3), two_units * std::exp(0.3));
  EXPECT_NEAR(math::log(0.3), std::log(0.3), two_units * -std::log(0.3));
  EXPECT_NEAR(math::sin(0.3), std::sin(0.3), two_units * std::sin(0.3));
  EXPECT_NEAR(math::cos(0.3), std::cos(0.3), two_units * std::cos(0.3));
  EXPECT_NEAR(math::tanh(0.3), std::tanh(0.3), two_units * std::tanh(0.3));
  EXPECT_EQ(math::sqrt(2.25F), 1.5F);
}

TEST(Math, finite_means_neither_nan_nor_infinite_for_every_scalar) {
  using D = Dual<double, 2>;
  EXPECT_TRUE(math::is_finite(0.0));
  EXPECT_TRUE(math::is_finite(std::numeric_limits<double>::max()));
  EXPECT_TRUE(math::is_finite(D(1.0)));
  for (double const bad : {nan, infinity, -infinity}) {
    EXPECT_FALSE(math::is_finite(bad));
    EXPECT_FALSE(math::is_finite(D(bad)));
  }
}

TEST(Math, sign_is_the_derivative_of_abs_and_zero_at_the_kink) {
  EXPECT_EQ(math::sign(-0.5), -1.0);
  EXPECT_EQ(math::sign(0.5), 1.0);
  EXPECT_EQ(math::sign(0.0), 0.0);
  EXPECT_EQ(math::sign(-0.0), 0.0);
}

TEST(Math, max_and_min_return_the_first_on_a_tie_or_nan) {
  EXPECT_EQ(math::max(1.0, 2.0), 2.0);
  EXPECT_EQ(math::min(1.0, 2.0), 1.0);
  EXPECT_EQ(math::max(1.0, nan), 1.0);
  EXPECT_TRUE(std::isnan(math::max(nan, 1.0)));
}

TEST(Math, packs_answer_lane_by_lane) {
  using P = Pack<double, 4>;
  constexpr double left[] = {1.0, -2.0, nan, 0.0}, right[] = {2.0, -infinity, 1.0, -0.0};
  P const a = P::load(left), b = P::load(right);

  for (int l = 0; l < 4; ++l) {
    EXPECT_EQ(bit_cast<std::int64_t>(math::max(a, b)[l]), bit_cast<std::int64_t>(math::max(left[l], right[l])));
    EXPECT_EQ(bit_cast<std::int64_t>(math::min(a, b)[l]), bit_cast<std::int64_t>(math::min(left[l], right[l])));
    EXPECT_EQ(math::sign(a)[l], math::sign(left[l]));
    EXPECT_EQ(math::is_finite(a)[l], math::is_finite(left[l]));
    EXPECT_EQ(math::is_finite(b)[l], math::is_finite(right[l]));
  }
}

TEST(StaticFor, visits_a_half_open_range_in_either_direction) {
  std::vector<int> up, down, none;

  static_for<2, 5>([&](auto i) { up.push_back(i()); });
  static_for_reverse<2, 5>([&](auto i) { down.push_back(i()); });
  static_for<3, 3>([&](auto i) { none.push_back(i()); });

  EXPECT_EQ(up, (std::vector<int>{2, 3, 4}));
  EXPECT_EQ(down, (std::vector<int>{4, 3, 2}));
  EXPECT_TRUE(none.empty());
}

TEST(Vec, fills_converts_and_multiplies) {
  Vec<double, 3> const a{{1.0, -2.0, 0.5}};

  auto const twos = Vec<double, 3>::filled(2.0);
  auto const as_float = convert<float>(a);

  EXPECT_EQ(dot(a, twos), -1.0);
  EXPECT_EQ(as_float[1], -2.0F);
  static_assert(Vec<double, 3>::size == 3);
}

TEST(Vec, of_no_components_has_no_products) {
  Vec<double, 0> const empty{};
  EXPECT_EQ(dot(empty, empty), 0.0);
}

struct First {
  static constexpr std::string_view name = "first";
};
struct Second {
  static constexpr std::string_view name = "second";
};

TEST(TypeList, visits_all_in_order_or_one_by_name) {
  using List = TypeList<First, Second>;
  std::vector<std::string> all, one;

  for_each_type(List{}, [&]<class T>() { all.emplace_back(T::name); });
  bool const found = visit_named(List{}, "second", [&]<class T>() { one.emplace_back(T::name); });
  bool const found_other = visit_named(List{}, "third", [&]<class T>() { one.emplace_back(T::name); });

  EXPECT_EQ(all, names_of(List{}));
  EXPECT_TRUE(found);
  EXPECT_FALSE(found_other);
  EXPECT_EQ(one, std::vector<std::string>{"second"});
}

}  // namespace
}  // namespace retrace
