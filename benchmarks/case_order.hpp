#pragma once

#include "benchmarks/case_spec.hpp"

#include <string_view>
#include <vector>

namespace retrace {

/// The cases in the order in which they are to be run; the result file keeps the suite's. `order` is one of
/// config::run_orders:
///
/// - `config`: as the suite has them;
/// - `longest-first`: those with most work (rough_work) first, so that the last of a job are short;
/// - `interleaved`: the methods of a problem take turns, so that a drift of the machine meets all of them alike. Cases
///   of one problem with the same arguments stay together, since they share its reference.
[[nodiscard]] std::vector<CaseSpec> in_run_order(std::vector<CaseSpec> cases, std::string_view order);

}  // namespace retrace
