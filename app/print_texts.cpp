// Commands that only print what the command line's own tables give.
#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/help.hpp"
#include "app/script.hpp"
#include "app/version.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "results/schema.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace retrace::app {

namespace {

/// The options that chose these cases.
std::vector<std::string> selection_words(Options const& options) {
  std::vector<std::string> words;
  auto const add = [&words](char const* option, std::vector<std::string> const& values) {
    for (std::string const& value : values) words.insert(words.end(), {option, value});
  };
  add("-c", options.configs);
  if (!options.suite.empty()) add("--suite", {options.suite});
  add("-k", options.filters);
  add("-x", options.excludes);
  add("--set", options.overrides);
  return words;
}

}  // namespace

int print_script(Options const& options, bool speaks) {
  std::string const script = job_script(options.script, selection_words(options));
  if (speaks) fmt::print("{}", script);
  return exit_success;
}

int print_completion(Options const& options, bool speaks) {
  std::string const script = completion_script(command_table(), options.what);
  if (speaks) fmt::print("{}", script);
  return exit_success;
}

int print_version(bool speaks) {
  nlohmann::ordered_json const json{{"name", "retrace"},
                                    {"version", version},
                                    {"commit", git_commit},
                                    {"branch", git_branch},
                                    {"dirty", git_dirty},
                                    {"schema_version", results::schema_version},
                                    {"compiler", compiler},
                                    {"build_type", build_type},
                                    {"preset", preset},
                                    {"cxx_flags", cxx_flags},
                                    {"cmake_version", cmake_version}};
  if (speaks) fmt::print("{}\n", json.dump(1));
  return exit_success;
}

int print_manual(Options const& options, bool speaks) {
  CommandTable const table = command_table();
  CommandEntry const* const command = options.what.empty() ? &table.program : table.find(options.what);
  if (command == nullptr) {
    std::vector<std::string> names;
    for (CommandEntry const& known : table.commands) names.push_back(known.name);
    throw UsageError(unknown_name_message("command", options.what, names));
  }
  if (speaks) fmt::print("{}", manual_page(table, *command));
  return exit_success;
}

}  // namespace retrace::app
