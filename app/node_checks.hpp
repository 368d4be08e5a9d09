#pragma once

#include "benchmarks/ceilings.hpp"
#include "core/communicator.hpp"
#include "results/record.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace retrace::app {

enum class Fitness { ok, warn, fail };

/// One thing that decides whether times measured here mean something. `fail`: they do not, or cannot be written down.
struct Finding {
  std::string name;
  Fitness fitness = Fitness::ok;
  std::string value;   ///< what was found
  std::string reason;  ///< why that is good or bad, and what helps
};

/// Collective, half a second of silence on all ranks included; complete on rank 0. Processors and threads of every rank
/// are looked at, all else on the host of rank 0. `folder`: where results are to be written. `build_type` and
/// `cxx_flags`: of this program.
[[nodiscard]] std::vector<Finding> check_node(Communicator const& comm, std::filesystem::path const& folder,
                                              std::string const& build_type, std::string const& cxx_flags);

/// Memory nodes, hardware threads and GPUs of the host of the first of these ranks. Local.
[[nodiscard]] std::vector<Finding> check_topology(std::vector<results::RankRow> const& ranks);

/// What the ceilings themselves say: do they repeat, do threads have cores of their own. Local.
[[nodiscard]] std::vector<Finding> check_ceilings(std::vector<Ceiling> const& ceilings);

}  // namespace retrace::app
