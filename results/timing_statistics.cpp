#include "results/timing_statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace retrace::results {

namespace {

/// Seconds of the samples that count, by launch.
std::map<std::int32_t, std::vector<double>> by_launch(std::span<Sample const> samples) {
  std::map<std::int32_t, std::vector<double>> launches;
  for (Sample const& sample : samples) {
    if (sample.phase == Phase::total && !sample.is_warmup) launches[sample.launch].push_back(sample.seconds);
  }
  return launches;
}

double spread_of(std::span<double const> values) {
  auto const n = static_cast<double>(values.size());
  if (n < 2.0) return 0.0;
  double const mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double square = 0.0;
  for (double const x : values) square += (x - mean) * (x - mean);
  return std::sqrt(square / (n - 1.0)) / mean;
}

/// Relative change from the first third to the last, if the order of the samples explains it; else 0.
double drift_of(std::span<double const> values, TimingRules const& rules) {
  constexpr std::size_t least = 6;  // two in a third
  if (values.size() < least) return 0.0;
  double const rho = rank_correlation_with_order(values);
  if (std::abs(rho) * std::sqrt(static_cast<double>(values.size()) - 1.0) < rules.drift_significance) return 0.0;
  std::size_t const third = values.size() / 3;
  double const first = median_of({values.begin(), values.begin() + static_cast<std::ptrdiff_t>(third)}),
               last = median_of({values.end() - static_cast<std::ptrdiff_t>(third), values.end()});
  double const change = last / first - 1.0;
  return std::abs(change) < rules.drift_change ? 0.0 : change;
}

void add_reason(std::string& reasons, std::string const& reason) {
  reasons += (reasons.empty() ? "" : "; ") + reason;
}

void judge_quality(std::map<std::int32_t, std::vector<double>> const& launches, TimingConditions const& conditions,
                   TimingRules const& rules, CostRow& cost) {
  TimingQuality quality = TimingQuality::good;
  std::string reasons;
  auto const at_least = [&quality](TimingQuality worse) { quality = std::max(quality, worse); };
  if (cost.time_cv > rules.good_spread) {
    at_least(cost.time_cv > rules.noisy_spread ? TimingQuality::unstable : TimingQuality::noisy);
    add_reason(reasons, fmt::format("spread {:.1f} %", 100.0 * cost.time_cv));
  }
  double drift = 0.0;
  for (auto const& [launch, values] : launches) {
    double const own = drift_of(values, rules);
    if (std::abs(own) > std::abs(drift)) drift = own;
  }
  if (drift != 0.0) {
    at_least(TimingQuality::noisy);
    add_reason(reasons, fmt::format("drift of {:+.1f} % over the repetitions", 100.0 * drift));
  }
  if (conditions.more_threads_than_cpus) {
    at_least(TimingQuality::noisy);
    add_reason(reasons, "more threads than processors");
  }
  constexpr double least_ticks = 50.0;
  double const sample_seconds = cost.time_median * std::max(cost.timer_batch, 1);
  if (sample_seconds < least_ticks * conditions.timer_resolution) {
    quality = TimingQuality::too_fast;
    add_reason(reasons, fmt::format("a sample of {:.1e} s, the clock ticks every {:.1e} s", sample_seconds,
                                    conditions.timer_resolution));
  }
  cost.timing_quality = quality;
  cost.timing_reason = reasons;
}

/// The samples of one launch, in the order of their repetitions.
void mark_launch(std::vector<Sample*> const& samples, TimingRules const& rules) {
  std::vector<Sample*> counted;
  for (Sample* sample : samples) {
    if (!sample->is_warmup) counted.push_back(sample);
  }
  auto const seconds_from = [&](std::size_t first) {
    std::vector<double> values;
    for (std::size_t i = first; i < counted.size(); ++i) values.push_back(counted[i]->seconds);
    return values;
  };
  auto const reach = [&](std::vector<double> const& values, double median) {
    return std::max(rules.outlier_mads * mad_of(values, median), rules.outlier_floor * median);
  };
  std::size_t first = 0;
  for (; first < counted.size() / 2; ++first) {
    std::vector<double> const later = seconds_from(first + 1);
    double const median = median_of(later);
    if (counted[first]->seconds <= median + reach(later, median)) break;
    counted[first]->is_warmup = true;
  }
  std::vector<double> const values = seconds_from(first);
  if (values.empty()) return;
  double const median = median_of(values), most = reach(values, median);
  for (std::size_t i = first; i < counted.size(); ++i)
    counted[i]->flagged = counted[i]->flagged || std::abs(counted[i]->seconds - median) > most;
}

}  // namespace

double median_of(std::vector<double> values) {
  if (values.empty()) return not_measured;
  std::ranges::sort(values);
  std::size_t const n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

double mad_of(std::span<double const> values, double median) {
  std::vector<double> distances;
  for (double const x : values) distances.push_back(std::abs(x - median));
  return median_of(std::move(distances));
}

Interval median_interval(std::span<std::vector<double> const> launches) {
  constexpr int resamples = 1000;
  constexpr std::uint64_t seed = 20240601;
  std::mt19937_64 random(seed);
  // Not a std::uniform_int_distribution: its numbers differ from one standard library to the next.
  auto const pick = [&random](std::size_t size) { return static_cast<std::size_t>(random() % size); };
  std::vector<double> medians, resample;
  for (int i = 0; i < resamples; ++i) {
    resample.clear();
    for (std::size_t l = 0; l < launches.size(); ++l) {
      std::vector<double> const& launch = launches.size() == 1 ? launches.front() : launches[pick(launches.size())];
      for (std::size_t n = 0; n < launch.size(); ++n) resample.push_back(launch[pick(launch.size())]);
    }
    medians.push_back(median_of(resample));
  }
  std::ranges::sort(medians);
  constexpr int tail = resamples / 40;  // 2.5 %
  return {medians[tail], medians[resamples - 1 - tail]};
}

double rank_correlation_with_order(std::span<double const> values) {
  std::size_t const n = values.size();
  if (n < 3) return 0.0;
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> rank(n);
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin;
    while (end < n && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) rank[order[i]] = 0.5 * static_cast<double>(begin + end - 1);
    begin = end;
  }
  double const mean = 0.5 * (static_cast<double>(n) - 1.0);
  double with_order = 0.0, of_ranks = 0.0, of_order = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    double const position = static_cast<double>(i) - mean;
    with_order += position * (rank[i] - mean);
    of_ranks += (rank[i] - mean) * (rank[i] - mean);
    of_order += position * position;
  }
  return of_ranks > 0.0 ? with_order / std::sqrt(of_ranks * of_order) : 0.0;
}

void mark_samples(std::vector<Sample>& samples, TimingRules const& rules) {
  std::map<std::int32_t, std::vector<Sample*>> launches;
  for (Sample& sample : samples) {
    if (sample.phase == Phase::total) launches[sample.launch].push_back(&sample);
  }
  for (auto const& [launch, of_launch] : launches) mark_launch(of_launch, rules);
}

void summarize_times(std::span<Sample const> samples, TimingConditions const& conditions, CostRow& cost,
                     TimingRules const& rules) {
  auto const launches = by_launch(samples);
  std::vector<double> values;
  std::vector<std::vector<double>> groups;
  for (auto const& [launch, of_launch] : launches) {
    values.insert(values.end(), of_launch.begin(), of_launch.end());
    groups.push_back(of_launch);
  }
  if (values.empty()) return;
  double const median = median_of(values);
  Interval const interval = median_interval(groups);
  cost.time_median = median;
  cost.time_min = *std::ranges::min_element(values);
  cost.time_mad = mad_of(values, median);
  cost.time_ci_lo = interval.low;
  cost.time_ci_hi = interval.high;
  cost.time_cv = spread_of(values);
  cost.n_samples = static_cast<std::int32_t>(values.size());
  cost.n_launches = static_cast<std::int32_t>(launches.size());
  judge_quality(launches, conditions, rules, cost);
}

}  // namespace retrace::results
