#pragma once

#include "results/record.hpp"

#include <string>
#include <vector>

/// Several result files of one suite as one: shards of a job array, or launches of the same cases.
namespace retrace::results {

struct MergeInput {
  std::string name;  ///< for messages
  ResultDocument document;
};

struct Merged {
  ResultDocument document;
  std::vector<std::string> notes;  ///< what is missing
};

/// Cases in the order of their ids, whatever the order of the inputs; runs one after the other, none twice. The same
/// case in several files, with the same definition, status, counters and digest: its samples become those of further
/// launches. With others it is a conflict, which throws UsageError that names case and column, unless `prefer_newest`:
/// then the case of the latest run stands. So do another configuration and another build. `now` becomes `created_utc`.
///
/// Finalized if all inputs are, their shards (columns `shard`, "2/8") are all there, and no case that an input planned
/// is missing.
[[nodiscard]] Merged merge(std::vector<MergeInput> inputs, bool prefer_newest);

}  // namespace retrace::results
