#include "core/error.hpp"
#include "core/nearest_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retrace {
namespace {

std::vector<std::string> const solvers{"euler", "midpoint", "rk4", "heun_euler21", "dormand_prince54"};

TEST(EditDistance, counts_each_kind_of_mistake_once) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
  EXPECT_EQ(edit_distance("abc", "axc"), 1U);   // substitution
  EXPECT_EQ(edit_distance("abc", "abbc"), 1U);  // insertion
  EXPECT_EQ(edit_distance("abc", "ac"), 1U);    // deletion
  EXPECT_EQ(edit_distance("abc", "acb"), 1U);   // swap of neighbours
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(EditDistance, is_symmetric) {
  for (std::string const& a : solvers) {
    for (std::string const& b : solvers) EXPECT_EQ(edit_distance(a, b), edit_distance(b, a)) << a << ' ' << b;
  }
}

TEST(EditDistance, ignores_case_and_the_kind_of_dash) {
  EXPECT_EQ(edit_distance("Heun-Euler21", "heun_euler21"), 0U);
}

TEST(NearestName, finds_what_was_meant) {
  EXPECT_EQ(nearest_name("rk5", solvers), "rk4");
  EXPECT_EQ(nearest_name("eulre", solvers), "euler");
  EXPECT_EQ(nearest_name("dormand_prince45", solvers), "dormand_prince54");
  EXPECT_EQ(nearest_name("DormandPrince54", solvers), "dormand_prince54");
}

TEST(NearestName, is_silent_when_nothing_is_near) {
  EXPECT_EQ(nearest_name("backward_differences", solvers), std::nullopt);
  EXPECT_EQ(nearest_name("x", std::vector<std::string>{"y"}), std::nullopt);
  EXPECT_EQ(nearest_name("", solvers), std::nullopt);
  EXPECT_EQ(nearest_name("rk4", {}), std::nullopt);
}

TEST(NearestName, of_equally_near_names_the_first_wins) {
  EXPECT_EQ(nearest_name("rk5", std::vector<std::string>{"rk4", "rk6"}), "rk4");
}

TEST(UnknownNameMessage, suggests_or_lists) {
  EXPECT_EQ(unknown_name_message("solver", "rk5", solvers), "unknown solver 'rk5'; did you mean 'rk4'?");
  EXPECT_EQ(unknown_name_message("solver", "implicit", std::vector<std::string>{"euler", "rk4"}),
            "unknown solver 'implicit'; valid: euler, rk4");
  EXPECT_EQ(unknown_name_message("tag", "x", {}), "unknown tag 'x'; none is valid here");
}

TEST(Errors, carry_their_message) {
  EXPECT_STREQ(UsageError("what").what(), "what");
  EXPECT_STREQ(EnvironmentError("where").what(), "where");
}

}  // namespace
}  // namespace retrace
