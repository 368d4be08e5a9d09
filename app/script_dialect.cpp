#include "app/script_dialect.hpp"

#include <fmt/format.h>

namespace retrace::app {

namespace {

/// What is left of the job's time, `lead` less, where the program cannot ask for it. SECONDS is bash's own clock.
std::string counted_limit(Job const& job) {
  return fmt::format("--time-limit \"$(({} - SECONDS))s\"", job.seconds - job.lead);
}

/// The scheduler's copy of the script may be gone when the job has ended; ours stays beside the result.
std::string copy_of_script(Job const& job) {
  return fmt::format("self={}.job.sh; [ \"$0\" -ef \"$self\" ] || cp -f \"$0\" \"$self\"", job.request.output);
}

void add_if(std::vector<std::string>& lines, std::string_view mark, std::string const& value) {
  if (!value.empty()) lines.push_back(std::string(mark) + value);
}

}  // namespace

std::string Job::clock() const {
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

Dialect slurm_dialect(Job const& job) {
  ScriptRequest const& r = job.request;
  Dialect d;
  d.submit = "sbatch --parsable";
  d.directives = {
      "#SBATCH --job-name=" + r.job_name,
      fmt::format("#SBATCH --nodes={} --ntasks={} --ntasks-per-node={} --cpus-per-task={}", r.nodes, r.ranks,
                  job.ranks_per_node(), r.cpus),
      "#SBATCH --exclusive --time=" + job.clock(),
      "# Without \"B:\" the signal reaches the program, not the shell of the script.",
      fmt::format("#SBATCH --signal=USR1@{}", job.lead),
      "#SBATCH --requeue --open-mode=append --output=%x-%j.log",
  };
  if (r.gpus > 0) d.directives.push_back(fmt::format("#SBATCH --gpus-per-task={}", r.gpus));
  add_if(d.directives, "#SBATCH --partition=", r.queue);
  add_if(d.directives, "#SBATCH --account=", r.account);
  d.launcher = fmt::format("srun --ntasks={} --cpus-per-task={} --cpu-bind=cores{}", r.ranks, r.cpus,
                           r.gpus > 0 ? " --gpu-bind=closest" : "");
  d.tries = "${SLURM_RESTART_COUNT:-0}";
  d.again = "scontrol requeue \"$SLURM_JOB_ID\"; exit 0";
  d.array_directive = fmt::format("#SBATCH --array=1-{}", r.shards);
  d.array_index = "$SLURM_ARRAY_TASK_ID";
  d.after_all = "--dependency=afterany:\"$jobs\"";
  return d;
}

Dialect flux_dialect(Job const& job) {
  ScriptRequest const& r = job.request;
  std::string const shape =
      fmt::format("-N {} -n {} -c {}{}", r.nodes, r.ranks, r.cpus, r.gpus > 0 ? fmt::format(" -g {}", r.gpus) : "");
  Dialect d;
  d.submit = "flux batch";
  d.directives = {fmt::format("#flux: {} --exclusive -t {}s", shape, job.seconds),
                  fmt::format("#flux: --job-name={} --output={}-{{{{id}}}}.log", r.job_name, r.job_name)};
  add_if(d.directives, "#flux: --queue=", r.queue);
  add_if(d.directives, "#flux: --bank=", r.account);
  d.keep = copy_of_script(job);
  d.setup = {fmt::format("left=$(flux job timeleft 2>/dev/null) || left={}", job.seconds)};
  d.launcher =
      fmt::format("flux run {} -o cpu-affinity=per-task{}", shape, r.gpus > 0 ? " -o gpu-affinity=per-task" : "");
  d.time_limit = fmt::format("--time-limit \"$((${{left%.*}} - {}))s\"", job.lead);
  d.tries = "${RETRACE_TRY:-0}";
  d.again = "RETRACE_TRY=$((${RETRACE_TRY:-0} + 1)) flux batch \"$self\"; exit 0";
  d.array_index = "$RETRACE_SHARD";
  d.after_all = "\"${jobs[@]}\"";
  return d;
}

Dialect pbs_dialect(Job const& job) {
  ScriptRequest const& r = job.request;
  int const each = job.ranks_per_node();
  Dialect d;
  d.submit = "qsub";
  d.directives = {
      "#PBS -N " + r.job_name,
      fmt::format("#PBS -l select={}:ncpus={}:mpiprocs={}:ompthreads={}{}", r.nodes, each * r.cpus, each, r.cpus,
                  r.gpus > 0 ? fmt::format(":ngpus={}", each * r.gpus) : ""),
      "#PBS -l place=scatter:excl",
      "#PBS -l walltime=" + job.clock(),
      "#PBS -j oe",
  };
  add_if(d.directives, "#PBS -q ", r.queue);
  add_if(d.directives, "#PBS -A ", r.account);
  d.setup = {"cd \"$PBS_O_WORKDIR\" || exit 71"};
  d.keep = copy_of_script(job);
  d.launcher = fmt::format("mpiexec -n {}", r.ranks);
  d.time_limit = counted_limit(job);
  d.tries = "${RETRACE_TRY:-0}";
  d.again = "qsub -v RETRACE_TRY=$((${RETRACE_TRY:-0} + 1)) \"$self\"; exit 0";
  d.array_directive = fmt::format("#PBS -J 1-{}", r.shards);
  d.array_index = "$PBS_ARRAY_INDEX";
  d.after_all = "-W depend=afterany:\"$jobs\"";
  return d;
}

Dialect lsf_dialect(Job const& job) {
  ScriptRequest const& r = job.request;
  std::int64_t const minutes = (job.seconds + 59) / 60;
  Dialect d;
  d.submit = "bsub";
  d.directives = {
      "#BSUB -J " + r.job_name,
      fmt::format("#BSUB -n {} -R \"span[ptile={}] affinity[core({})]\"", r.ranks, job.ranks_per_node(), r.cpus),
      fmt::format("#BSUB -W {} -x", minutes),
      fmt::format("#BSUB -wt {} -wa USR1", (job.lead + 59) / 60),
      "#BSUB -o " + r.job_name + "-%J.log",
  };
  if (r.gpus > 0) d.directives.push_back(fmt::format("#BSUB -gpu \"num={}/task\"", r.gpus));
  add_if(d.directives, "#BSUB -q ", r.queue);
  add_if(d.directives, "#BSUB -P ", r.account);
  d.keep = copy_of_script(job);
  d.launcher = fmt::format("mpirun -n {}", r.ranks);
  d.time_limit = counted_limit(job);
  d.tries = "${RETRACE_TRY:-0}";
  d.again = "RETRACE_TRY=$((${RETRACE_TRY:-0} + 1)) bsub < \"$self\"; exit 0";
  d.array_directive = fmt::format("#BSUB -J \"{}[1-{}]\"", r.job_name, r.shards);
  d.array_index = "$LSB_JOBINDEX";
  d.after_all = fmt::format("-w 'ended(\"{}\")'", r.job_name);
  return d;
}

}  // namespace retrace::app
