#include "app/run_outputs.hpp"

#include "app/ci_host.hpp"
#include "app/console.hpp"
#include "core/error.hpp"
#include "results/annotations.hpp"
#include "results/atomic_file.hpp"
#include "results/csv.hpp"
#include "results/json_text.hpp"
#include "results/junit.hpp"
#include "results/merit.hpp"
#include "results/tap.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <unistd.h>

namespace retrace::app {

namespace {

namespace fs = std::filesystem;

constexpr char const* to_stdout = "-";

/// How a case is run again; its id comes behind it.
std::string rerun_command(Options const& options) {
  std::string command = "retrace verify";
  for (std::string const& config : options.configs) command += " -c '" + config + "'";
  if (!options.suite.empty()) command += " --suite " + options.suite;
  return command + " -k";
}

struct FileOutput {
  char const* option;
  std::string Options::*path;
  std::string (*text)(Options const&, results::ResultDocument const&);
};

/// A new format: one line here, its option in suite_commands.cpp, its text in results/.
constexpr std::array file_outputs{
    FileOutput{"--junit", &Options::junit,
               [](Options const& options, results::ResultDocument const& document) {
                 return results::as_junit(document, exit_rules(options), rerun_command(options));
               }},
    FileOutput{"--json", &Options::json_file,
               [](Options const& options, results::ResultDocument const& document) {
                 return results::as_json(document, exit_rules(options));
               }},
    FileOutput{"--csv", &Options::csv,
               [](Options const&, results::ResultDocument const& document) { return results::as_csv(document); }},
    FileOutput{"--tap", &Options::tap, [](Options const& options, results::ResultDocument const& document) {
                 return results::as_tap(document, exit_rules(options));
               }}};

void write_file(std::string const& path, std::string const& text) {
  results::AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

void check_target(char const* option, std::string const& path) {
  std::error_code error;
  fs::path const folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  if (fs::is_directory(path, error)) throw UsageError(fmt::format("{}: '{}' is a folder", option, path));
  if (!fs::is_directory(folder, error))
    throw UsageError(fmt::format("{}: '{}': there is no folder '{}'", option, path, folder.string()));
  if (::access(folder.c_str(), W_OK) != 0)
    throw EnvironmentError(fmt::format("{}: '{}': the folder '{}' cannot be written", option, path, folder.string()));
}

}  // namespace

results::ExitRules exit_rules(Options const& options) {
  return {.strict = options.strict, .allow_empty = options.allow_empty, .lenient_xpass = options.lenient_xpass};
}

void print_last_lines(Options const& options, results::ResultDocument const& document) {
  results::Summary const summary = results::summarize(document);
  say(results::detail_line(summary));
  say(results::final_line(summary, exit_rules(options)));
}

void check_outputs(Options const& options) {
  std::set<std::string> taken{options.output};
  for (FileOutput const& output : file_outputs) {
    std::string const& path = options.*output.path;
    if (path.empty() || path == to_stdout) continue;
    check_target(output.option, path);
    if (!taken.insert(path).second)
      throw UsageError(fmt::format("{}: '{}' is the name of another output", output.option, path));
  }
}

void write_outputs(Options const& options, results::ResultDocument const& document) {
  for (FileOutput const& output : file_outputs) {
    std::string const& path = options.*output.path;
    if (path.empty()) continue;
    std::string const text = output.text(options, document);
    if (path == to_stdout)
      fmt::print("{}", text);
    else
      write_file(path, text);
  }
  results::ExitRules const rules = exit_rules(options);
  if (options.merits) fmt::print("{}", results::merit_lines(document, rules));
  if (options.ctest) fmt::print("{}", results::ctest_measurements(document, rules));
  std::fflush(stdout);
  results::AnnotationHost const host = annotation_host(options.annotate);
  if (host == results::AnnotationHost::none) return;
  publish_to_host(host, results::annotation_lines(results::annotations_of(document, rules), host),
                  results::as_markdown(document, rules));
}

}  // namespace retrace::app
