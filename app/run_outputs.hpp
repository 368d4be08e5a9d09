#pragma once

#include "app/options.hpp"
#include "results/record.hpp"

namespace retrace::app {

/// The two lines that every run ends with.
void print_last_lines(results::ResultDocument const& document);

/// Writes the file of --junit, if one is asked for.
void write_junit(Options const& options, results::ResultDocument const& document);

}  // namespace retrace::app
