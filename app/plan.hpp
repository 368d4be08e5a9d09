#pragma once

#include "app/options.hpp"
#include "benchmarks/case_spec.hpp"
#include "benchmarks/suite.hpp"
#include "results/record.hpp"

#include <vector>

namespace retrace::app {

/// Prints what a run would do: of each case whether it is left, and what it takes. `head`: of the result that a run
/// would begin. Only reads; throws where the run would refuse.
void print_plan(Options const& options, Suite const& suite, std::vector<CaseSpec> const& cases,
                results::ResultDocument head);

}  // namespace retrace::app
