#pragma once

#include "results/compare/comparison.hpp"
#include "results/record.hpp"

#include <vector>

/// Tiers A to D for one case that both files have.
namespace retrace::compare {

/// What the two files as a whole have in common.
struct Surroundings {
  bool same_software = false, same_hardware = false;
  bool same_registers = true;  ///< width of the vector registers that they were compiled for; it changes bytes
};

struct CasePair {
  results::CaseRecord const& new_record;
  results::CaseRecord const& old_record;
  Surroundings surroundings;
  Rules const& rules;
};

/// How bad a status is; pass is 0.
[[nodiscard]] int severity(results::Status status);

[[nodiscard]] Line status_line(CasePair const& pair);
/// Where a baseline has failed, its numbers are no measure: nothing but a worse status gates.
[[nodiscard]] bool numbers_count(CasePair const& pair);

[[nodiscard]] std::vector<Line> counter_lines(CasePair const& pair);
[[nodiscard]] std::vector<Line> numeric_lines(CasePair const& pair);
[[nodiscard]] std::vector<Line> memory_lines(CasePair const& pair);

/// Observed orders, which belong to groups of cases.
[[nodiscard]] std::vector<Line> order_lines(results::ResultDocument const& new_document,
                                            results::ResultDocument const& old_document, Rules const& rules);

}  // namespace retrace::compare
