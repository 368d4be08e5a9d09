#include "results/compare/launch_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

namespace retrace::compare {
namespace {

/// Medians of launches around `seconds` with that log-normal scatter.
std::vector<double> launches(int count, double seconds, double noise, std::mt19937_64& random) {
  std::normal_distribution<double> scatter(0.0, noise);
  std::vector<double> medians;
  for (int i = 0; i < count; ++i) medians.push_back(seconds * std::exp(scatter(random)));
  return medians;
}

std::vector<double> exponentials(std::vector<double> logs) {
  for (double& x : logs) x = std::exp(x);
  return logs;
}

TEST(LaunchTest, welch_of_worked_numbers) {
  // Logs 1, 2, 3, 4, 5 (mean 3, variance 2.5) and 2, 4, 6, 8, 10 (mean 6, variance 10): error sqrt(0.5 + 2), degrees
  // 2.5^2 / (0.5^2 / 4 + 2^2 / 4) = 6.25 / 1.0625, both by hand.
  LaunchTest const test = test_launches(exponentials({1, 2, 3, 4, 5}), exponentials({2, 4, 6, 8, 10}), {});

  constexpr double rounding = 1e-12;  // logarithms of exponentials
  EXPECT_NEAR(test.log_change, 3.0, rounding);
  EXPECT_NEAR(test.standard_error, std::sqrt(2.5), rounding);
  EXPECT_NEAR(test.degrees_of_freedom, 6.25 / 1.0625, rounding);
}

TEST(LaunchTest, quantiles_are_students) {
  // Four degrees of freedom: equal variances on 3 and 3 launches. t(0.95; 4) = 2.1318, from any table.
  LaunchTest const test = test_launches(exponentials({-0.1, 0.0, 0.1}), exponentials({0.4, 0.5, 0.6}), {});

  constexpr double of_the_table = 1e-4;
  ASSERT_NEAR(test.degrees_of_freedom, 4.0, 1e-9);
  EXPECT_NEAR((test.interval_high - test.log_change) / test.standard_error, 2.1318, of_the_table);
  EXPECT_NEAR((test.log_change - test.interval_low) / test.standard_error, 2.1318, of_the_table);
}

TEST(LaunchTest, verdicts) {
  std::vector<double> const old_side{1.0, 1.001, 0.999, 1.0005, 0.9995};
  auto const scaled = [&](double factor) {
    std::vector<double> medians = old_side;
    for (double& x : medians) x *= factor;
    return test_launches(old_side, medians, {}).verdict;
  };

  EXPECT_EQ(scaled(1.10), TimeVerdict::slower);
  EXPECT_EQ(scaled(1.04), TimeVerdict::slower);
  EXPECT_EQ(scaled(1.02), TimeVerdict::same);  // significant, but a slow-down of 3 % is accepted
  EXPECT_EQ(scaled(1.00), TimeVerdict::same);
  EXPECT_EQ(scaled(0.98), TimeVerdict::same);
  EXPECT_EQ(scaled(0.90), TimeVerdict::faster);
}

TEST(LaunchTest, scatter_makes_it_inconclusive_and_says_what_would_help) {
  std::vector<double> const old_side{1.0, 1.2, 0.9, 1.1, 0.8}, new_side{1.1, 1.3, 1.0, 1.2, 0.9};

  LaunchTest const test = test_launches(old_side, new_side, {});

  EXPECT_EQ(test.verdict, TimeVerdict::inconclusive);
  EXPECT_GT(test.detectable_change, std::expm1(test.log_change));
  EXPECT_GT(test.launches_needed, 5);
}

TEST(LaunchTest, so_many_launches_do_decide) {
  // The same two spreads, repeated: variance and difference stay, the error falls.
  std::vector<double> const old_side{1.0, 1.2, 0.9, 1.1, 0.8}, new_side{1.2, 1.4, 1.1, 1.3, 1.0};
  LaunchTest const few = test_launches(old_side, new_side, {});
  ASSERT_EQ(few.verdict, TimeVerdict::inconclusive);
  auto const repeated = [&](int times) {
    std::vector<double> old_many, new_many;
    for (int i = 0; i < times; ++i) {
      old_many.insert(old_many.end(), old_side.begin(), old_side.end());
      new_many.insert(new_many.end(), new_side.begin(), new_side.end());
    }
    return test_launches(old_many, new_many, {}).verdict;
  };

  // Repeating lowers the estimate of the variance by (n - 1) / n, so the bound below is one set of five short.
  int const sets = few.launches_needed / 5;
  EXPECT_EQ(repeated(sets + 1), TimeVerdict::slower);
  EXPECT_EQ(repeated(sets / 2), TimeVerdict::inconclusive);
}

TEST(LaunchTest, no_scatter_at_all) {
  std::vector<double> const old_side(5, 1.0);
  EXPECT_EQ(test_launches(old_side, old_side, {}).verdict, TimeVerdict::same);
  EXPECT_EQ(test_launches(old_side, std::vector<double>(5, 1.2), {}).verdict, TimeVerdict::slower);
  EXPECT_EQ(test_launches(old_side, std::vector<double>(5, 1.2), {}).p_slower, 0.0);
}

TEST(LaunchTest, refuses_what_has_no_logarithm) {
  std::vector<double> const good{1.0, 1.0}, one{1.0};
  for (double const bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW((void)test_launches(good, std::vector<double>{1.0, bad}, {}), std::invalid_argument);
  EXPECT_THROW((void)test_launches(one, good, {}), std::invalid_argument);
}

TEST(BenjaminiHochberg, example_of_the_paper) {
  // Benjamini & Hochberg (1995), Sec. 4: fifteen hypotheses, q = 0.05, the first four are rejected.
  std::vector<double> const p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                              0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  std::vector<bool> const rejects = benjamini_hochberg(p, 0.05);
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_EQ(rejects[i], i < 4) << i;
}

TEST(BenjaminiHochberg, a_later_one_carries_earlier_ones) {
  // 0.04 alone is above 0.05 / 2; 0.045 is below 0.05, and carries it. Order does not matter.
  std::vector<double> const p{0.045, 0.04};
  EXPECT_EQ(benjamini_hochberg(p, 0.05), (std::vector<bool>{true, true}));
  EXPECT_TRUE(benjamini_hochberg({}, 0.05).empty());
}

TEST(FalseDiscoveries, one_doubtful_of_many_is_withdrawn) {
  std::vector<LaunchTest> tests(40);
  tests[7].verdict = TimeVerdict::slower;
  tests[7].p_slower = 0.008;  // below 1 %, but 40 cases were asked: 0.05 / 40 is the limit
  tests[8].verdict = TimeVerdict::slower;
  tests[8].p_slower = 1e-6;
  control_false_discoveries(tests, 0.05);
  EXPECT_EQ(tests[7].verdict, TimeVerdict::inconclusive);
  EXPECT_EQ(tests[8].verdict, TimeVerdict::slower);
}

// --- How often the verdicts are wrong
// ----------------------------------------------------------------------------------

/// Suites of `cases` cases, of which one or more are called slower.
int red_suites(int suites, int cases, double slow_down, double noise, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  TimeRules const rules;
  int red = 0;
  for (int s = 0; s < suites; ++s) {
    std::vector<LaunchTest> tests;
    for (int c = 0; c < cases; ++c) {
      auto const old_side = launches(rules.launches, 1.0, noise, random);
      tests.push_back(test_launches(old_side, launches(rules.launches, 1.0 + slow_down, noise, random), rules));
    }
    control_false_discoveries(tests, rules.false_discovery);
    red += std::ranges::any_of(tests, [](LaunchTest const& t) { return t.verdict == TimeVerdict::slower; }) ? 1 : 0;
  }
  return red;
}

constexpr int comparisons = 200;

TEST(LaunchSimulation, false_alarms_are_rare) {
  constexpr int allowed = 3;  // fewer than 2 % of 200
  for (double const noise : {0.01, 0.05, 0.20}) {
    int const single = red_suites(comparisons, 1, 0.0, noise, 1), suites = red_suites(comparisons, 40, 0.0, noise, 2);
    RecordProperty("single_" + std::to_string(noise), single);
    RecordProperty("suite_" + std::to_string(noise), suites);
    EXPECT_LE(single, allowed) << noise;
    EXPECT_LE(suites, allowed) << noise;
  }
}

TEST(LaunchSimulation, slow_down_of_ten_percent_is_found) {
  constexpr int needed = 191;  // more than 95 % of 200
  int const found = red_suites(comparisons, 1, 0.10, 0.01, 3);
  RecordProperty("found", found);
  EXPECT_GE(found, needed);
}

TEST(LaunchSimulation, accepted_slow_down_is_rarely_called_one) {
  // At exactly the accepted 3 % the one-sided test errs in 1 % of the cases, by construction. 200 comparisons have 2
  // on average; 8 or more come with a probability below 0.1 % (binomial).
  EXPECT_LE(red_suites(comparisons, 1, 0.03, 0.01, 4), 7);
}

TEST(LaunchSimulation, detectable_change_is_detected_that_often) {
  std::mt19937_64 random(5);
  TimeRules const rules;
  constexpr double noise = 0.02;
  double mean_detectable = 0.0;
  constexpr int trials = 2000;
  for (int i = 0; i < trials; ++i) {
    auto const a = launches(rules.launches, 1.0, noise, random), b = launches(rules.launches, 1.0, noise, random);
    mean_detectable += test_launches(a, b, rules).detectable_change / trials;
  }
  int found = 0;
  for (int i = 0; i < trials; ++i) {
    auto const a = launches(rules.launches, 1.0, noise, random),
               b = launches(rules.launches, 1.0 + mean_detectable, noise, random);
    found += test_launches(a, b, rules).verdict == TimeVerdict::slower ? 1 : 0;
  }
  // `power` is 95 %; the formula takes Student's t for its non-central relative, and the mean for each trial's own.
  constexpr double slack = 0.03;
  EXPECT_NEAR(static_cast<double>(found) / trials, rules.power, slack);
}

}  // namespace
}  // namespace retrace::compare
