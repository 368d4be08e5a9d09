#include "results/timing_statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace retrace::results {
namespace {

std::vector<Sample> samples_of(std::vector<double> const& seconds, std::int32_t launch = 0) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    Sample sample;
    sample.launch = launch;
    sample.rep = static_cast<std::int32_t>(i);
    sample.seconds = seconds[i];
    samples.push_back(sample);
  }
  return samples;
}

CostRow summary_of(std::vector<double> const& seconds, TimingConditions conditions = {}) {
  std::vector<Sample> samples = samples_of(seconds);
  mark_samples(samples);
  CostRow cost;
  cost.timer_batch = 1;
  summarize_times(samples, conditions, cost);
  return cost;
}

int warm_ups(std::vector<double> const& seconds) {
  std::vector<Sample> samples = samples_of(seconds);
  mark_samples(samples);
  int count = 0;
  for (Sample const& sample : samples) count += sample.is_warmup ? 1 : 0;
  return count;
}

std::vector<double> normal(std::size_t count, double spread, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0.0, spread);
  std::vector<double> values(count);
  for (double& x : values) x = std::exp(noise(random));
  return values;
}

TEST(TimingStatistics, median_and_mad) {
  EXPECT_EQ(median_of({3.0, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median_of({4.0, 1.0, 2.0, 3.0}), 2.5);
  EXPECT_TRUE(std::isnan(median_of({})));
  std::vector<double> const values{1.0, 2.0, 4.0, 9.0, 2.5};
  EXPECT_EQ(mad_of(values, 2.5), 1.5);
}

TEST(TimingStatistics, rank_correlation) {
  EXPECT_DOUBLE_EQ(rank_correlation_with_order(std::vector{1.0, 2.0, 4.0, 8.0}), 1.0);
  EXPECT_DOUBLE_EQ(rank_correlation_with_order(std::vector{8.0, 4.0, 2.0, 1.0}), -1.0);
  EXPECT_DOUBLE_EQ(rank_correlation_with_order(std::vector{1.0, 1.0, 1.0}), 0.0);
  // Ties get the mean of their ranks: ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4.
  EXPECT_NEAR(rank_correlation_with_order(std::vector{5.0, 5.0, 6.0, 7.0}), 4.5 / std::sqrt(4.5 * 5.0), 1e-15);
}

TEST(TimingStatistics, warm_up_is_what_is_slow_at_first) {
  EXPECT_EQ(warm_ups({9.0, 3.0, 1.01, 1.0, 0.99, 1.0, 1.01}), 2);
  EXPECT_EQ(warm_ups({1.0, 1.01, 0.99, 1.0, 1.0}), 0);
  EXPECT_EQ(warm_ups({1.0, 1.0, 9.0, 1.0, 1.0, 1.0}), 0);     // slow, but not at first
  EXPECT_EQ(warm_ups({0.2, 1.0, 1.0, 1.0, 1.0}), 0);          // fast at first is no warm-up
  EXPECT_EQ(warm_ups({1.009, 1.0, 1.0, 1.0, 1.0}), 0);        // no spread at all: within 1 %
  EXPECT_LE(warm_ups({64.0, 32.0, 16.0, 8.0, 4.0, 2.0}), 3);  // never more than half
  EXPECT_EQ(warm_ups({}), 0);
}

TEST(TimingStatistics, outliers_are_flagged_and_counted) {
  std::vector<Sample> samples = samples_of({1.0, 1.01, 5.0, 0.99, 1.0, 1.02});
  mark_samples(samples);
  CostRow cost;
  summarize_times(samples, {}, cost);
  EXPECT_TRUE(samples[2].flagged);
  EXPECT_FALSE(samples[1].flagged);
  EXPECT_EQ(cost.n_samples, 6);
  EXPECT_EQ(cost.time_min, 0.99);
}

TEST(TimingStatistics, the_interval_covers_the_median_as_often_as_it_says) {
  constexpr int trials = 400;
  int covered = 0;
  for (unsigned seed = 0; seed < trials; ++seed) {
    std::vector<std::vector<double>> const launches{normal(15, 0.05, seed)};
    Interval const interval = median_interval(launches);
    covered += interval.low <= 1.0 && 1.0 <= interval.high ? 1 : 0;
  }
  // The percentile bootstrap of a median of 15 covers 95 % less a little; four standard errors of 400 trials are 4.4 %.
  EXPECT_NEAR(covered / static_cast<double>(trials), 0.95, 0.05);
}

TEST(TimingStatistics, launches_that_disagree_widen_the_interval) {
  std::vector<double> const low = normal(9, 0.001, 1);
  std::vector<double> high = low;
  for (double& x : high) x *= 1.2;
  std::vector<std::vector<double>> const one{low}, two{low, high};
  Interval const narrow = median_interval(one), wide = median_interval(two);
  EXPECT_LT(narrow.high - narrow.low, 0.01);
  EXPECT_GT(wide.high - wide.low, 0.19);
}

TEST(TimingStatistics, quality_says_why) {
  EXPECT_EQ(summary_of(normal(15, 0.005, 1)).timing_quality, TimingQuality::good);
  EXPECT_EQ(summary_of(normal(15, 0.005, 1)).timing_reason, "");

  CostRow const noisy = summary_of(normal(15, 0.1, 2));
  EXPECT_EQ(noisy.timing_quality, TimingQuality::noisy);
  EXPECT_EQ(noisy.timing_reason.find("spread "), 0U) << noisy.timing_reason;

  EXPECT_EQ(summary_of(normal(40, 0.5, 3)).timing_quality, TimingQuality::unstable);

  std::vector<double> drifting = normal(15, 0.001, 4);
  for (std::size_t i = 0; i < drifting.size(); ++i) drifting[i] *= 1.0 + 0.005 * static_cast<double>(i);
  CostRow const drift = summary_of(drifting);
  EXPECT_EQ(drift.timing_quality, TimingQuality::noisy);
  EXPECT_EQ(drift.timing_reason.find("drift of +"), 0U) << drift.timing_reason;

  CostRow const crowded = summary_of(normal(9, 0.005, 5), {.more_threads_than_cpus = true});
  EXPECT_EQ(crowded.timing_quality, TimingQuality::noisy);
  EXPECT_EQ(crowded.timing_reason, "more threads than processors");

  CostRow const fast = summary_of({1e-7, 1e-7, 1e-7}, {.timer_resolution = 1e-8});
  EXPECT_EQ(fast.timing_quality, TimingQuality::too_fast);
}

TEST(TimingStatistics, drift_is_rarely_seen_where_there_is_none) {
  constexpr int trials = 1000;
  int seen = 0;
  for (unsigned seed = 0; seed < trials; ++seed)
    seen += summary_of(normal(15, 0.02, seed)).timing_reason.find("drift") != std::string::npos ? 1 : 0;
  EXPECT_LT(seen, trials * 2 / 100);  // 1 % by its significance, and a change of 2 % on top
}

TEST(TimingStatistics, without_samples_nothing_is_said) {
  CostRow const cost = summary_of({});
  EXPECT_TRUE(std::isnan(cost.time_median));
  EXPECT_EQ(cost.timing_quality, TimingQuality::none);
}

}  // namespace
}  // namespace retrace::results
