#include "benchmarks/timing.hpp"

#include "results/timing_statistics.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <sched.h>
#include <unistd.h>

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

/// Least step of the clock that was seen.
double timer_resolution() {
  static double const resolution = [] {
    constexpr int readings = 1000;
    double least = 1.0;
    for (int i = 0; i < readings; ++i) {
      auto const start = Clock::now();
      auto next = Clock::now();
      while (next == start) next = Clock::now();
      least = std::min(least, std::chrono::duration<double>(next - start).count());
    }
    return least;
  }();
  return resolution;
}

/// Ranks on this host, as launchers tell it; 1 where they do not.
int local_ranks() {
  for (char const* name :
       {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "PMI_LOCAL_SIZE", "SLURM_NTASKS_PER_NODE"}) {
    if (char const* const value = std::getenv(name)) return std::max(std::atoi(value), 1);
  }
  return 1;
}

/// Do threads share processors, those of this rank or those of the ranks of this host?
bool more_threads_than_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  int const threads = Kokkos::DefaultHostExecutionSpace().concurrency();
  return threads > CPU_COUNT(&allowed) || threads * local_ranks() > ::sysconf(_SC_NPROCESSORS_ONLN);
}

std::vector<double> counted(std::span<results::Sample const> samples) {
  std::vector<double> values;
  for (auto const& sample : samples) {
    if (!sample.is_warmup) values.push_back(sample.seconds);
  }
  return values;
}

/// Whether more samples would tell more: not when the interval of the median is narrow, nor when it has stopped
/// getting narrower.
class Convergence {
 public:
  bool reached(std::span<results::Sample const> samples) {
    constexpr double narrow = 0.02, least_gain = 0.1;
    constexpr std::size_t back = 5;
    std::vector<std::vector<double>> const values{counted(samples)};
    double const median = results::median_of(values.front());
    results::Interval const interval = results::median_interval(values);
    double const above = interval.high - median, below = median - interval.low, width = above + below;
    bool const is_narrow = above <= narrow * median && below <= narrow * median;
    bool const is_stuck = widths_.size() >= back && width > (1.0 - least_gain) * widths_[widths_.size() - back];
    widths_.push_back(width);
    return is_narrow || is_stuck;
  }

 private:
  std::vector<double> widths_;
};

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
  Convergence convergence;
  while (taken < 4 * plan.repeat) {
    SlowestRank const time = add(calls, false);
    imbalance_sum += time.mean > 0.0 ? time.slowest / time.mean : 1.0;
    ++taken;
    bool enough = comm.all_max(seconds_since(begin)) > plan.limit_seconds;  // one decision for all ranks
    if (taken >= plan.repeat) enough = convergence.reached(samples) || enough;
    if (enough) break;
  }
  calls_per_sample = calls;
  imbalance = imbalance_sum / taken;
  results::mark_samples(samples);
  return samples;
}

void summarize_times(std::span<results::Sample const> samples, results::CostRow& cost) {
  results::summarize_times(
      samples, {.timer_resolution = timer_resolution(), .more_threads_than_cpus = more_threads_than_cpus()}, cost);
}

}  // namespace retrace
