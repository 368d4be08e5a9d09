#pragma once

#include "app/compare_options.hpp"

namespace CLI {
class App;
}

namespace retrace::app {

/// The commands `compare` and `baseline`; the options must outlive the parser.
void define_compare(CLI::App& app, CompareOptions& options);
void define_baseline(CLI::App& app, BaselineOptions& options);

}  // namespace retrace::app
