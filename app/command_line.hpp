#pragma once

#include "app/options.hpp"

namespace CLI {
class App;
}

namespace retrace::app {

/// Every command and option, with `o` as what they set; `o` must outlive the parser.
void define_command_line(CLI::App& app, Options& o);

}  // namespace retrace::app
