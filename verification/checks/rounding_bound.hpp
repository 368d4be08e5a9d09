#pragma once

#include "verification/checks.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace retrace::checks {

/// What rounding may make of the relative difference of two derivatives of the same program, and in which words.
struct RoundingBound {
  double bound = 0.0;
  bool measured = true;  ///< false: every run with other last bits took other branches
  std::string reason;
};
/// Collective. Of a method that undoes its steps it is what the round trip suggests.
[[nodiscard]] RoundingBound rounding_bound(CheckedGradient const& g, std::int64_t steps);

/// `difference` <= `bound`. Beyond a bound that could not be measured, or below one that says nothing, nothing is
/// decided.
[[nodiscard]] CheckResult within_rounding(std::string_view check, double difference, RoundingBound const& bound,
                                          std::string const& what);

}  // namespace retrace::checks
