#include "app/options.hpp"

#include "app/exit_code.hpp"
#include "app/version.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <limits>
#include <sstream>
#include <string_view>

namespace retrace::app {

namespace {

constexpr char const* exit_codes =
    "Exit codes: 0 all passed; 1 a check failed or a case ended in an error; 2 bad usage or configuration;\n"
    "4 inconclusive with --strict; 5 no case selected; 70 internal error; 71 MPI or file system; 75 stopped early.";

constexpr int any_count = std::numeric_limits<int>::max();

template <class Number>
bool parses(std::string const& text, Number& number) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

CLI::Validator integer_from(int least, int most = any_count) {
  auto const wanted =
      most == any_count ? fmt::format("an integer >= {}", least) : fmt::format("an integer from {} to {}", least, most);
  return {[=](std::string& text) {
            int value = 0;
            bool const good = parses(text, value) && least <= value && value <= most;
            return good ? std::string() : fmt::format("'{}' is not {}", text, wanted);
          },
          ""};
}

CLI::Validator seconds() {
  return {[](std::string& text) {
            double value = 0.0;
            bool const good = parses(text, value) && std::isfinite(value) && value >= 0.0;
            return good ? std::string() : fmt::format("'{}' is not a number of seconds >= 0", text);
          },
          ""};
}

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

  std::vector<std::string> left = at.remaining();
  if (chosen == nullptr) left = words;  // the missing command was noticed first
  auto const option = std::ranges::find_if(left, [](std::string const& word) { return word.starts_with('-'); });
  if (option != left.end()) {
    std::vector<std::string> names;
    for (CLI::Option const* known : at.get_options()) {
      for (std::string const& name : known->get_lnames()) names.push_back("--" + name);
    }
    return unknown_name_message("option", option->substr(0, option->find('=')), names) + hint;
  }
  if (chosen != nullptr) return fmt::format("'{}' is one argument too many for {}", left.front(), at.get_name()) + hint;
  std::vector<std::string> names;
  for (CLI::App const* command : commands) names.push_back(command->get_name());
  if (!left.empty()) return unknown_name_message("command", left.front(), names) + hint;
  return fmt::format("a command is missing; valid: {}", fmt::join(names, ", ")) + hint;
}

void add_selection(CLI::App& command, Options& o) {
  command.add_option("-c,--config", o.configs, "TOML suite file; repeatable, later files win")->type_name("FILE");
  command.add_option("--suite", o.suite, "built-in suite: smoke, quick, standard, scaling (default smoke)")
      ->type_name("NAME");
  command.add_option("-k,--filter", o.filters, "keep cases: globs on the id, tag:NAME, & | ! ( ); repeatable")
      ->type_name("EXPR");
  command.add_option("-x,--exclude", o.excludes, "drop cases, same form; repeatable")->type_name("EXPR");
  command.add_option("--set", o.overrides, "override one key of the configuration; repeatable")->type_name("KEY=VALUE");
  command.add_option("--maxfail", o.max_failures, "stop after so many failures; 0: never")
      ->capture_default_str()
      ->check(integer_from(0));
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
  run->add_option("--repeat", o.repeat, "least number of timed samples (default: the suite's)")
      ->check(integer_from(1, 100'000));
  run->add_option("--warmup", o.warmup, "untimed repetitions before them (default: the suite's)")
      ->check(integer_from(0, 100'000));
  run->add_option("--min-time", o.min_time_seconds, "seconds that one sample lasts at least (default: the suite's)")
      ->check(seconds());
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
  doctor->add_option("--repeat", o.repeat, "repetitions of each rate; the median is reported (default 7)")
      ->check(integer_from(1, 100'000));
  doctor->add_option("--min-time", o.min_time_seconds, "seconds that one repetition lasts (default 0.02)")
      ->check(seconds());
  doctor->add_flag("--no-ceilings", o.no_ceilings, "only look at the machine, measure no rate");
  doctor->footer(
      "Examples:\n"
      "  retrace doctor\n"
      "  OMP_NUM_THREADS=16 retrace doctor --gemm 64,1024,64 --json\n"
      "  mpirun -n 4 retrace doctor --no-ceilings -o /scratch/results\n"
      "With several ranks, rates are measured on rank 0 alone, while the others wait at a barrier.\n"
      "Exit codes: 0 fit, perhaps with warnings; 1 times measured here mean nothing; 2 bad usage; 71 MPI.");

  std::vector<std::string> words;
  std::ostringstream out, err;
  try {
    for (int i = 1; i < argc; ++i) {
      std::string const word = argv[i];
      if (word.starts_with("--kokkos-"))
        check_kokkos_option(word);
      else
        words.push_back(word);
    }
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // reversed, as CLI11 wants them
  } catch (CLI::ParseError const& e) {
    int const code = app.exit(e, out, err);
    if (prints) std::cout << out.str();
    if (prints && code != 0) std::cerr << "retrace: " << explain(app, e, words) << '\n';
    parsed.exit_code = code == 0 ? exit_success : exit_usage;
    return parsed;
  } catch (UsageError const& e) {
    if (prints) std::cerr << "retrace: " << e.what() << '\n';
    parsed.exit_code = exit_usage;
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
