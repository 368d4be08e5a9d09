#pragma once

#include "verification/convergence.hpp"
#include "verification/taylor_test.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retrace {

enum class CheckVerdict { pass, fail, inconclusive, skipped };

[[nodiscard]] constexpr std::string_view name_of(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::pass:
      return "pass";
    case CheckVerdict::fail:
      return "fail";
    case CheckVerdict::inconclusive:
      return "inconclusive";
    case CheckVerdict::skipped:
      return "skipped";
  }
  return "unknown";
}

/// One question asked of one gradient: `value` `op` `threshold`, and why that threshold.
struct CheckResult {
  std::string check;
  double value = 0.0, threshold = 0.0;
  std::string op = "<=";
  CheckVerdict verdict = CheckVerdict::skipped;
  std::string message;  ///< the threshold's reason, or why there is no verdict
  double seconds = 0.0;
  std::vector<TaylorTest> taylor{};             ///< what the check `taylor` saw
  std::vector<ConvergenceLevel> convergence{};  ///< what the check `order` saw
};

/// value <= threshold, with NaN failing.
[[nodiscard]] inline CheckResult at_most(std::string_view check, double value, double threshold, std::string reason) {
  return {.check = std::string(check),
          .value = value,
          .threshold = threshold,
          .verdict = value <= threshold ? CheckVerdict::pass : CheckVerdict::fail,
          .message = std::move(reason)};
}

/// The question does not apply.
[[nodiscard]] inline CheckResult skipped(std::string reason) {
  CheckResult result;
  result.message = std::move(reason);
  return result;
}

/// The question cannot be decided.
[[nodiscard]] inline CheckResult inconclusive(std::string reason) {
  CheckResult result = skipped(std::move(reason));
  result.verdict = CheckVerdict::inconclusive;
  return result;
}

}  // namespace retrace
