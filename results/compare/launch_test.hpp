#pragma once

#include "results/compare/rules.hpp"

#include <cstdint>
#include <span>
#include <vector>

/// Has a case become slower? Student's and Welch's methods on the logarithms of the medians of launches. A launch is
/// one execution of the program: repetitions inside one share its memory layout and clock, so they are not independent.
namespace retrace::compare {

enum class TimeVerdict : std::uint8_t { slower, faster, same, inconclusive };

struct LaunchTest {
  double log_change = 0.0;                                ///< mean log median of the new launches less that of the old
  double standard_error = 0.0, degrees_of_freedom = 0.0;  ///< Welch and Satterthwaite
  double interval_low = 0.0, interval_high = 0.0;         ///< of log_change, two-sided, `same_confidence`
  double p_slower = 1.0, p_faster = 1.0;                  ///< of "not slower (faster) than TimeRules::slower"
  TimeVerdict verdict = TimeVerdict::inconclusive;
  /// A slow-down of this (0.08: 8 %) would have been called one with probability `power`.
  double detectable_change = 0.0;
  /// Launches on each side with which this difference and this spread would be decided; 0: more than 10,000.
  int launches_needed = 0;
};

/// Medians in seconds, all positive, at least two on each side (std::invalid_argument otherwise).
[[nodiscard]] LaunchTest test_launches(std::span<double const> old_medians, std::span<double const> new_medians,
                                       TimeRules const& rules);

/// Which of the hypotheses may be rejected with a false discovery rate of at most q (Benjamini & Hochberg 1995).
[[nodiscard]] std::vector<bool> benjamini_hochberg(std::span<double const> p_values, double q);

/// Takes back those `slower` and `faster` that the number of tests explains: they become inconclusive. The two
/// directions are families of their own.
void control_false_discoveries(std::span<LaunchTest> tests, double q);

}  // namespace retrace::compare
