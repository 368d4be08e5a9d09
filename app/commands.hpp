#pragma once

#include "app/options.hpp"
#include "core/communicator.hpp"

namespace retrace::app {

/// Each returns the exit code; misuse and failing surroundings throw UsageError and EnvironmentError.
[[nodiscard]] int run_suite(Options const& options, Communicator const& comm, std::string const& command_line);
[[nodiscard]] int print_environment(Options const& options, Communicator const& comm);
/// Ceilings of this machine, and whether times measured on it mean something.
[[nodiscard]] int examine_node(Options const& options, Communicator const& comm);
[[nodiscard]] int list_registered(Options const& options);
[[nodiscard]] int inspect_file(Options const& options);
[[nodiscard]] int make_report(Options const& options);

}  // namespace retrace::app
