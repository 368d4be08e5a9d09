#include "core/lane_loops.hpp"
#include "core/math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace retrace {
namespace {

template <class T>
class LaneLoops : public ::testing::Test {};
using Numbers = ::testing::Types<float, double>;
TYPED_TEST_SUITE(LaneLoops, Numbers);

TYPED_TEST(LaneLoops, meet_every_entry_once_whatever_the_bounds) {
  constexpr int W = loop_lanes<TypeParam>;
  for (std::int64_t const first : {0, 1, 5}) {
    for (std::int64_t const count : {0, 1, W - 1, W, W + 1, 3 * W + 2}) {
      std::vector<TypeParam> visits(static_cast<std::size_t>(first + count + 3), TypeParam(0));
      for_lanes<W>(first, first + count, [&](auto width, std::int64_t i) {
        using X = Lanes<TypeParam, width()>;
        store_lanes(load_lanes<width()>(visits.data() + i) + X(TypeParam(1)), visits.data() + i);
      });
      for (std::int64_t i = 0; i < std::ssize(visits); ++i)
        EXPECT_EQ(visits[static_cast<std::size_t>(i)], i >= first && i < first + count ? 1 : 0) << first << ' ' << i;
    }
  }
}

template <int W, class T>
std::vector<T> tanh_of(std::vector<T> x) {
  for_lanes<W>(0, std::ssize(x), [&](auto width, std::int64_t i) {
    store_lanes(math::tanh(load_lanes<width()>(x.data() + i)), x.data() + i);
  });
  return x;
}

TYPED_TEST(LaneLoops, give_an_entry_the_same_bits_in_a_pack_and_alone) {
  constexpr int W = loop_lanes<TypeParam>;
  std::vector<TypeParam> x;
  for (int i = 0; i < 3 * W; ++i) x.push_back(std::sin(static_cast<TypeParam>(i)) * TypeParam(2));

  EXPECT_EQ(tanh_of<W>(x), tanh_of<1>(x));
}

TYPED_TEST(LaneLoops, add_up_all_entries) {
  constexpr int W = loop_lanes<TypeParam>;
  for (std::int64_t const count : {0, 1, W, 4 * W + 3}) {
    std::vector<TypeParam> x(static_cast<std::size_t>(count));
    std::iota(x.begin(), x.end(), TypeParam(1));

    TypeParam const sum = sum_of_lanes<W, TypeParam>(
        0, count, [&](auto width, std::int64_t i) { return load_lanes<width()>(x.data() + i); });

    EXPECT_EQ(sum, static_cast<TypeParam>(count * (count + 1) / 2));
  }
}

}  // namespace
}  // namespace retrace
