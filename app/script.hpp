#pragma once

#include <string>
#include <vector>

namespace retrace::app {

/// What a job script is asked for, beside the cases.
struct ScriptRequest {
  /// Fewer launches of each program say nothing about a difference of their times.
  static constexpr int least_launches = 5;

  std::string scheduler;
  std::string program = "retrace", output = "retrace.h5", job_name = "retrace";
  int nodes = 1, ranks = 1, cpus = 1, gpus = 0;  ///< ranks in all; processors and GPUs of each
  std::string time = "1h";
  int shards = 1, launches = least_launches, requeues = 5;
  std::vector<std::string> compare;  ///< empty, or the old and the new program
  std::string queue, account;        ///< empty: the scheduler's default
};

/// Names of the schedulers that scripts are written for.
[[nodiscard]] inline std::vector<std::string> schedulers() {
  return {"slurm", "flux", "pbs", "lsf"};
}

/// The script. `selection`: the options that choose the cases, as words; they are quoted for the shell. Throws
/// UsageError for a request that no scheduler could serve.
[[nodiscard]] std::string job_script(ScriptRequest const& request, std::vector<std::string> const& selection);

}  // namespace retrace::app
