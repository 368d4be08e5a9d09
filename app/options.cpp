#include "app/options.hpp"

#include "app/command_line.hpp"
#include "app/compare_commands.hpp"
#include "app/exit_code.hpp"
#include "app/help.hpp"
#include "app/option_checks.hpp"
#include "app/suite_commands.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>
#include <string_view>
#include <utility>

namespace retrace::app {

namespace {

/// Kokkos aborts at a value that it cannot use, and only warns of a name that it does not know.
void check_kokkos_option(std::string const& argument) {
  std::vector<std::string> const names{"--kokkos-num-threads",         "--kokkos-device-id",
                                       "--kokkos-map-device-id-by",    "--kokkos-disable-warnings",
                                       "--kokkos-print-configuration", "--kokkos-tune-internals",
                                       "--kokkos-tools-libs",          "--kokkos-tools-args",
                                       "--kokkos-tools-help",          "--kokkos-help"};
  std::size_t const equals = argument.find('=');
  std::string const name = argument.substr(0, equals);
  if (std::ranges::find(names, name) == names.end()) throw UsageError(unknown_name_message("option", name, names));
  if (name != names[0] && name != names[1]) return;
  std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
  std::string const trouble = integer_from(name == names[0] ? 1 : 0)(value);
  if (!trouble.empty()) throw UsageError(name + ": " + trouble);
}

/// What the parser found wrong, in one line with the nearest valid name.
std::string explain(CLI::App const& app, CLI::ParseError const& error, std::vector<std::string> const& words) {
  auto const commands = app.get_subcommands([](CLI::App const*) { return true; });
  CLI::App const* chosen = app.get_subcommands().empty() ? nullptr : app.get_subcommands().front();
  CLI::App const& at = chosen != nullptr ? *chosen : app;
  std::string const hint =
      chosen != nullptr ? " (see retrace " + chosen->get_name() + " --help)" : " (see retrace --help)";
  bool const misplaced = dynamic_cast<CLI::ExtrasError const*>(&error) != nullptr ||
                         (chosen == nullptr && dynamic_cast<CLI::RequiredError const*>(&error) != nullptr);
  if (!misplaced) return error.what() + hint;

  std::vector<std::string> left = app.remaining(true);
  if (chosen == nullptr) left = words;  // the missing command was noticed first
  auto const option = std::ranges::find_if(left, [](std::string const& word) { return word.starts_with('-'); });
  if (option != left.end()) {
    std::vector<std::string> names;
    for (CLI::App const* const valid : {&at, &app}) {
      for (CLI::Option const* known : valid->get_options()) {
        for (std::string const& name : known->get_lnames()) names.push_back("--" + name);
      }
      if (&at == &app) break;
    }
    return unknown_name_message("option", option->substr(0, option->find('=')), names) + hint;
  }
  if (chosen != nullptr) return fmt::format("'{}' is one argument too many for {}", left.front(), at.get_name()) + hint;
  std::vector<std::string> names;
  for (CLI::App const* command : commands) names.push_back(command->get_name());
  if (!left.empty()) return unknown_name_message("command", left.front(), names) + hint;
  return fmt::format("a command is missing; valid: {}", fmt::join(names, ", ")) + hint;
}

/// They may stand behind the command, too.
void define_console(CLI::App& app, ConsoleOptions& o) {
  app.fallthrough();
  CLI::Option* const quiet = app.add_flag("-q,--quiet", o.quiet, "only the last line, and complaints");
  app.add_flag("-v,--verbose", o.verbose, "each check with value and threshold, each line of a comparison")
      ->excludes(quiet);
  app.add_option("--color", o.color, "colours; auto: on a terminal, where NO_COLOR is not set")
      ->type_name("auto|always|never")
      ->capture_default_str()
      ->check(one_of({"auto", "always", "never"}));
  app.add_option("--progress", o.progress, "plain: a line per case; auto: a bar on a terminal, else plain")
      ->type_name("auto|bar|plain|none")
      ->capture_default_str()
      ->check(one_of({"auto", "bar", "plain", "none"}));
  app.add_option("--log-file", o.log_file, "append messages and a line per case, with times, to this file")
      ->type_name("FILE");
}

void define_script(CLI::App& app, Options& o) {
  ScriptRequest& s = o.script;
  CLI::App* const script = app.add_subcommand("script", "Print a job script that runs a suite on a cluster.");
  script->add_option("scheduler", s.scheduler, "what runs jobs there")
      ->required()
      ->type_name(joined(schedulers()))
      ->check(one_of(schedulers()));
  add_cases(*script, o);
  script->add_option("-o,--output", s.output, "result file of the job")->type_name("FILE")->capture_default_str();
  script->add_option("--job-name", s.job_name, "name of the job")->type_name("NAME")->capture_default_str();
  script->add_option("--nodes", s.nodes, "nodes")->type_name("N")->capture_default_str()->check(integer_from(1));
  script->add_option("--ranks", s.ranks, "MPI ranks in all, a multiple of the nodes")
      ->type_name("N")
      ->capture_default_str()
      ->check(integer_from(1));
  script->add_option("--cpus", s.cpus, "processors, and threads, of each rank")
      ->type_name("N")
      ->capture_default_str()
      ->check(integer_from(1));
  script->add_option("--gpus", s.gpus, "GPUs of each rank")
      ->type_name("N")
      ->capture_default_str()
      ->check(integer_from(0));
  script->add_option("--time", s.time, "wall time of the job, such as 90min or 2h")
      ->type_name("DURATION")
      ->capture_default_str();
  script->add_option("--array", s.shards, "split the suite over so many jobs of an array; 1: one job")
      ->type_name("N")
      ->capture_default_str()
      ->check(integer_from(1, 10'000));
  script->add_option("--compare", s.compare, "run two programs in turn, A B B A, in one job, and compare their results")
      ->type_name("OLD NEW")
      ->expected(2);
  script->add_option("--launches", s.launches, "launches of each program for --compare")
      ->type_name("N")
      ->capture_default_str()
      ->check(integer_from(ScriptRequest::least_launches, 1000));
  script->add_option("--requeues", s.requeues, "how often an unfinished job is submitted again")
      ->type_name("N")
      ->capture_default_str()
      ->check(integer_from(0, 1000));
  script->add_option("--program", s.program, "the program as the nodes find it")
      ->type_name("FILE")
      ->capture_default_str();
  script->add_option("--queue", s.queue, "partition or queue")->type_name("NAME");
  script->add_option("--account", s.account, "whom the time is charged to")->type_name("NAME");
}

void define_shell_support(CLI::App& app, Options& o) {
  CLI::App* const completion = app.add_subcommand("completion", "Print a script that completes commands and options.");
  completion->add_option("shell", o.what, "of which shell")
      ->required()
      ->type_name(joined({"bash", "zsh", "fish"}))
      ->check(one_of({"bash", "zsh", "fish"}));
  CLI::App* const man = app.add_subcommand("man", "Print a page of the manual.");
  man->add_option("command", o.what, "of which command (default: of the program)")->type_name("COMMAND");
}

/// The command and its options as they were given, but for those named.
std::vector<std::string> words_without(CLI::App const& app, CLI::App const& command,
                                       std::vector<std::string> const& left_out) {
  std::vector<std::string> words{command.get_name()};
  std::vector<CLI::Option const*> given = app.get_options();
  std::ranges::copy(command.get_options(), std::back_inserter(given));
  for (CLI::Option const* option : given) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    std::string const& name = option->get_lnames().front();
    if (std::ranges::find(left_out, name) != left_out.end()) continue;
    if (option->get_items_expected_max() == 0)
      words.push_back("--" + name);
    else
      for (std::string const& value : option->results())
        words.push_back(value.empty() ? "--" + name : fmt::format("--{}={}", name, value));
  }
  return words;
}

Options::Command command_named(std::string_view name) {
  using Command = Options::Command;
  constexpr std::array<std::pair<std::string_view, Command>, 15> commands{{{"run", Command::run},
                                                                           {"plan", Command::plan},
                                                                           {"verify", Command::verify},
                                                                           {"list", Command::list},
                                                                           {"inspect", Command::inspect},
                                                                           {"report", Command::report},
                                                                           {"compare", Command::compare},
                                                                           {"baseline", Command::baseline},
                                                                           {"merge", Command::merge},
                                                                           {"script", Command::script},
                                                                           {"env", Command::env},
                                                                           {"doctor", Command::doctor},
                                                                           {"selftest", Command::selftest},
                                                                           {"completion", Command::completion},
                                                                           {"man", Command::man}}};
  for (auto const& [known, command] : commands) {
    if (known == name) return command;
  }
  return Command::none;
}

}  // namespace

void define_command_line(CLI::App& app, Options& o) {
  app.name("retrace");
  app.description("Can this gradient through an ODE solver be trusted, and what did it cost?");
  app.set_version_flag("--version", "retrace " RETRACE_VERSION, "print the version and end; =json: the build, too");
  app.set_help_flag("-h,--help", "print this help and end");
  app.set_help_all_flag("--help-all", "print the help with what is seldom needed, too, and end");
  app.require_subcommand(1);
  define_console(app, o.console);

  define_run(app, o);
  define_verify(app, o);
  define_plan(app, o);

  CLI::App* const list = app.add_subcommand("list", "Print what is registered.");
  list->add_option("what", o.what, "only these (default: all)")
      ->type_name(joined({"problems", "methods", "solvers", "controllers", "checks", "backends", "suites"}));
  list->add_flag("--json", o.json, "as JSON");

  CLI::App* const inspect = app.add_subcommand("inspect", "Summarise or validate a result file.");
  inspect->add_option("file", o.files, "result file")->required()->type_name("FILE")->expected(1);
  inspect->add_flag("--validate", o.validate, "check the file against the schema; exit code 1 with findings");
  inspect->add_flag("--exit-code", o.exit_code, "print nothing, end with the code that the run's verdict gives");
  inspect->add_flag("--strict", o.strict, "with --exit-code: inconclusive verdicts give 4");
  inspect->add_flag("--lenient-xpass", o.lenient_xpass, "with --exit-code: an unexpected pass is no failure");
  inspect->add_flag("--upgrade", o.upgrade, "write it anew in this program's version of the schema, to -o");
  inspect->add_option("-o,--output", o.output, "with --upgrade: the new file; never overwritten")->type_name("FILE");

  CLI::App* const merge = app.add_subcommand("merge", "Join shards or launches of one suite into one result file.");
  merge->add_option("file", o.files, "result file")->required()->type_name("FILE")->expected(1, any_count);
  merge->add_option("-o,--output", o.output, "the joined file; never overwritten (required)")->type_name("FILE");
  merge->add_option("--prefer", o.prefer, "of cases that contradict each other take the newest (default: refuse)")
      ->type_name(joined({"newest"}))
      ->check(one_of({"newest"}));

  CLI::App* const report = app.add_subcommand("report", "Make a self-contained HTML report of a result file.");
  report->add_option("file", o.files, "result file; further ones of its series go into scaling and trend")
      ->required()
      ->type_name("FILE")
      ->expected(1, any_count);
  report->add_option("-o,--output", o.output, "HTML file (default: the first result's name with .html)")
      ->type_name("FILE");
  report->add_option("--format", o.report.formats, "any of html, md, csv, svg, json, by commas (default: html)")
      ->type_name("LIST");
  report->add_option("--baseline", o.report.baseline, "result file to show the first one against")->type_name("FILE");
  report->add_option("--judged", o.report.judged, "what `retrace compare --format json` said, to be shown")
      ->type_name("FILE");
  report->add_option("--x", o.report.costs, "costs against which errors are drawn: time, nfe, bytes (default: all)")
      ->type_name("LIST");
  report->add_option("--y", o.report.error, "error, a column of /accuracy (default: grad_rel_l2)")->type_name("NAME");
  report->add_option("--group", o.report.group, "a panel per value of this column of /cases (default: problem)")
      ->type_name("NAME");
  report->add_option("--title", o.title, "title of the report (default: the suite's)");

  define_compare(app, o.compare);
  define_baseline(app, o.baseline);

  CLI::App* const env = app.add_subcommand("env", "Print what a result file will say about build and machine.");
  env->add_flag("--json", o.json, "as JSON");
  add_policy(*env, o);

  CLI::App* const doctor =
      app.add_subcommand("doctor", "Measure what this machine can do at best, and say whether it is fit for timing.");
  doctor->add_flag("--json", o.json, "as JSON");
  doctor->add_option("-o,--output", o.output, "folder that results will be written to (default: this one)")
      ->type_name("DIR");
  doctor->add_option("--gemm", o.gemm, "one more shape of matrix product, (m x k)(k x n); repeatable")
      ->type_name("M,N,K");
  doctor->add_option("--repeat", o.repeat, "repetitions of each rate; the median is reported (default 7)")
      ->type_name("N")
      ->check(integer_from(1, 100'000));
  doctor->add_option("--min-time", o.min_time_seconds, "seconds that one repetition lasts (default 0.02)")
      ->type_name("SECONDS")
      ->check(seconds());
  doctor->add_flag("--no-ceilings", o.no_ceilings, "only look at the machine, measure no rate");

  CLI::App* const selftest = app.add_subcommand(
      "selftest", "Test the checks themselves: planted faults must be found, right gradients not called wrong.");
  CLI::Option* const alarms =
      selftest->add_option("--false-alarms", o.false_alarms, "run all checks on so many random right configurations")
          ->type_name("N")
          ->check(integer_from(1));
  selftest->add_option("--seed", o.seed, "seed of the first of them")->type_name("N")->capture_default_str();
  selftest->add_flag("--detection-limits", o.detection_limits, "the smallest error of a gradient that each check finds")
      ->excludes(alarms);
  selftest->add_option("-o,--folder", o.output, "folder of the programs with planted faults (default: the build's)")
      ->type_name("DIR");

  define_script(app, o);
  define_shell_support(app, o);
}

Parsed parse_command_line(int argc, char** argv, bool prints) {
  Parsed parsed;
  CLI::App app;
  define_command_line(app, parsed.options);
  auto const chosen = [&app] { return app.get_subcommands().empty() ? &app : app.get_subcommands().front(); };

  std::vector<std::string> words;
  try {
    for (int i = 1; i < argc; ++i) {
      std::string const word = argv[i];
      if (word == "--version=json") {
        parsed.options.command = Options::Command::version;
        return parsed;
      }
      if (word.starts_with("--version="))
        throw UsageError(unknown_name_message("form of the version", word.substr(word.find('=') + 1),
                                              std::vector<std::string>{"json"}));
      if (word.starts_with("--kokkos-"))
        check_kokkos_option(word);
      else
        words.push_back(word);
    }
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // reversed, as CLI11 wants them
  } catch (CLI::CallForHelp const&) {
    CommandTable const table = command_table();
    if (prints) std::cout << help_of(table, *table.find(chosen()->get_name()), Extent::usual);
    parsed.exit_code = exit_success;
    return parsed;
  } catch (CLI::CallForAllHelp const&) {
    CommandTable const table = command_table();
    if (prints) std::cout << help_of(table, *table.find(chosen()->get_name()), Extent::all);
    parsed.exit_code = exit_success;
    return parsed;
  } catch (CLI::CallForVersion const& e) {
    if (prints) std::cout << e.what() << '\n';
    parsed.exit_code = exit_success;
    return parsed;
  } catch (CLI::ParseError const& e) {
    if (prints) std::cerr << "retrace: " << explain(app, e, words) << '\n';
    parsed.exit_code = exit_usage;
    return parsed;
  } catch (UsageError const& e) {
    if (prints) std::cerr << "retrace: " << e.what() << '\n';
    parsed.exit_code = exit_usage;
    return parsed;
  }
  parsed.options.command = command_named(chosen()->get_name());
  // Files and marks are made of the whole result, by the process that has it.
  std::vector<std::string> left_out{"launches", "launcher", "output", "time-limit", "dry-run", "junit",
                                    "json",     "csv",      "tap",    "annotate",   "fom",     "ctest"};
  parsed.options.launch_words = words_without(app, *chosen(), left_out);
  for (char const* of_a_suite :
       {"filter", "exclude", "shard", "budget", "from", "resume", "maxfail", "fail-fast", "isolate", "quiet", "verbose",
        "progress", "color", "log-file", "no-ceilings", "keep-journal", "allow-empty"})
    left_out.emplace_back(of_a_suite);
  parsed.options.case_words = words_without(app, *chosen(), left_out);
  for (int i = 1; i < argc; ++i) {
    if (!std::string_view(argv[i]).starts_with("--kokkos-")) continue;
    parsed.options.launch_words.emplace_back(argv[i]);
    parsed.options.case_words.emplace_back(argv[i]);
  }
  return parsed;
}

}  // namespace retrace::app
