#include "app/options.hpp"

#include "app/exit_code.hpp"
#include "app/version.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace retrace::app {

namespace {

constexpr char const* exit_codes =
    "Exit codes: 0 all passed; 1 a check failed or a case ended in an error; 2 bad usage or configuration;\n"
    "4 inconclusive with --strict; 5 no case selected; 70 internal error; 71 MPI or file system; 75 stopped early.";

void add_selection(CLI::App& command, Options& o) {
  command.add_option("-c,--config", o.configs, "TOML suite file; repeatable, later files win")->type_name("FILE");
  command.add_option("--suite", o.suite, "built-in suite: smoke, quick, standard, scaling (default smoke)")
      ->type_name("NAME");
  command.add_option("-k,--filter", o.filters, "keep cases: globs on the id, tag:NAME, & | ! ( ); repeatable")
      ->type_name("EXPR");
  command.add_option("-x,--exclude", o.excludes, "drop cases, same form; repeatable")->type_name("EXPR");
  command.add_option("--set", o.overrides, "override one key of the configuration; repeatable")->type_name("KEY=VALUE");
  command.add_option("--maxfail", o.max_failures, "stop after so many failures; 0: never")->capture_default_str();
  command.add_flag("--strict", o.strict, "inconclusive verdicts give exit code 4");
  command.add_flag("--allow-empty", o.allow_empty, "selecting no case is no error");
  command.add_flag("-q,--quiet", o.quiet, "only the last line");
}

}  // namespace

Parsed parse_command_line(int argc, char** argv, bool prints) {
  Parsed parsed;
  Options& o = parsed.options;
  CLI::App app("Retrace: can this gradient through an ODE solver be trusted, and what did it cost?", "retrace");
  app.set_version_flag("--version", std::string("retrace ") + std::string(version));
  app.require_subcommand(1);
  app.footer("Options --kokkos-* go to Kokkos. Each command has its own --help with examples.\n" +
             std::string(exit_codes));

  CLI::App* const run =
      app.add_subcommand("run", "Check, measure and time the gradients of a suite; write a result file.");
  add_selection(*run, o);
  run->add_option("-o,--output", o.output, "result file (default retrace-<utc>.h5); never overwritten")
      ->type_name("FILE");
  run->add_option("--repeat", o.repeat, "least number of timed samples (default: the suite's)");
  run->add_option("--warmup", o.warmup, "untimed repetitions before them (default: the suite's)");
  run->add_option("--min-time", o.min_time_seconds, "seconds that one sample lasts at least (default: the suite's)");
  run->add_flag("--no-ceilings", o.no_ceilings, "do not measure the machine's rates before the first case (under 1 s)");
  run->add_flag("--time-failed", o.time_failed, "time cases whose checks failed, too");
  run->add_flag("--no-memory", o.no_memory, "skip the untimed repetition that measures bytes");
  run->footer(
      "Examples:\n"
      "  retrace run --suite quick -o quick.h5\n"
      "  mpirun -n 4 retrace run -c study.toml -o study.h5\n"
      "  retrace run --suite quick -k 'lorenz63/*/dormand_prince54/**' -o lorenz.h5\n" +
      std::string(exit_codes));

  CLI::App* const verify =
      app.add_subcommand("verify", "Run the checks of a suite only: no timing, a result file if asked for.");
  add_selection(*verify, o);
  verify->add_option("-o,--output", o.output, "result file (default: none)")->type_name("FILE");
  verify->footer(
      "Examples:\n"
      "  retrace verify --suite quick\n"
      "  mpirun -n 3 retrace verify -c study.toml --strict\n"
      "  retrace verify --suite quick -k 'tag:oscillator & !adjoint'\n" +
      std::string(exit_codes));

  CLI::App* const list = app.add_subcommand("list", "Print what is registered.");
  list->add_option("what", o.what, "problems, methods, solvers, checks, backends or suites; all if left out");
  list->add_flag("--json", o.json, "as JSON");
  list->footer("Examples:\n  retrace list\n  retrace list problems\n  retrace list --json");

  CLI::App* const inspect = app.add_subcommand("inspect", "Summarise or validate a result file.");
  inspect->add_option("file", o.files, "result file")->required()->expected(1);
  inspect->add_flag("--validate", o.validate, "check the file against the schema; exit code 1 with findings");
  inspect->add_flag("--exit-code", o.exit_code, "print nothing, end with the code that the run's verdict gives");
  inspect->footer(
      "Examples:\n  retrace inspect quick.h5\n  retrace inspect --validate quick.h5\n"
      "  retrace inspect --exit-code quick.h5");

  CLI::App* const report = app.add_subcommand("report", "Make a self-contained HTML report of a result file.");
  report->add_option("file", o.files, "result file")->required()->expected(1);
  report->add_option("-o,--output", o.output, "HTML file (default: the result's name with .html)")->type_name("FILE");
  report->add_option("--title", o.title, "title of the report (default: the suite's)");
  report->footer(
      "Examples:\n  retrace report quick.h5\n  retrace report quick.h5 -o quick.html\n"
      "  retrace report study.h5 --title 'Adjoint study'");

  CLI::App* const env = app.add_subcommand("env", "Print what a result file will say about build and machine.");
  env->add_flag("--json", o.json, "as JSON");
  env->footer("Examples:\n  retrace env\n  retrace env --json\n  mpirun -n 2 retrace env");

  CLI::App* const doctor =
      app.add_subcommand("doctor", "Measure what this machine can do at best, and say whether it is fit for timing.");
  doctor->add_flag("--json", o.json, "as JSON");
  doctor->add_option("-o,--output", o.output, "folder that results will be written to (default: this one)")
      ->type_name("DIR");
  doctor->add_option("--gemm", o.gemm, "one more shape of matrix product, (m x k)(k x n); repeatable")
      ->type_name("M,N,K");
  doctor->add_option("--repeat", o.repeat, "repetitions of each rate; the median is reported (default 7)");
  doctor->add_option("--min-time", o.min_time_seconds, "seconds that one repetition lasts (default 0.02)");
  doctor->add_flag("--no-ceilings", o.no_ceilings, "only look at the machine, measure no rate");
  doctor->footer(
      "Examples:\n"
      "  retrace doctor\n"
      "  OMP_NUM_THREADS=16 retrace doctor --gemm 64,1024,64 --json\n"
      "  mpirun -n 4 retrace doctor --no-ceilings -o /scratch/results\n"
      "With several ranks, rates are measured on rank 0 alone, while the others wait at a barrier.\n"
      "Exit codes: 0 fit, perhaps with warnings; 1 times measured here mean nothing; 2 bad usage; 71 MPI.");

  std::vector<std::string> arguments;  // reversed, as CLI11 wants them, without what is for Kokkos
  for (int i = argc - 1; i > 0; --i) {
    if (!std::string_view(argv[i]).starts_with("--kokkos-")) arguments.emplace_back(argv[i]);
  }
  std::ostringstream out, err;
  try {
    app.parse(arguments);
  } catch (CLI::ParseError const& e) {
    int const code = app.exit(e, out, err);
    if (prints) std::cout << out.str();
    if (prints && code != 0) std::cerr << "retrace: " << e.what() << " (see retrace --help)\n";
    parsed.exit_code = code == 0 ? exit_success : exit_usage;
    return parsed;
  }
  if (*run) o.command = Options::Command::run;
  if (*verify) o.command = Options::Command::verify;
  if (*list) o.command = Options::Command::list;
  if (*inspect) o.command = Options::Command::inspect;
  if (*report) o.command = Options::Command::report;
  if (*env) o.command = Options::Command::env;
  if (*doctor) o.command = Options::Command::doctor;
  return parsed;
}

}  // namespace retrace::app
