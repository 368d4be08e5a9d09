#include "benchmarks/timing.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>

namespace retrace {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct SlowestRank {
  double slowest, mean;
};

SlowestRank timed_calls(GradientDriver& driver, Communicator const& comm, int calls) {
  comm.barrier();
  Kokkos::fence("retrace::timing: nothing may be pending when the clock starts");
  auto const start = Clock::now();
  for (int i = 0; i < calls; ++i) driver.run();
  Kokkos::fence("retrace::timing: the gradient must be done when the clock stops");
  std::array<double, 1> const own{seconds_since(start)};
  std::vector<double> const all = comm.all_gather(own);
  return {*std::ranges::max_element(all),
          std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size())};
}

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  std::size_t const n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

struct Interval {
  double low, high;
};

/// 95 % percentile bootstrap of the median.
Interval median_interval(std::vector<double> const& values) {
  constexpr int resamples = 1000;
  std::mt19937_64 random(20240601);
  std::uniform_int_distribution<std::size_t> pick(0, values.size() - 1);
  std::vector<double> medians, resample(values.size());
  for (int i = 0; i < resamples; ++i) {
    for (double& x : resample) x = values[pick(random)];
    medians.push_back(median_of(resample));
  }
  std::ranges::sort(medians);
  return {medians[resamples / 40], medians[resamples - 1 - resamples / 40]};
}

std::vector<double> counted(std::span<results::Sample const> samples) {
  std::vector<double> values;
  for (auto const& sample : samples) {
    if (!sample.is_warmup) values.push_back(sample.seconds);
  }
  return values;
}

}  // namespace

std::vector<results::Sample> time_gradient(GradientDriver& driver, Communicator const& comm, TimingPlan const& plan,
                                           std::int32_t& calls_per_sample, double& imbalance) {
  std::vector<results::Sample> samples;
  auto const begin = Clock::now();
  auto const add = [&](int calls, bool is_warmup) {
    SlowestRank const time = timed_calls(driver, comm, calls);
    results::Sample sample;
    sample.rep = static_cast<std::int32_t>(samples.size());
    sample.seconds = time.slowest / calls;
    sample.is_warmup = is_warmup;
    samples.push_back(sample);
    return time;
  };

  double one_call = add(1, true).slowest;  // also tells how many calls fill a sample
  for (int i = 1; i < plan.warmup; ++i) one_call = std::min(one_call, add(1, true).slowest);
  constexpr double most_calls = 1e6;
  int const calls =
      static_cast<int>(std::clamp(std::ceil(plan.min_time_seconds / std::max(one_call, 1e-9)), 1.0, most_calls));

  double imbalance_sum = 0.0;
  int taken = 0;
  constexpr double wanted_width = 0.02;
  while (taken < 4 * plan.repeat) {
    SlowestRank const time = add(calls, false);
    imbalance_sum += time.mean > 0.0 ? time.slowest / time.mean : 1.0;
    ++taken;
    bool enough = comm.all_max(seconds_since(begin)) > plan.limit_seconds;  // one decision for all ranks
    if (taken >= plan.repeat && !enough) {
      std::vector<double> const values = counted(samples);
      Interval const interval = median_interval(values);
      double const median = median_of(values);
      enough = interval.high - median <= wanted_width * median && median - interval.low <= wanted_width * median;
    }
    if (enough) break;
  }
  calls_per_sample = calls;
  imbalance = imbalance_sum / taken;
  return samples;
}

void summarize_times(std::span<results::Sample const> samples, results::CostRow& cost) {
  std::vector<double> const values = counted(samples);
  if (values.empty()) return;
  auto const n = static_cast<double>(values.size());
  double const median = median_of(values), mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  std::vector<double> deviations;
  double square = 0.0;
  for (double const x : values) {
    deviations.push_back(std::abs(x - median));
    square += (x - mean) * (x - mean);
  }
  Interval const interval = median_interval(values);
  cost.time_median = median;
  cost.time_min = *std::ranges::min_element(values);
  cost.time_mad = median_of(deviations);
  cost.time_ci_lo = interval.low;
  cost.time_ci_hi = interval.high;
  cost.time_cv = n > 1 ? std::sqrt(square / (n - 1.0)) / mean : 0.0;
  cost.n_samples = static_cast<std::int32_t>(values.size());
  cost.n_launches = 1;
  constexpr double good = 0.05, noisy = 0.20;  // coefficient of variation
  cost.timing_quality = cost.time_cv <= good    ? results::TimingQuality::good
                        : cost.time_cv <= noisy ? results::TimingQuality::noisy
                                                : results::TimingQuality::unstable;
}

}  // namespace retrace
