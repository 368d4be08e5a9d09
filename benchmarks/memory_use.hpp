#pragma once

#include "core/communicator.hpp"
#include "core/memory_tracker.hpp"
#include "results/record.hpp"
#include "verification/problem_instance.hpp"

#include <cstdint>
#include <vector>

namespace retrace {

/// What one untimed run of a gradient allocated on this rank.
struct MemoryUse {
  std::vector<SpaceUsage> spaces;
  std::int64_t peak_rss_bytes = -1;
};

/// Makes a gradient, runs it once and destroys it, recording every allocation.
[[nodiscard]] MemoryUse record_memory(ProblemInstance const& problem, GradientChoice const& choice,
                                      StepControl const& control);

/// The same without looking at allocations: the most bytes that this process has had meanwhile; -1 where unknown.
[[nodiscard]] std::int64_t process_peak_bytes(ProblemInstance const& problem, GradientChoice const& choice,
                                              StepControl const& control);

/// Collective: rows of memory over the ranks, labels of the rank with the largest peak, and the checks `leak` and
/// `memory_model`. `model_bytes`: what the method's formula says for this rank; 0 where there is none.
void note_memory(Communicator const& comm, MemoryUse const& use, std::int64_t model_bytes, results::CaseRecord& record);

/// Collective: the row of the process with the most bytes.
void note_process_memory(Communicator const& comm, std::int64_t peak_rss_bytes, results::CaseRecord& record);

}  // namespace retrace
