#pragma once

#include <cstdint>

namespace retrace {

/// 2 u - 1 with u the 53 top bits of splitmix64(counter + 1), Steele, Lea & Flood (2014): numbers in [-1, 1) by a
/// formula, so that every machine has the same ones.
[[nodiscard]] inline double symmetric_uniform(std::uint64_t counter) {
  std::uint64_t x = (counter + 1) * 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  x ^= x >> 31U;
  return 2.0 * (static_cast<double>(x >> 11U) * 0x1p-53) - 1.0;
}

}  // namespace retrace
