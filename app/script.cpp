#include "app/script.hpp"

#include "app/script_dialect.hpp"
#include "benchmarks/units.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>

namespace retrace::app {

namespace {

bool is_plain(std::string_view word, std::string_view beside) {
  return !word.empty() && std::ranges::all_of(word, [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || beside.find(c) != std::string_view::npos;
  });
}

/// As one word of a shell.
std::string shell_word(std::string_view word) {
  if (is_plain(word, "_./=:,+@%-")) return std::string(word);
  std::string out;
  for (char const c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + out + "'";
}

std::string shell_words(std::vector<std::string> const& words) {
  std::string text;
  for (std::string const& word : words) text += " " + shell_word(word);
  return text;
}

/// "study.h5" with a part before the ending: "study.old.h5".
std::string named(std::string const& output, std::string const& part) {
  std::filesystem::path path(output);
  return path.replace_extension("." + part + path.extension().string()).string();
}

Job checked(ScriptRequest const& request) {
  Job job{.request = request};
  double seconds = 0.0;
  try {
    seconds = parse_duration(request.time);
  } catch (UsageError const& error) {
    throw UsageError(std::string("--time: ") + error.what());
  }
  constexpr double least = 60.0, most = 366.0 * 86400.0;  // schedulers count in minutes
  if (seconds < least || seconds > most)
    throw UsageError(fmt::format("--time {}: a job lasts from one minute to a year", request.time));
  job.seconds = static_cast<std::int64_t>(seconds);
  constexpr std::int64_t part = 10, least_lead = 20, most_lead = 180;
  job.lead = std::clamp(job.seconds / part, least_lead, most_lead);
  if (request.ranks % request.nodes != 0)
    throw UsageError(fmt::format("--ranks {} is no multiple of --nodes {}: every node gets as many ranks",
                                 request.ranks, request.nodes));
  if (!request.compare.empty() && request.shards > 1)
    throw UsageError(
        "--array and --compare exclude each other: launches are compared where they ran in turn, in one job");
  for (auto const& [option, text] : {std::pair{"--job-name", request.job_name}, std::pair{"--queue", request.queue},
                                     std::pair{"--account", request.account}}) {
    if (!text.empty() && !is_plain(text, "_.+:@-"))
      throw UsageError(fmt::format("{} '{}': letters, digits and _.+:@- only", option, text));
  }
  if (!is_plain(request.output, "_./+@%-"))
    throw UsageError(fmt::format("--output '{}': job scripts take letters, digits and _./+@%- only", request.output));
  return job;
}

Dialect dialect_of(Job const& job) {
  if (job.request.scheduler == "slurm") return slurm_dialect(job);
  if (job.request.scheduler == "flux") return flux_dialect(job);
  if (job.request.scheduler == "pbs") return pbs_dialect(job);
  return lsf_dialect(job);
}

std::string lines(std::vector<std::string> const& all) {
  std::string text;
  for (std::string const& line : all) text += line + "\n";
  return text;
}

/// From the first line to where the program can start.
std::string opening(Job const& job, Dialect const& d) {
  return "#!/bin/bash\n" + lines(d.directives) + "set -u\n" +
         fmt::format("export OMP_NUM_THREADS={} OMP_PROC_BIND=close OMP_PLACES=cores\n", job.request.cpus) +
         lines(d.setup);
}

std::string run_line(Dialect const& d, std::string const& program, std::string const& selection,
                     std::string const& output, std::string const& more) {
  return fmt::format("{} \\\n  {} run{} -o {}{}{}\n", d.launcher, program, selection, output, more,
                     d.time_limit.empty() ? "" : " " + d.time_limit);
}

/// The verdict as $rc, and once more from the start while something is left.
std::string verdict_lines(Job const& job, Dialect const& d, std::string const& output) {
  return fmt::format(
      "{0} inspect --exit-code {1}; rc=$?  # from the file: launchers do not always pass a code on\n"
      "if [ $rc -eq 75 ] && [ \"{2}\" -lt \"${{RETRACE_MAX_REQUEUE:-{3}}}\" ]; then\n"
      "  {4}\n"
      "fi\n",
      shell_word(job.request.program), output, d.tries, job.request.requeues, d.again);
}

std::string report_line(Job const& job) {
  std::string const page = std::filesystem::path(job.request.output).replace_extension(".html").string();
  return fmt::format("[ -s {0} ] && {1} report {0} -o {2}\nexit $rc\n", job.request.output,
                     shell_word(job.request.program), page);
}

std::string one_job(Job const& job, Dialect const& d, std::string const& selection) {
  std::string const program = shell_word(job.request.program), output = job.request.output;
  return opening(job, d) + (d.keep.empty() ? "" : d.keep + "\n") + run_line(d, program, selection, output, "") +
         verdict_lines(job, d, output) + report_line(job);
}

/// One shard of an array; those of Slurm put themselves back, the others are done again as a whole by `join_job`.
std::string shard_job(Job const& job, Dialect const& d, std::string const& selection) {
  std::string const output = named(job.request.output, "\"" + d.array_index + "\"");
  std::string text = opening(job, d) + run_line(d, shell_word(job.request.program), selection, output,
                                                fmt::format(" --shard \"{}/{}\"", d.array_index, job.request.shards));
  if (job.request.scheduler == "slurm") text += verdict_lines(job, d, output) + "exit $rc\n";
  return text;
}

std::string join_job(Job const& job, Dialect const& d) {
  Job small = job;
  small.request.nodes = small.request.ranks = small.request.cpus = 1;
  small.request.gpus = 0;
  small.request.job_name += "-join";
  std::string const program = shell_word(job.request.program), output = job.request.output;
  std::vector<std::string> const directives = dialect_of(small).directives;
  std::string text = "#!/bin/bash\n" + lines(directives) + "set -u\n";
  if (job.request.scheduler == "pbs") text += d.setup.front() + "\n";
  text += fmt::format("rm -f {1}\n{0} merge {2} -o {1}\n", program, output, named(output, "[0-9]*"));
  if (job.request.scheduler == "slurm")
    return text + fmt::format("{} inspect --exit-code {}; rc=$?\n", program, output) + report_line(job);
  Dialect whole = d;
  whole.tries = "${RETRACE_TRY:-0}";
  whole.again = fmt::format("RETRACE_TRY=$((${{RETRACE_TRY:-0}} + 1)) bash {}.array.sh; exit 0", output);
  return text + verdict_lines(job, whole, output) + report_line(job);
}

/// A script for a login node, which submits the shards and the job that joins them.
std::string array_of_jobs(Job const& job, Dialect d, std::string const& selection) {
  std::string const kept = job.request.output + ".array.sh";
  std::string text = fmt::format(
      "#!/bin/bash\n# Run this on a login node: it submits {0} jobs, one per shard, and one that joins their results.\n"
      "set -eu\n[ \"$0\" -ef {1} ] || cp -f \"$0\" {1}\n",
      job.request.shards, kept);
  std::string const submit = d.submit;
  bool const environment_goes_along = job.request.scheduler != "pbs";
  std::string const carried = environment_goes_along ? "" : " -v RETRACE_TRY=\"${RETRACE_TRY:-0}\"";
  std::string const take_id = d.after_all.find("jobs") == std::string::npos ? "" : "jobs=$(";
  if (d.array_directive.empty()) {  // no arrays here: a job for each shard
    text += fmt::format(
        "jobs=()\nfor shard in $(seq {}); do\n  export RETRACE_SHARD=$shard\n  job=$({} <<'JOB'\n{}JOB\n)\n"
        "  jobs+=(--dependency=afterany:\"$job\")\ndone\n",
        job.request.shards, submit, shard_job(job, d, selection));
  } else {
    d.directives.push_back(d.array_directive);
    if (job.request.scheduler == "lsf") d.directives.erase(d.directives.begin());  // the name stands in the array's
    text += fmt::format("{}{}{} <<'JOB'\n{}JOB\n{}", take_id, submit, carried, shard_job(job, d, selection),
                        take_id.empty() ? "" : ")\n");
  }
  return text + fmt::format("{}{} {} <<'JOB'\n{}JOB\n", submit, carried, d.after_all, join_job(job, d));
}

/// Both programs in turn, old new new old, so that a drift of the machine meets both alike.
std::string comparison(Job const& job, Dialect const& d, std::string const& selection) {
  std::string const old_file = named(job.request.output, "old"), new_file = named(job.request.output, "new");
  std::string text = opening(job, d);
  text += fmt::format(
      "old={} new={}\nlaunch() {{  # program, side, number\n"
      "  {} \\\n    \"$1\" run{} -o {}{}\n}}\n"
      "for i in $(seq {}); do  # A B B A, or B A A B\n"
      "  if [ $((i % 2)) -eq 1 ]; then launch \"$old\" old \"$i\"; launch \"$new\" new \"$i\"\n"
      "  else launch \"$new\" new \"$i\"; launch \"$old\" old \"$i\"; fi\n"
      "done\n",
      shell_word(job.request.compare[0]), shell_word(job.request.compare[1]), d.launcher, selection,
      named(job.request.output, "\"$2.$3\""), d.time_limit.empty() ? "" : " " + d.time_limit, job.request.launches);
  return text + fmt::format(
                    "\"$new\" merge {} -o {}\n\"$new\" merge {} -o {}\n"
                    "\"$new\" compare {} {} --format md\nrc=$?\nexit $rc\n",
                    named(job.request.output, "old.[0-9]*"), old_file, named(job.request.output, "new.[0-9]*"),
                    new_file, new_file, old_file);
}

}  // namespace

std::string job_script(ScriptRequest const& request, std::vector<std::string> const& selection) {
  Job const job = checked(request);
  Dialect const dialect = dialect_of(job);
  std::string const cases = shell_words(selection);
  if (!request.compare.empty()) return comparison(job, dialect, cases);
  return request.shards > 1 ? array_of_jobs(job, dialect, cases) : one_job(job, dialect, cases);
}

}  // namespace retrace::app
