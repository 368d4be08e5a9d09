#pragma once

#include "core/communicator.hpp"
#include "results/record.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace retrace::app {

struct EnvironmentPolicy {
  bool full = false;       ///< with account and working folder
  bool anonymous = false;  ///< without user and host names
};

/// Collective: what is known of build, machine, MPI, Kokkos, job and run time; the rows are complete on rank 0, all
/// but those of the ranks are about rank 0's host. Environment variables are looked at by known names and prefixes, and
/// never stored where `may_be_secret` says so. Names are Adiak's where it has one.
[[nodiscard]] std::vector<results::EnvironmentRow> capture_environment(Communicator const& comm,
                                                                       EnvironmentPolicy policy = {});

/// Collective: where every rank sits; complete on rank 0.
[[nodiscard]] std::vector<results::RankRow> capture_ranks(Communicator const& comm, EnvironmentPolicy policy = {});

/// Does the name of an environment variable hold TOKEN, KEY, SECRET, PASS, CRED or AUTH, in any case?
[[nodiscard]] bool may_be_secret(std::string_view name);

/// Equal where times may be compared: processor and sockets, GPU and its driver's major version, processors and
/// threads of the ranks. 16 hex digits.
[[nodiscard]] std::string fingerprint_hw(std::vector<results::EnvironmentRow> const& environment,
                                         std::vector<results::RankRow> const& ranks);

/// Equal where counts and bits may be compared: sources, compiler and flags, Kokkos, MPI, the mathematics library.
[[nodiscard]] std::string fingerprint_sw(std::vector<results::EnvironmentRow> const& environment);

}  // namespace retrace::app
