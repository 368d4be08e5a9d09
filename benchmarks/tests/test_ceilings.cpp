// Repetitions far too short for numbers worth printing: what is asked for here holds on a busy machine, too.
#include "benchmarks/ceilings.hpp"
#include "core/error.hpp"

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace retrace {
namespace {

CeilingPlan tiny_plan() {
  CeilingPlan plan;
  plan.gemm_shapes = {{7, 5, 3}, {32, 32, 32}};
  plan.repetitions = 3;
  plan.repetition_seconds = 1e-3;
  plan.caches = {.l1 = 16 << 10, .l2 = 64 << 10, .last = 256 << 10, .last_shared_by = 2};
  return plan;
}

double rate(std::vector<Ceiling> const& ceilings, std::string const& key) {
  auto const found = std::ranges::find_if(ceilings, [&](Ceiling const& c) { return c.key == key && c.threads == 1; });
  return found == ceilings.end() ? std::numeric_limits<double>::quiet_NaN() : found->most;
}

TEST(Ceilings, are_finite_positive_and_ordered) {
  std::vector<Ceiling> const ceilings = measure_ceilings(tiny_plan());

  std::size_t const one_thread = 2 + 3 + 2 * 2;  // fma, triad, two shapes in two precisions
  int const threads = Kokkos::DefaultHostExecutionSpace().concurrency();
  ASSERT_EQ(ceilings.size(), threads > 1 ? 2 * one_thread : one_thread);
  std::set<std::string> seen;
  for (Ceiling const& ceiling : ceilings) {
    EXPECT_TRUE(std::isfinite(ceiling.median) && std::isfinite(ceiling.most)) << ceiling.key;
    EXPECT_GT(ceiling.least, 0.0) << ceiling.key;
    EXPECT_LE(ceiling.least, ceiling.median) << ceiling.key;
    EXPECT_LE(ceiling.median, ceiling.most) << ceiling.key;
    EXPECT_EQ(ceiling.repetitions, 3) << ceiling.key;
    EXPECT_TRUE(seen.insert(ceiling.key + std::to_string(ceiling.threads)).second) << ceiling.key << " twice";
  }
}

TEST(Ceilings, multiply_adds_on_registers_are_no_slower_than_in_a_triad) {
  std::vector<Ceiling> const ceilings = measure_ceilings(tiny_plan());

  // The triad does two operations for every 24 bytes.
  EXPECT_GE(rate(ceilings, "fma_gflops_f64"), rate(ceilings, "triad_l1_gbytes_f64") * 2.0 / 24.0);
}

TEST(Ceilings, arrays_in_memory_are_larger_than_the_caches_and_within_the_limit) {
  CeilingPlan plan = tiny_plan();
  for (std::int64_t const most : {std::int64_t{4} << 20, std::int64_t{100} << 10}) {
    plan.most_bytes = most;
    for (Ceiling const& ceiling : measure_ceilings(plan)) {
      if (ceiling.key != "triad_memory_gbytes_f64") continue;
      EXPECT_LE(ceiling.bytes, most);
      constexpr double rounding = 0.98;  // to whole cache lines
      EXPECT_GE(static_cast<double>(ceiling.bytes),
                rounding * static_cast<double>(std::min(most, 4 * plan.caches.last)));
    }
  }
}

TEST(Ceilings, what_has_not_begun_at_the_limit_is_left_out) {
  CeilingPlan plan = tiny_plan();
  plan.limit_seconds = -1.0;

  EXPECT_TRUE(measure_ceilings(plan).empty());
  EXPECT_TRUE(ceiling_rows({}).empty());
}

TEST(Ceilings, rows_have_both_thread_counts) {
  Ceiling one{.key = "fma_gflops_f64", .unit = "GFLOP/s", .threads = 1, .median = 51.25, .least = 50, .most = 52};
  Ceiling four = one;
  four.threads = 4;
  four.median = 200.0;

  auto const both = ceiling_rows({one, four});
  ASSERT_EQ(both.size(), 5U);
  EXPECT_EQ(both[0].scope, "host");
  EXPECT_EQ(both[0].key, "ceiling_fma_gflops_f64_1thread");
  EXPECT_EQ(both[0].value, "51.25");
  EXPECT_EQ(both[1].key, "ceiling_fma_gflops_f64_all_threads");
  EXPECT_EQ(both[1].value, "200");
  EXPECT_EQ(both[2].key, "ceiling_widest_spread");
  EXPECT_EQ(both[2].value, "0.039");
  EXPECT_EQ(both[3].value, "4");
  EXPECT_EQ(both[4].value, gemm_library());

  auto const single = ceiling_rows({one});
  ASSERT_EQ(single.size(), 5U);
  EXPECT_EQ(single[1].key, "ceiling_fma_gflops_f64_all_threads");
  EXPECT_EQ(single[1].value, "51.25");
}

TEST(GemmShape, is_read_in_both_forms) {
  EXPECT_EQ(to_string(parse_gemm_shape("64,1024,32")), "64x1024x32");
  EXPECT_EQ(to_string(parse_gemm_shape("64x1024x32")), "64x1024x32");
  for (std::string const bad :
       {"", "64", "64,32", "64,32,", "64,32,0", "64,32,-1", "1,2,3,4", "a,b,c", "1,2,99999", "1, 2, 3", "1,2,3 "}) {
    EXPECT_THROW(static_cast<void>(parse_gemm_shape(bad)), UsageError) << '\'' << bad << '\'';
  }
}

TEST(CacheSizes, grow_with_the_level) {
  CacheSizes const sizes = cache_sizes();

  EXPECT_GE(sizes.l1, 1 << 10);
  EXPECT_GE(sizes.l2, sizes.l1);
  EXPECT_GE(sizes.last, sizes.l2);
  EXPECT_GE(sizes.last_shared_by, 1);
}

}  // namespace
}  // namespace retrace
