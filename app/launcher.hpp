#pragma once

#include <string>

namespace retrace::app {

/// Has an MPI launcher started this process, as one rank or several? By the variables that launchers leave. The first
/// call must be made before MPI is up, which leaves the same ones; later calls repeat its answer.
[[nodiscard]] bool is_launched();

/// Throws UsageError: `option` starts this program itself, and a process of a launched rank would take itself for that
/// rank. `instead` is what to do.
void check_not_launched(std::string const& option, std::string const& instead);

}  // namespace retrace::app
