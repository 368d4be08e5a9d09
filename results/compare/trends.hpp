#pragma once

#include "results/compare/comparison.hpp"
#include "results/record.hpp"

#include <vector>

namespace retrace::compare {

struct MatchedCase {
  results::CaseRecord const* new_record;
  results::CaseRecord const* old_record;
};

/// Of seconds, evaluations, solver bytes and gradient error, by family of problems, over the cases that pass on both
/// sides and have the quantity; seconds only of the `same_machine`. There is no figure over all families: it would mean
/// nothing.
[[nodiscard]] std::vector<Trend> trends(std::vector<MatchedCase> const& cases, bool same_machine);

}  // namespace retrace::compare
