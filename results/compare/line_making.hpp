#pragma once

#include "results/compare/case_tiers.hpp"

#include <cstdint>
#include <string_view>

/// How the tiers make a line.
namespace retrace::compare::detail {

[[nodiscard]] Line line_of(CasePair const& pair, Tier tier, std::string_view quantity, bool gates);

void decide(Line& line, Verdict verdict, std::string_view reason);

/// A count against its limit, old + slack; -1 is "not measured". `word` begins the reason. False when there is nothing
/// to say.
[[nodiscard]] bool decide_count(Line& line, std::int64_t old_count, std::int64_t new_count, std::int64_t slack,
                                std::string_view word);

/// The larger of a share of the old count and of `least`.
[[nodiscard]] std::int64_t slack_of(std::int64_t old_count, double share, std::int64_t least);

}  // namespace retrace::compare::detail
