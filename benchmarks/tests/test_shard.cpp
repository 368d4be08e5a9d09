#include "benchmarks/shard.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace retrace {
namespace {

std::vector<CaseSpec> cases_of(std::vector<std::int64_t> const& steps) {
  std::vector<CaseSpec> cases;
  for (std::int64_t const n : steps) {
    CaseSpec spec;
    spec.problem = "linear";
    spec.method = "aca";
    spec.solver = "rk4";
    spec.control.adaptive = false;
    spec.control.steps = n;
    cases.push_back(spec);
  }
  return cases;
}

TEST(Shard, is_one_part_of_so_many) {
  Shard const shard = Shard::parse("3/8");
  EXPECT_EQ(shard.index, 3);
  EXPECT_EQ(shard.count, 8);
  for (char const* wrong : {"", "3", "0/8", "9/8", "3/0", "-1/8", "3/8x", "a/b", "3 / 8"})
    EXPECT_THROW((void)Shard::parse(wrong), UsageError) << wrong;
}

TEST(Shard, every_case_is_in_one_shard) {
  auto const cases = cases_of({5, 900, 3, 3000, 1, 20, 20, 7, 40, 11, 6});
  for (int count : {1, 2, 3, 4, 20}) {
    std::map<std::int64_t, int> seen;
    std::size_t total = 0;
    for (int index = 1; index <= count; ++index) {
      auto const part = select_shard(cases, {index, count});
      total += part.size();
      for (CaseSpec const& spec : part) ++seen[spec.control.steps];
      EXPECT_LE(part.size(), (cases.size() + static_cast<std::size_t>(count) - 1) / static_cast<std::size_t>(count));
    }
    EXPECT_EQ(total, cases.size());
    EXPECT_EQ(seen[20], 2);
    EXPECT_EQ(seen.size(), 10U);
  }
}

TEST(Shard, the_longest_cases_are_dealt_first_and_stand_in_the_order_of_the_suite) {
  auto const cases = cases_of({1, 1000, 2, 900, 3, 800});
  auto const first = select_shard(cases, {1, 3});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].control.steps, 1000);
  EXPECT_EQ(first[1].control.steps, 3);
}

TEST(Shard, work_grows_with_steps_trajectories_and_widths) {
  CaseSpec small = cases_of({100}).front(), large = small;
  large.problem_args["n"] = 64;
  EXPECT_GT(rough_work(large), rough_work(small));
  large.problem_args["widths"] = {8, 64, 8};
  EXPECT_EQ(rough_work(large), 100.0 * 64.0 * 1024.0);
  CaseSpec loose = small, tight = small;
  loose.control = {.adaptive = true, .rtol = 1e-3};
  tight.control = {.adaptive = true, .rtol = 1e-9};
  EXPECT_GT(rough_work(tight), rough_work(loose));
}

}  // namespace
}  // namespace retrace
