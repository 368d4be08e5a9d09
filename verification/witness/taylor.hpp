#pragma once

#include "verification/problem_witness.hpp"

#include <functional>
#include <optional>

namespace retrace::witness {

/// What one direction of a Taylor test is made of.
struct TaylorInput {
  /// J(x + e d) - J(x), the difference formed as the caller thinks best; nothing where it means nothing.
  std::function<std::optional<double>(double e)> difference;
  double slope = 0.0;        ///< g . d
  double noise = 0.0;        ///< of a difference, absolute: rounding errors of J
  double slope_error = 0.0;  ///< absolute: what rounding of the gradient makes of the slope; noise grows by e times it
  int direction = 0;
};

/// Step sizes 2^-4 … 2^-35. The window is the last four step sizes in a row whose remainder1 stands above the noise.
[[nodiscard]] TaylorTest taylor_test(TaylorInput const& input);

/// The middle of some numbers, NaN of none.
[[nodiscard]] double median(std::vector<double> numbers);

}  // namespace retrace::witness
