#pragma once

#include <cstdint>
#include <vector>

namespace retrace::witness {

/// Random bits as a function of a seed and a place, so that they do not depend on who asks first, or on which rank:
/// splitmix64 of Steele, Lea & Flood (2014).
[[nodiscard]] inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t place) {
  std::uint64_t x = (seed * 0xd1342543de82ef95U + place + 1U) * 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// -1 or 1.
[[nodiscard]] inline double random_sign(std::uint64_t seed, std::int64_t place) {
  return (random_bits(seed, static_cast<std::uint64_t>(place)) & 1U) != 0 ? 1.0 : -1.0;
}

/// Between -1 and 1.
[[nodiscard]] inline double random_number(std::uint64_t seed, std::int64_t place) {
  return 2.0 * static_cast<double>(random_bits(seed, static_cast<std::uint64_t>(place)) >> 11U) * 0x1p-53 - 1.0;
}

/// `size` signs for the places from `first` on.
[[nodiscard]] inline std::vector<double> random_signs(std::uint64_t seed, std::int64_t first, std::size_t size) {
  std::vector<double> signs(size);
  for (std::size_t i = 0; i < size; ++i) signs[i] = random_sign(seed, first + static_cast<std::int64_t>(i));
  return signs;
}

}  // namespace retrace::witness
