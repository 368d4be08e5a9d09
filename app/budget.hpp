#pragma once

#include "app/options.hpp"
#include "benchmarks/agreement.hpp"
#include "benchmarks/suite.hpp"
#include "core/communicator.hpp"

#include <vector>

namespace retrace::app {

/// Collective. With --budget, leaves of `cases` those that show most within it (benchmarks/coverage.hpp), by the
/// seconds that the files of --from had for them or for like ones; the others join `suite.excluded`. Only rank 0 reads
/// files. Throws UsageError where there is nothing to estimate from.
void keep_within_budget(Options const& options, Suite& suite, std::vector<CaseSpec>& cases, Communicator const& comm,
                        Agreement const& agreement);

}  // namespace retrace::app
