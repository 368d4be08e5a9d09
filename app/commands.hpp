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
/// The suite's own test: planted faults (before MPI is up: their programs bring up their own), and the two that need
/// it.
[[nodiscard]] int run_planted_faults(Options const& options, bool speaks);
[[nodiscard]] int run_false_alarms(Options const& options, Communicator const& comm);
[[nodiscard]] int print_detection_limits(Options const& options, Communicator const& comm);
/// The JSON Schema of suites; `run_suite` prints the plan itself.
[[nodiscard]] int print_schema(bool speaks);
[[nodiscard]] int list_registered(Options const& options, bool speaks);
[[nodiscard]] int inspect_file(Options const& options, bool speaks);
[[nodiscard]] int make_report(Options const& options, bool speaks);
[[nodiscard]] int compare_results(Options const& options, bool speaks);
[[nodiscard]] int manage_baselines(Options const& options, bool speaks);
[[nodiscard]] int merge_results(Options const& options, bool speaks);
[[nodiscard]] int print_script(Options const& options, bool speaks);
[[nodiscard]] int print_completion(Options const& options, bool speaks);
/// As JSON: version, commit, schema, compiler and flags.
[[nodiscard]] int print_version(bool speaks);
[[nodiscard]] int print_manual(Options const& options, bool speaks);

/// "retrace 0.1.0 (0123456789ab)"
[[nodiscard]] std::string program_name();
/// The folder that was given, else that of the environment, else "baselines".
[[nodiscard]] std::string baselines_folder(std::string const& given);

}  // namespace retrace::app
