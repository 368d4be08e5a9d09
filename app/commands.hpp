#pragma once

#include "app/options.hpp"
#include "core/communicator.hpp"

namespace retrace::app {

/// Each returns the exit code, the same on every rank; only where `speaks` something is printed. Misuse and failing
/// surroundings throw UsageError and EnvironmentError. `for_agreement`: over the same ranks as `comm`, used for nothing
/// else.
[[nodiscard]] int run_suite(Options const& options, Communicator const& comm, Communicator const& for_agreement,
                            std::string const& command_line);
[[nodiscard]] int print_environment(Options const& options, Communicator const& comm);
/// Ceilings of this machine, and whether times measured on it mean something.
[[nodiscard]] int examine_node(Options const& options, Communicator const& comm);
[[nodiscard]] int list_registered(Options const& options, bool speaks);
[[nodiscard]] int inspect_file(Options const& options, bool speaks);
[[nodiscard]] int make_report(Options const& options, bool speaks);

}  // namespace retrace::app
