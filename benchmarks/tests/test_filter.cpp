#include "benchmarks/filter.hpp"
#include "benchmarks/tests/example_vocabulary.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace retrace::test {
namespace {

constexpr std::string_view id = "lorenz63/aca/rk4/steps64/n1024-T2/f64/default";
std::vector<std::string> const tags{"chaotic", "slow"};

bool selects(std::string_view expression) {
  return CaseFilter::parse(expression).matches(id, tags);
}

TEST(Glob, one_star_stays_within_a_segment) {
  EXPECT_TRUE(glob_matches("a/*/c", "a/b/c"));
  EXPECT_TRUE(glob_matches("a/*/c", "a//c"));
  EXPECT_FALSE(glob_matches("a/*/c", "a/b/b/c"));
  EXPECT_FALSE(glob_matches("a*", "ab/c"));
  EXPECT_TRUE(glob_matches("a*c*", "abcd"));
}

TEST(Glob, two_stars_cross_segments) {
  EXPECT_TRUE(glob_matches("**", "a/b/c"));
  EXPECT_TRUE(glob_matches("a/**", "a/b/c"));
  EXPECT_TRUE(glob_matches("a**c", "ab/bc"));
  EXPECT_FALSE(glob_matches("a/**/d", "a/b/c"));
}

TEST(Glob, two_stars_and_a_slash_stand_for_whole_segments) {
  EXPECT_TRUE(glob_matches("**/c", "c"));
  EXPECT_TRUE(glob_matches("**/c", "a/b/c"));
  EXPECT_TRUE(glob_matches("a/**/c", "a/c"));
  EXPECT_TRUE(glob_matches("a/**/c", "a/b/b/c"));
  EXPECT_FALSE(glob_matches("**/c", "a/bc"));
}

TEST(Glob, question_mark_is_one_character_but_no_slash) {
  EXPECT_TRUE(glob_matches("rk?", "rk4"));
  EXPECT_FALSE(glob_matches("rk?", "rk"));
  EXPECT_FALSE(glob_matches("a?b", "a/b"));
}

TEST(Glob, other_characters_stand_for_themselves) {
  EXPECT_TRUE(glob_matches("rtol1e-6", "rtol1e-6"));
  EXPECT_FALSE(glob_matches("rtol1e.6", "rtol1e-6"));
  EXPECT_FALSE(glob_matches("[ab]", "a"));
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_FALSE(glob_matches("", "a"));
}

TEST(Glob, takes_no_exponential_time) {
  std::string const text(300, 'a');
  std::string glob;
  for (int i = 0; i < 100; ++i) glob += "*a";
  auto const begin = std::chrono::steady_clock::now();

  EXPECT_FALSE(glob_matches(glob + "b", text));

  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));  // backtracking would take years
}

TEST(CaseFilter, globs_match_the_whole_id) {
  EXPECT_TRUE(selects("lorenz63/*/rk4/**"));
  EXPECT_TRUE(selects("**/rk4/**"));
  EXPECT_FALSE(selects("lorenz63/*"));
  EXPECT_FALSE(selects("linear/**"));
}

TEST(CaseFilter, a_glob_without_slash_asks_for_a_segment) {
  EXPECT_TRUE(selects("lorenz63"));
  EXPECT_TRUE(selects("rk4"));
  EXPECT_TRUE(selects("default"));
  EXPECT_TRUE(selects("lor*"));
  EXPECT_FALSE(selects("lorenz"));
  EXPECT_FALSE(selects("rk"));
}

TEST(CaseFilter, tags) {
  EXPECT_TRUE(selects("tag:chaotic"));
  EXPECT_TRUE(selects("tag:cha*"));
  EXPECT_FALSE(selects("tag:stiff"));
}

TEST(CaseFilter, operators_and_their_precedence) {
  EXPECT_FALSE(selects("tag:chaotic & !tag:slow"));
  EXPECT_TRUE(selects("tag:stiff | tag:slow"));
  EXPECT_TRUE(selects("tag:slow | tag:stiff & tag:stiff"));  // & binds closer
  EXPECT_FALSE(selects("(tag:slow | tag:stiff) & tag:stiff"));
  EXPECT_TRUE(selects("!tag:stiff & rk4"));  // ! binds closest
  EXPECT_FALSE(selects("!(tag:slow | rk4)"));
  EXPECT_TRUE(selects("!!rk4"));
  EXPECT_TRUE(selects("  rk4&lorenz63  "));
}

std::string error_of(std::string_view expression) {
  return message_of([&] { static_cast<void>(CaseFilter::parse(expression)); });
}

TEST(CaseFilter, bad_syntax_is_an_error_with_its_place) {
  EXPECT_EQ(error_of(""), "filter '', column 1: expected a glob on the case id, tag:NAME, '!' or '('");
  EXPECT_EQ(error_of("rk4 &"), "filter 'rk4 &', column 6: expected a glob on the case id, tag:NAME, '!' or '('");
  EXPECT_EQ(error_of("| rk4"), "filter '| rk4', column 1: expected a glob on the case id, tag:NAME, '!' or '('");
  EXPECT_EQ(error_of("rk4 euler"), "filter 'rk4 euler', column 5: expected '&' or '|' before the next condition");
  EXPECT_EQ(error_of("rk4 & (a | b"), "filter 'rk4 & (a | b', column 7: '(' is never closed");
  EXPECT_EQ(error_of("rk4)"), "filter 'rk4)', column 4: ')' closes nothing");
  EXPECT_EQ(error_of("()"), "filter '()', column 2: expected a glob on the case id, tag:NAME, '!' or '('");
  EXPECT_EQ(error_of("tag:"), "filter 'tag:', column 1: expected a name after 'tag:'");
  EXPECT_EQ(error_of("a & tga:stiff"), "filter 'a & tga:stiff', column 5: unknown prefix 'tga:'; did you mean 'tag:'?");
  EXPECT_NE(error_of(std::string(1000, '(')).find("nested more than 200 deep"), std::string::npos);
}

std::vector<CaseSpec> two_cases() {
  CaseSpec first, second;
  first.problem = "linear";
  first.tags = {"analytic"};
  second.problem = "lorenz63";
  for (CaseSpec* spec : {&first, &second}) spec->method = spec->solver = spec->size = "x";
  return {first, second};
}

TEST(SelectCases, keeps_and_drops) {
  auto const all = two_cases();
  std::vector<CaseFilter> const linear{CaseFilter::parse("linear")}, lorenz{CaseFilter::parse("lorenz63")},
      both{linear[0], lorenz[0]}, analytic{CaseFilter::parse("tag:analytic")};

  EXPECT_EQ(select_cases(all, {}, {}).size(), 2U);
  EXPECT_EQ(select_cases(all, both, {}).size(), 2U);
  EXPECT_EQ(select_cases(all, linear, {}).front().problem, "linear");
  EXPECT_EQ(select_cases(all, {}, analytic).front().problem, "lorenz63");
  EXPECT_TRUE(select_cases(all, linear, analytic).empty());
}

}  // namespace
}  // namespace retrace::test
