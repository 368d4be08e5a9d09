#pragma once

#include "app/options.hpp"

namespace CLI {
class App;
}

namespace retrace::app {

/// The commands that expand a suite, `run`, `verify` and `plan`; the options must outlive the parser.
void define_run(CLI::App& app, Options& o);
void define_verify(CLI::App& app, Options& o);
void define_plan(CLI::App& app, Options& o);

/// Options that other commands have, too: which cases, and what is stored of the environment.
void add_cases(CLI::App& command, Options& o);
void add_policy(CLI::App& command, Options& o);

}  // namespace retrace::app
