#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/version.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "results/compare/baseline_store.hpp"
#include "results/reader.hpp"
#include "results/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace retrace::app {

namespace fs = std::filesystem;

namespace {

/// The action is known and has the words that it needs, no more.
void check_words(BaselineOptions const& o) {
  std::vector<std::string> const actions{"save", "list", "show", "rm"};
  if (std::ranges::find(actions, o.action) == actions.end())
    throw UsageError("baseline: " + unknown_name_message("action", o.action, actions));
  bool const wants_name = o.action != "list", wants_file = o.action == "save";
  if (wants_name == o.name.empty() || wants_file == o.file.empty())
    throw UsageError(fmt::format("the call is: retrace baseline {}{}{}", o.action, wants_name ? " NAME" : "",
                                 wants_file ? " FILE" : ""));
  if (!wants_file && (o.portable || !o.reason.empty()))
    throw UsageError("baseline: --portable and --reason are for save");
}

int save(BaselineOptions const& o, fs::path const& folder, bool speaks) {
  fs::path const target = compare::baseline_path(folder, o.name);
  results::ResultDocument document = results::read_result(o.file);
  std::error_code error;
  if (speaks && fs::exists(target, error))
    throw UsageError(
        fmt::format("baseline '{}' exists; replace it with: retrace compare {} {} --update-baseline REASON", o.name,
                    o.file, o.name));
  if (o.portable) document = compare::portable(std::move(document));
  if (!speaks) return exit_success;
  std::string const history = document.history;
  compare::write_baseline(target, std::move(document), history, program_name(),
                          o.reason.empty() ? "first baseline" : o.reason);
  fmt::print("{}: {}\n", target.string(), results::detail_line(results::summarize(results::read_result(target))));
  return exit_success;
}

int list(fs::path const& folder, bool speaks) {
  for (std::string const& name : compare::baseline_names(folder)) {
    results::ResultDocument const document = results::read_result(compare::baseline_path(folder, name));
    if (speaks)
      fmt::print("{:<20} {}  {}, {}\n", name, document.modified_utc, document.generator,
                 results::detail_line(results::summarize(document)));
  }
  return exit_success;
}

int show(BaselineOptions const& o, fs::path const& folder, bool speaks) {
  fs::path const path = compare::find_baseline(folder, o.name);
  results::ResultDocument const document = results::read_result(path);
  if (!speaks) return exit_success;
  fmt::print("{}: {}\n{}, made {}, {}\n\n", path.string(), document.title, document.generator, document.created_utc,
             compare::is_portable(document) ? "portable" : "with times");
  fmt::print("history:\n{}\n{}\n{}\n", document.history, results::detail_line(results::summarize(document)),
             results::final_line(results::summarize(document)));
  return exit_success;
}

int remove(BaselineOptions const& o, fs::path const& folder, bool speaks) {
  if (!speaks) return exit_success;
  fs::path const path = compare::baseline_path(folder, o.name);
  std::error_code error;
  if (!fs::exists(path, error)) (void)compare::find_baseline(folder, o.name);  // says what there is
  if (!fs::remove(path, error))
    throw EnvironmentError(fmt::format("{}: cannot be removed: {}", path.string(), error.message()));
  fmt::print("{}: removed\n", path.string());
  return exit_success;
}

}  // namespace

std::string program_name() {
  return fmt::format("retrace {} ({})", version, git_commit.substr(0, 12));
}

std::string baselines_folder(std::string const& given) {
  if (!given.empty()) return given;
  char const* const from_environment = std::getenv("RETRACE_BASELINES");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : "baselines";
}

int manage_baselines(Options const& options, bool speaks) {
  BaselineOptions const& o = options.baseline;
  fs::path const folder = baselines_folder(o.folder);
  check_words(o);
  if (o.action == "save") return save(o, folder, speaks);
  if (o.action == "show") return show(o, folder, speaks);
  if (o.action == "rm") return remove(o, folder, speaks);
  return list(folder, speaks);
}

}  // namespace retrace::app
