#pragma once

#include "core/communicator.hpp"
#include "gradients/gradient_driver.hpp"
#include "results/record.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace retrace {

/// How a gradient is timed; plain data.
struct TimingPlan {
  int warmup = 2;                 ///< untimed repetitions
  int repeat = 9;                 ///< least number of timed samples
  double min_time_seconds = 0.2;  ///< a sample repeats the gradient until it lasts this long
  double limit_seconds = 60.0;    ///< no further sample is begun after this
};

/// Collective: times `driver.run()`. Each sample lies between a barrier with a fence and a fence, and is the slowest
/// rank's. At least `repeat` samples (unless the limit cuts them short), then more until the 95 % interval of the
/// median is within 2 % of it, at most 4 * repeat. Returns the samples, seconds of one gradient each, warm-up marked.
[[nodiscard]] std::vector<results::Sample> time_gradient(GradientDriver& driver, Communicator const& comm,
                                                         TimingPlan const& plan, std::int32_t& calls_per_sample,
                                                         double& imbalance);

/// Fills the time columns of `cost` from samples that are not warm-up: median, minimum, median absolute deviation,
/// bootstrap interval of the median (1000 resamples, fixed seed), coefficient of variation, quality.
void summarize_times(std::span<results::Sample const> samples, results::CostRow& cost);

}  // namespace retrace
