#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace retrace::app {

/// What a job's scheduler says of its time.
struct JobTime {
  double seconds_left = 0.0;
  std::string source;  ///< "SLURM_JOB_END_TIME", "squeue", …
};

/// Seconds that are left to the job that this process is in; nothing outside of a job, where its time has no limit, and
/// where the scheduler does not tell. Asks SLURM_JOB_END_TIME, squeue (Slurm 22.05 sets no such variable), flux, or
/// takes PBS_WALLTIME, which counts from the job's start, for a bound. A scheduler that does not answer within ten
/// seconds is not waited for.
[[nodiscard]] std::optional<JobTime> remaining_job_time();

/// Seconds in "1-02:03:04", "02:03:04", "03:04" or "04", as squeue writes them; nothing for "UNLIMITED" and the like.
[[nodiscard]] std::optional<double> clock_seconds(std::string_view text);

/// What is left of a job for cases: the rest is for the last snapshot, the report, and a clock that is not ours.
[[nodiscard]] double usable_seconds(double seconds_left);

}  // namespace retrace::app
