#pragma once

#include "app/compare_options.hpp"
#include "results/compare/comparison.hpp"
#include "results/record.hpp"

namespace retrace::app {

/// Runs the cases that seem slower again, `options.confirm` launches of each program in turns (new old, old new, …), so
/// that a drift of the machine meets both alike. A case stays slower only if the fresh launches, taken alone, say so
/// too. The suite is the configuration that the new result carries. Throws EnvironmentError with the program's last
/// words when one cannot be run.
void confirm_slower(compare::Comparison& comparison, results::ResultDocument const& new_document,
                    CompareOptions const& options);

}  // namespace retrace::app
