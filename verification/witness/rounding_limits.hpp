#pragma once

#include <cmath>
#include <string_view>

/// Every literal that decides what rounding may do, with its reason.
namespace retrace::limits {

inline constexpr double double_round_off = 0x1p-53, single_round_off = 0x1p-24;
/// u of the states of a precision; "mixed" has single states.
[[nodiscard]] inline double round_off(std::string_view precision) {
  return precision == "f64" ? double_round_off : single_round_off;
}

/// A measured rounding error is a standard deviation from a few runs, of the witness and not of the method that is
/// judged: a method may round a few times worse (a reverse sweep divides where a forward one multiplies), and the
/// worst of several trajectories lies beyond one deviation.
inline constexpr double deviations = 32.0;
/// Of a drift measured with signs that were drawn: another choice may add up where this one cancels.
inline constexpr double drifts = 4.0;
/// Of an identity at one point: as many, although there is no long chain of roundings that could be unlike the measured
/// one, because some hundred identities are judged in a case, each by a deviation from three runs (with 16, 3 of 6,000
/// random right configurations had one that was up to 1.2 times above).
inline constexpr double deviations_of_identity = 32.0;

/// Least bound on the relative difference of two derivatives through the same steps, whatever was measured: each step
/// makes some tens of independent roundings on either side, which add up as a random walk.
[[nodiscard]] inline double least_difference(double unit_round_off, double steps) {
  constexpr double roundings_per_step = 64.0;
  return unit_round_off * std::sqrt(roundings_per_step * (1.0 + steps)) * 4.0;
}
/// A derivative whose rounding errors are beyond this share of it says nothing about a method.
inline constexpr double most_informative = 1e-2;

}  // namespace retrace::limits
