#pragma once

#include "app/script.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace retrace::app {

/// A request with its numbers worked out.
struct Job {
  ScriptRequest request;
  std::int64_t seconds = 0;  ///< wall time
  std::int64_t lead = 0;     ///< seconds before its end at which the program is told to stop

  [[nodiscard]] int ranks_per_node() const { return request.ranks / request.nodes; }
  [[nodiscard]] std::string clock() const;  ///< the wall time as 01:30:00
};

/// How one scheduler says what all of them can do.
struct Dialect {
  std::string submit;                   ///< reads a script from standard input, prints the job's id
  std::vector<std::string> directives;  ///< lines, with their marks
  std::vector<std::string> setup;       ///< lines before the program starts
  std::string keep;                     ///< line: keep a copy of the script, for `again`; empty where none is needed
  std::string launcher;                 ///< starts the ranks of the command that follows
  std::string time_limit;               ///< an option of `run`; empty where the program learns its limit by itself
  std::string tries;                    ///< shell expression: how often the job was submitted again
  std::string again;                    ///< shell commands: submit the job again, as the next try
  std::string array_directive;          ///< makes an array of the job; empty where there are none
  std::string array_index;              ///< shell variable with the number of the shard
  std::string after_all;  ///< option of `submit`: start when the array has ended, however it did; may use $jobs
};

[[nodiscard]] Dialect slurm_dialect(Job const& job);
[[nodiscard]] Dialect flux_dialect(Job const& job);
[[nodiscard]] Dialect pbs_dialect(Job const& job);
[[nodiscard]] Dialect lsf_dialect(Job const& job);

}  // namespace retrace::app
