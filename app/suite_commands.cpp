#include "app/suite_commands.hpp"

#include "app/option_checks.hpp"

namespace retrace::app {

namespace {

std::vector<std::string> resume_words() {
  return {"auto", "never", "failed", "force"};
}

void add_resume(CLI::App& command, Options& o) {
  command
      .add_option(
          "--resume", o.resume,
          "the same command goes on where a run of it ended: auto; never; failed: does again what did not pass; "
          "force: in spite of another configuration")
      ->type_name(joined(resume_words()))
      ->expected(0, 1)
      ->capture_default_str()
      ->check(one_of(resume_words()));
}

void add_shard(CLI::App& command, Options& o) {
  command.add_option("--shard", o.shard, "run part I of N of the cases, the same ones every time (default: all)")
      ->type_name("I/N");
}

void add_budget(CLI::App& command, Options& o) {
  command
      .add_option("--budget", o.budget,
                  "of the cases only those that show most in so much time, such as 10min; needs --from (default: all)")
      ->type_name("DURATION");
  command
      .add_option("--from", o.estimate_from, "earlier result file that times and bytes are estimated from; repeatable")
      ->type_name("FILE");
}

std::vector<std::string> isolation_words() {
  return {"none", "case"};
}

std::vector<std::string> memory_words() {
  return {"exact", "rss", "off"};
}

/// What is written beside the result; "-" is stdout.
void add_outputs(CLI::App& command, Options& o) {
  command.add_option("--junit", o.junit, "the checks as JUnit XML: a suite per problem, a testcase per case and check")
      ->type_name("FILE");
  command.add_option("--json", o.json_file, "the result as JSON, for programs without HDF5; -: to stdout")
      ->type_name("FILE");
  command.add_option("--csv", o.csv, "a row per case: identity, errors, costs; -: to stdout")->type_name("FILE");
  command.add_option("--tap", o.tap, "the checks as TAP 14; -: to stdout")->type_name("FILE");
  command.add_option("--annotate", o.annotate, "failures as marks for a CI host, ten at most, and a page for its job")
      ->type_name(annotation_words)
      ->capture_default_str()
      ->check(one_of({"auto", "github", "gitlab", "none"}));
  command.add_flag("--fom", o.merits, "print figures of merit, as lines `FOM name value unit`");
  command.add_flag("--ctest", o.ctest, "print the result's figures as <CTestMeasurement>, for CDash");
}

void add_selection(CLI::App& command, Options& o) {
  add_cases(command, o);
  command.add_option("--maxfail", o.max_failures, "stop after so many failures; 0: never")
      ->type_name("N")
      ->capture_default_str()
      ->check(integer_from(0));
  command.add_flag_callback(
      "--fail-fast", [&o] { o.max_failures = 1; }, "stop after the first failure: --maxfail 1");
  add_outputs(command, o);
  command
      .add_option("--references", o.references, "folder that keeps references in quadruple precision from run to run")
      ->type_name("DIR")
      ->group(rare);
  add_resume(command, o);
  add_shard(command, o);
  add_budget(command, o);
  command
      .add_option("--time-limit", o.time_limit,
                  "be over by then, such as 55min; code 75 if cases are left (default: what the job has, else none)")
      ->type_name("DURATION");
  command
      .add_option("--case-timeout", o.case_timeout,
                  "cut a case off that takes longer, such as 5min (default: the suite's)")
      ->type_name("DURATION");
  command.add_option("--grace", o.grace_seconds, "seconds that a case may take to its end after a signal")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(seconds())
      ->group(rare);
  command
      .add_option("--isolate", o.isolate,
                  "case: a process of its own for each case, so that a crash or a hang costs only that one; one rank")
      ->type_name(joined(isolation_words()))
      ->capture_default_str()
      ->check(one_of(isolation_words()));
  command.add_flag("--keep-journal", o.keep_journal, "keep FILE.journal beside a result that is complete")->group(rare);
  command.add_flag("--strict", o.strict, "inconclusive verdicts give exit code 4");
  command.add_flag("--lenient-xpass", o.lenient_xpass,
                   "a case that passes although it is expected to fail is no failure");
  command.add_flag("--allow-empty", o.allow_empty, "selecting no case is no error")->group(rare);
  command.add_flag("--dry-run", o.dry_run, "run nothing, write nothing: print what would be done, as plan does");
  add_policy(command, o);
}

}  // namespace

void add_cases(CLI::App& command, Options& o) {
  command.add_option("-c,--config", o.configs, "suite file, TOML or JSON; repeatable, later files win")
      ->type_name("FILE");
  command.add_option("--suite", o.suite, "built-in suite, see retrace list suites (default smoke, without a FILE)")
      ->type_name("NAME");
  command.add_option("-k,--filter", o.filters, "keep cases: globs on the id, tag:NAME, & | ! ( ); repeatable")
      ->type_name("EXPR");
  command.add_option("-x,--exclude", o.excludes, "drop cases, same form; repeatable")->type_name("EXPR");
  command.add_option("--set", o.overrides, "override one key of the configuration; repeatable")->type_name("KEY=VALUE");
}

void add_policy(CLI::App& command, Options& o) {
  command.add_flag("--env-full", o.env_full, "store the account, the program's path and the working folder, too")
      ->group(rare);
  command.add_flag("--anonymous", o.anonymous, "store no name of a user or a host")->group(rare);
}

void define_run(CLI::App& app, Options& o) {
  CLI::App* const run =
      app.add_subcommand("run", "Check, measure and time the gradients of a suite; write a result file.");
  add_selection(*run, o);
  run->add_option("-o,--output", o.output, "result file (default retrace-<utc>.h5); never overwritten, but continued")
      ->type_name("FILE");
  run->add_option("--repeat", o.repeat, "least number of timed samples (default: the suite's)")
      ->type_name("N")
      ->check(integer_from(1, 100'000));
  run->add_option("--warmup", o.warmup, "untimed repetitions before them (default: the suite's)")
      ->type_name("N")
      ->check(integer_from(0, 100'000))
      ->group(rare);
  run->add_option("--min-time", o.min_time_seconds, "seconds that one sample lasts at least (default: the suite's)")
      ->type_name("SECONDS")
      ->check(seconds());
  run->add_option("--launches", o.launches, "start the program so many times, into one file; for compare, 5 and more")
      ->type_name("K")
      ->capture_default_str()
      ->check(integer_from(1, 1000));
  run->add_option("--launcher", o.launcher, "for --launches: what starts the ranks, such as 'mpirun -n 4'")
      ->type_name("COMMAND");
  run->add_flag("--no-ceilings", o.no_ceilings, "do not measure the machine's rates before the first case (under 1 s)")
      ->group(rare);
  run->add_flag("--time-failed", o.time_failed, "time cases whose checks failed, too")->group(rare);
  run->add_option("--memory", o.memory,
                  "exact: every allocation of an untimed repetition; rss: only the process's peak in one; off")
      ->type_name(joined(memory_words()))
      ->capture_default_str()
      ->check(one_of(memory_words()));
  run->add_flag_callback(
         "--no-memory", [&o] { o.memory = "off"; }, "the same as --memory off")
      ->group(rare);
}

void define_verify(CLI::App& app, Options& o) {
  CLI::App* const verify =
      app.add_subcommand("verify", "Run the checks of a suite only: no timing, a result file if asked for.");
  add_selection(*verify, o);
  verify->add_option("-o,--output", o.output, "result file (default: none)")->type_name("FILE");
  CLI::Option* const quick = verify->add_flag("--quick", o.verify_quick, "only the checks that cost little");
  verify->add_flag("--full", o.verify_full, "every check, orders of convergence too; suite standard, without a FILE")
      ->excludes(quick);
}

void define_plan(CLI::App& app, Options& o) {
  CLI::App* const plan = app.add_subcommand(
      "plan", "Print the cases of a suite, what they will take, and what a run would still have to do.");
  add_cases(*plan, o);
  add_shard(*plan, o);
  plan->add_option("-o,--output", o.output, "result file that the run will have: what it holds is skipped")
      ->type_name("FILE");
  add_resume(*plan, o);
  add_budget(*plan, o);
  plan->add_flag("--json", o.json, "as JSON");
  plan->add_flag("--print-schema", o.print_schema, "print the JSON Schema of suite files and end");
  plan->add_flag("--allow-empty", o.allow_empty, "selecting no case is no error");
}

}  // namespace retrace::app
