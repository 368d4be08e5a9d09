#include "results/compare/launch_test.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>

namespace retrace::compare {

namespace {

struct Moments {
  double mean = 0.0, variance = 0.0, count = 0.0;
};

Moments log_moments(std::span<double const> medians) {
  if (medians.size() < 2) throw std::invalid_argument("test_launches: at least two launches on each side");
  Moments m{.count = static_cast<double>(medians.size())};
  for (double const x : medians) {
    if (!(x > 0.0) || !std::isfinite(x)) throw std::invalid_argument("test_launches: a median is not positive");
    m.mean += std::log(x) / m.count;
  }
  for (double const x : medians) m.variance += (std::log(x) - m.mean) * (std::log(x) - m.mean) / (m.count - 1.0);
  return m;
}

struct Welch {
  double standard_error, degrees;
};

/// Of a difference of two means of `m` and `n` values. Without any spread the degrees do not matter.
Welch welch(double old_variance, double m, double new_variance, double n) {
  double const a = old_variance / m, b = new_variance / n, sum = a + b;
  if (!(sum > 0.0)) return {0.0, m + n - 2.0};
  return {std::sqrt(sum), sum * sum / (a * a / (m - 1.0) + b * b / (n - 1.0))};
}

double quantile(double probability, double degrees) {
  return boost::math::quantile(boost::math::students_t(degrees), probability);
}

/// P(T > t), also for an error of zero.
double upper_tail(double difference, Welch const& w) {
  if (w.standard_error == 0.0) return difference > 0.0 ? 0.0 : 1.0;
  return boost::math::cdf(boost::math::complement(boost::math::students_t(w.degrees), difference / w.standard_error));
}

TimeVerdict verdict_of(double change, Welch const& w, TimeRules const& rules) {
  double const slow = std::log1p(rules.slower), equal = std::log1p(rules.same);
  double const bound = quantile(rules.confidence, w.degrees) * w.standard_error;
  if (change - bound > slow) return TimeVerdict::slower;
  if (change + bound < -slow) return TimeVerdict::faster;
  double const half = quantile(0.5 + 0.5 * rules.same_confidence, w.degrees) * w.standard_error;
  return std::abs(change) + half < equal ? TimeVerdict::same : TimeVerdict::inconclusive;
}

int launches_to_decide(double change, Moments const& old_side, Moments const& new_side, TimeRules const& rules) {
  constexpr int most = 10'000;
  auto const decided = [&](int n) {
    Welch const w = welch(old_side.variance, n, new_side.variance, n);
    return verdict_of(change, w, rules) != TimeVerdict::inconclusive;
  };
  if (!decided(most)) return 0;
  int low = 2, high = most;  // intervals shrink with n, so a decision once reached stays
  while (low < high) {
    int const middle = (low + high) / 2;
    if (decided(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return std::max(low, rules.launches);
}

}  // namespace

LaunchTest test_launches(std::span<double const> old_medians, std::span<double const> new_medians,
                         TimeRules const& rules) {
  Moments const old_side = log_moments(old_medians), new_side = log_moments(new_medians);
  Welch const w = welch(old_side.variance, old_side.count, new_side.variance, new_side.count);
  double const change = new_side.mean - old_side.mean, slow = std::log1p(rules.slower);
  double const half = quantile(0.5 + 0.5 * rules.same_confidence, w.degrees) * w.standard_error;

  LaunchTest test;
  test.log_change = change;
  test.standard_error = w.standard_error;
  test.degrees_of_freedom = w.degrees;
  test.interval_low = change - half;
  test.interval_high = change + half;
  test.p_slower = upper_tail(change - slow, w);
  test.p_faster = upper_tail(-change - slow, w);
  test.verdict = verdict_of(change, w, rules);
  double const reach = quantile(rules.confidence, w.degrees) + quantile(rules.power, w.degrees);
  test.detectable_change = std::expm1(slow + reach * w.standard_error);
  test.launches_needed = launches_to_decide(change, old_side, new_side, rules);
  return test;
}

std::vector<bool> benjamini_hochberg(std::span<double const> p_values, double q) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::size_t rejected = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    double const limit = q * static_cast<double>(k + 1) / static_cast<double>(order.size());
    if (p_values[order[k]] <= limit) rejected = k + 1;
  }
  std::vector<bool> rejects(p_values.size(), false);
  for (std::size_t k = 0; k < rejected; ++k) rejects[order[k]] = true;
  return rejects;
}

void control_false_discoveries(std::span<LaunchTest> tests, double q) {
  auto const withdraw = [&](TimeVerdict verdict, double LaunchTest::*p) {
    std::vector<double> p_values;
    for (LaunchTest const& test : tests) p_values.push_back(test.*p);
    std::vector<bool> const stands = benjamini_hochberg(p_values, q);
    for (std::size_t i = 0; i < tests.size(); ++i) {
      if (tests[i].verdict == verdict && !stands[i]) tests[i].verdict = TimeVerdict::inconclusive;
    }
  };
  withdraw(TimeVerdict::slower, &LaunchTest::p_slower);
  withdraw(TimeVerdict::faster, &LaunchTest::p_faster);
}

}  // namespace retrace::compare
