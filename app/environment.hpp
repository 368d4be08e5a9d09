#pragma once

#include "core/communicator.hpp"
#include "results/record.hpp"

#include <string>
#include <vector>

namespace retrace::app {

/// Collective: what is known of build, machine, MPI, Kokkos and run time; the rows are complete on rank 0. Environment
/// variables come from a short list of known names, so that no secret is stored.
[[nodiscard]] std::vector<results::EnvironmentRow> capture_environment(Communicator const& comm);

/// First 16 hex digits of the SHA-256 over the rows of these scopes.
[[nodiscard]] std::string fingerprint(std::vector<results::EnvironmentRow> const& rows,
                                      std::vector<std::string> const& scopes);

}  // namespace retrace::app
