#pragma once

#include "app/options.hpp"
#include "results/record.hpp"
#include "results/summary.hpp"

namespace retrace::app {

[[nodiscard]] results::ExitRules exit_rules(Options const& options);

/// The two lines that every run ends with.
void print_last_lines(Options const& options, results::ResultDocument const& document);

/// Can the files of --junit, --json, --csv and --tap be written? Asked before the first case, not after the last.
/// Throws UsageError.
void check_outputs(Options const& options);

/// Writes what was asked for beside the result: files ("-": to stdout), lines for other programs, and what the CI host
/// shows.
void write_outputs(Options const& options, results::ResultDocument const& document);

}  // namespace retrace::app
