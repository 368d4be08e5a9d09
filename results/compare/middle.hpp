#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace retrace::compare {

/// Of at least one value, none of them NaN.
[[nodiscard]] inline double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  std::size_t const n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

}  // namespace retrace::compare
