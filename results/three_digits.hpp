#pragma once

#include <cmath>

namespace retrace::results {

/// A duration to three digits and a half, in a number whose other bits are zero, so that it takes little room in the
/// file. For durations that nobody compares.
[[nodiscard]] inline double three_digits(double seconds) {
  constexpr int bits = 12;
  if (!std::isfinite(seconds)) return seconds;
  int exponent = 0;
  double const mantissa = std::frexp(seconds, &exponent);
  return std::ldexp(std::round(std::ldexp(mantissa, bits)), exponent - bits);
}

}  // namespace retrace::results
