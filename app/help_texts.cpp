// The words of `--help` and of the manual that the parser does not need: examples, exit codes, see also.
#include "app/exit_code.hpp"
#include "app/help.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace retrace::app {

namespace {

std::vector<int> const codes_of_runs{exit_success,      exit_failed,        exit_usage,
                                     exit_inconclusive, exit_nothing,       exit_internal,
                                     exit_environment,  exit_stopped_early, exit_skipped};

std::vector<HelpText> const& help_texts() {
  static std::vector<HelpText> const all{
      {.command = "retrace",
       .examples = {{"retrace run --suite quick -o quick.h5", "half a minute: check, measure, time"},
                    {"retrace report quick.h5 -o quick.html", "one self-contained page"},
                    {"retrace verify --suite smoke", "the checks only, in seconds"}},
       .exit_codes = codes_of_runs,
       .see_also = {}},
      {.command = "run",
       .examples = {{"retrace run --suite quick -o quick.h5", "a built-in suite"},
                    {"mpirun -n 4 retrace run -c study.toml -o study.h5 --time-limit 55min",
                     "your own on four ranks; the same command again goes on where it ended"},
                    {"retrace run --suite quick -k 'lorenz63/*/dormand_prince54/**' -o lorenz.h5 --launches 5",
                     "some of its cases, in five launches: what compare needs to judge times"}},
       .exit_codes = codes_of_runs,
       .see_also = {"verify", "plan", "report", "merge"},
       .note = "Results survive: every finished case is in FILE.journal at once, and the same command goes on after a "
               "kill, a time limit or a signal. docs/results.md has the rules. With --launches each launch has a file "
               "of its own, FILE.launch-I.h5, until all are joined; the program starts the launcher, not the reverse."},
      {.command = "verify",
       .examples = {{"retrace verify --suite quick", "every check of the quick suite"},
                    {"mpirun -n 3 retrace verify -c study.toml --strict", "inconclusive counts, too"},
                    {"retrace verify --suite quick -k 'tag:oscillator & !*/adjoint/**'", "cases by tag and by name"}},
       .exit_codes = codes_of_runs,
       .see_also = {"run", "list"}},
      {.command = "plan",
       .examples = {{"retrace plan -c study.toml -o study.h5", "what a run that was cut off has still to do"},
                    {"retrace plan --suite standard --from quick.h5 --shard 1/8",
                     "a shard, with times and bytes of like cases that were measured"},
                    {"retrace plan --print-schema > suite.schema.json", "for editors: keys, names, ranges"}},
       .exit_codes = {exit_success, exit_usage, exit_nothing, exit_environment},
       .see_also = {"run", "list", "script"},
       .note = "Times and bytes are `measured` of the same case, or `like` it: the mean time and the largest peak of "
               "cases of the same problem, method and solver, else of fewer of these. With other options of the run "
               "(--repeat, --no-memory, ...) use run --dry-run. Nothing is run, locked or written."},
      {.command = "selftest",
       .examples = {{"retrace selftest", "the kill table of the planted faults"},
                    {"retrace selftest --false-alarms 1000", "no check may call a right gradient wrong"},
                    {"retrace selftest --detection-limits", "how small an error each check finds"}},
       .exit_codes = {exit_success, exit_failed, exit_usage, exit_internal, exit_environment},
       .see_also = {"verify", "list"}},
      {.command = "list",
       .examples = {{"retrace list", "everything"},
                    {"retrace list problems", "with their arguments, defaults and units"},
                    {"retrace list --json", "for a program to read"}},
       .exit_codes = {exit_success, exit_usage},
       .see_also = {"run"}},
      {.command = "inspect",
       .examples = {{"retrace inspect quick.h5", "the table of its cases"},
                    {"retrace inspect --validate quick.h5", "does it keep to the schema?"},
                    {"retrace inspect --exit-code quick.h5", "the verdict as an exit code, for job scripts"}},
       .exit_codes = codes_of_runs,
       .see_also = {"run", "report"}},
      {.command = "merge",
       .examples = {{"retrace merge study.1.h5 study.2.h5 study.3.h5 -o study.h5", "the shards of a job array"},
                    {"retrace merge launch.*.h5 -o all.h5", "launches of the same cases: samples side by side"},
                    {"retrace merge old.h5 again.h5 -o one.h5 --prefer newest", "the later of cases that differ"}},
       .exit_codes = {exit_success, exit_usage, exit_environment},
       .see_also = {"run", "inspect", "compare"},
       .note = "A joined file is complete when all its parts are; `retrace inspect --exit-code` says so."},
      {.command = "report",
       .examples = {{"retrace report quick.h5", "writes quick.html"},
                    {"retrace report pr.h5 --baseline main.h5 --format html,md",
                     "pr.html and pr.md, against a baseline"},
                    {"retrace report ranks-1.h5 ranks-2.h5 ranks-4.h5 -o scaling.html", "one suite on 1, 2, 4 ranks"}},
       .exit_codes = {exit_success, exit_usage, exit_internal, exit_environment},
       .see_also = {"run", "inspect"}},
      {.command = "compare",
       .examples = {{"retrace compare new.h5 main.h5", "two files"},
                    {"retrace compare new.h5 main --gate numeric,counters,memory --format md -o compare.md",
                     "a stored baseline, on a machine whose times mean nothing"},
                    {"retrace compare new.h5 main --update-baseline 'one stage less'", "accept what has changed"}},
       .exit_codes = {exit_success, exit_failed, exit_usage, exit_costlier, exit_environment},
       .see_also = {"baseline", "run", "script"},
       .note =
           "Tiers: status, counters (evaluations, steps, digests), numeric (errors), memory, time. A time is a verdict "
           "only with five launches a side on the same machine. docs/compare.md has the rules."},
      {.command = "baseline",
       .examples = {{"retrace baseline save main quick.h5", "in the folder baselines"},
                    {"retrace baseline list --baselines results/baselines", "names, ages, sizes"},
                    {"retrace baseline show main", "what it is and how it came about"}},
       .exit_codes = {exit_success, exit_usage, exit_environment},
       .see_also = {"compare"},
       .note = "A stored baseline is replaced, with a reason, by: retrace compare NEW NAME --update-baseline REASON"},
      {.command = "script",
       .examples = {{"retrace script slurm -c study.toml -o study.h5 --ranks 8 --cpus 16 --time 2h > job.sh",
                     "one job that goes on where its time ended"},
                    {"retrace script slurm --suite standard --array 8 --time 30min > job.sh",
                     "eight jobs, a shard of the suite each, and one that merges them"},
                    {"retrace script flux --suite quick --ranks 4 --compare ./old/retrace ./new/retrace > ab.sh",
                     "two programs in turn, for a comparison of their times"}},
       .exit_codes = {exit_success, exit_usage},
       .see_also = {"run"},
       .note =
           "The script goes to standard output. It reads the verdict from the result file, not from the launcher, and "
           "submits itself again while the file says that cases are left."},
      {.command = "env",
       .examples = {{"retrace env", "build, machine, MPI, Kokkos, job"},
                    {"retrace env --json", "for a program to read"},
                    {"mpirun -n 2 retrace env", "with the binding of two ranks"}},
       .exit_codes = {exit_success, exit_usage, exit_environment},
       .see_also = {"doctor", "run"},
       .note =
           "Of the environment only known names are looked at, and none whose name holds TOKEN, KEY, SECRET or PASS."},
      {.command = "doctor",
       .examples = {{"retrace doctor", "rates of this machine, and its fitness"},
                    {"OMP_NUM_THREADS=16 retrace doctor --gemm 64,1024,64 --json", "one more shape of product"},
                    {"mpirun -n 4 retrace doctor --no-ceilings -o results", "binding of four ranks, no rates"}},
       .exit_codes = {exit_success, exit_failed, exit_usage, exit_environment},
       .see_also = {"env", "run"},
       .note =
           "With several ranks, rates are measured on rank 0 alone, while the others wait at a barrier. Code 1: times "
           "measured here mean nothing."},
      {.command = "completion",
       .examples = {{"source <(retrace completion bash)", "this shell, now"},
                    {"retrace completion zsh > ~/.zfunc/_retrace", "with ~/.zfunc in fpath"},
                    {"retrace completion fish > ~/.config/fish/completions/retrace.fish", "for every fish to come"}},
       .exit_codes = {exit_success, exit_usage},
       .see_also = {"man"}},
      {.command = "man",
       .examples = {{"retrace man | man -l -", "the page of the program"},
                    {"retrace man run | man -l -", "the page of a command"},
                    {"retrace man script > retrace-script.1", "as a file"}},
       .exit_codes = {exit_success, exit_usage},
       .see_also = {"completion"}},
  };
  return all;
}

}  // namespace

HelpText const* help_text(std::string_view command) {
  auto const& all = help_texts();
  auto const found = std::ranges::find(all, command, &HelpText::command);
  return found == all.end() ? nullptr : &*found;
}

std::string_view meaning_of_exit_code(int code) {
  constexpr std::array<std::pair<int, std::string_view>, 10> meanings{
      {{exit_success, "all passed, or done"},
       {exit_failed, "a check failed, a case ended in an error, or a comparison is worse"},
       {exit_usage, "bad option, configuration or file, and nothing ran"},
       {exit_costlier, "only memory or time are worse"},
       {exit_inconclusive, "some verdicts are inconclusive, with --strict"},
       {exit_nothing, "no case selected, without --allow-empty"},
       {exit_internal, "internal error: a bug"},
       {exit_environment, "MPI, file system or another program unusable"},
       {exit_stopped_early, "stopped early by a signal or a time limit, resumable"},
       {exit_skipped, "every case skipped: this build lacks their backend"}}};
  for (auto const& [known, meaning] : meanings) {
    if (known == code) return meaning;
  }
  return "";
}

}  // namespace retrace::app
