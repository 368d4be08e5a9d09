#pragma once

#include "results/record.hpp"

#include <span>
#include <string>
#include <vector>

/// What is said about timed samples: plain statistics on records, the same for a run, a further launch and a merged
/// file.
namespace retrace::results {

/// Each with its reason; all are starting values that held on the machines they were tried on.
struct TimingRules {
  double outlier_mads = 5.0;          ///< distance from the median in median absolute deviations; about 3.4 sigma
  double outlier_floor = 0.01;        ///< of the median: a spread of nothing makes no outliers
  double good_spread = 0.05;          ///< coefficient of variation up to which a time is good
  double noisy_spread = 0.20;         ///< … and up to which it is of use
  double drift_change = 0.02;         ///< last third against first; less is nobody's trouble
  double drift_significance = 2.576;  ///< of Spearman's rho times sqrt(n - 1), normal; two-sided 1 %
};

/// What surrounded the samples.
struct TimingConditions {
  double timer_resolution = 0.0;  ///< seconds
  bool more_threads_than_cpus = false;
};

[[nodiscard]] double median_of(std::vector<double> values);
/// Median of the distances from `median`.
[[nodiscard]] double mad_of(std::span<double const> values, double median);

struct Interval {
  double low, high;
};
/// 95 % percentile bootstrap of the median: 1000 resamples with a fixed seed. Of several launches, launches are drawn
/// first and samples within them: those of one launch are not independent.
[[nodiscard]] Interval median_interval(std::span<std::vector<double> const> launches);

/// Spearman's rank correlation of the values with their order; 0 for fewer than 3. Ties get their mean rank.
[[nodiscard]] double rank_correlation_with_order(std::span<double const> values);

/// Marks as warm-up the first samples of every launch that lie far above the median of all that follow them, at most
/// half of them, and as flagged the outliers among the rest. Marks that are there stay.
void mark_samples(std::vector<Sample>& samples, TimingRules const& rules = {});

/// Fills the time columns of `cost` from marked samples of phase `total`; `timer_batch` must be there. Without samples
/// nothing changes.
void summarize_times(std::span<Sample const> samples, TimingConditions const& conditions, CostRow& cost,
                     TimingRules const& rules = {});

}  // namespace retrace::results
