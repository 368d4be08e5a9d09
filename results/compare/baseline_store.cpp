#include "results/compare/baseline_store.hpp"

#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace retrace::compare {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view portable_key = "baseline";  // row of /environment

/// What says how comparable the numbers are, and not where they were made.
bool is_of_the_program(results::EnvironmentRow const& row) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kept{{{"build", "version"},
                                                                               {"build", "git_commit"},
                                                                               {"build", "type"},
                                                                               {"build", "compiler"},
                                                                               {"build", "vector_bytes"},
                                                                               {"kokkos", "version"},
                                                                               {"kokkos", "concurrency"},
                                                                               {"mpi", "ranks"},
                                                                               {"cpu", "model"}}};
  return std::ranges::find(kept, std::pair<std::string_view, std::string_view>(row.scope, row.key)) != kept.end();
}

/// "retrace run --suite smoke": without the folder of the program and without what is not an option's name or word.
std::string without_paths(std::string const& command_line) {
  std::string kept;
  for (std::size_t at = 0; at < command_line.size();) {
    std::size_t const end = std::min(command_line.find(' ', at), command_line.size());
    std::string const word = command_line.substr(at, end - at);
    std::size_t const slash = word.rfind('/');
    kept += (kept.empty() ? "" : " ") + (slash == std::string::npos ? word : word.substr(slash + 1));
    at = end + 1;
  }
  return kept;
}

}  // namespace

fs::path baseline_path(fs::path const& folder, std::string const& name) {
  auto const allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  if (name.empty() || name.front() == '.' || !std::ranges::all_of(name, allowed))
    throw UsageError(fmt::format("'{}' is no name for a baseline: letters, digits, '_', '-', '.', not first", name));
  return folder / (name + ".h5");
}

std::vector<std::string> baseline_names(fs::path const& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto const& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".h5" && !entry.path().stem().empty()) names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

fs::path find_baseline(fs::path const& folder, std::string const& given) {
  std::error_code error;
  if (fs::exists(given, error)) return given;
  std::vector<std::string> const names = baseline_names(folder);
  if (std::ranges::find(names, given) != names.end()) return baseline_path(folder, given);
  throw UsageError(fmt::format("'{}' is no file, and in {}: {}", given, folder.string(),
                               unknown_name_message("baseline", given, names)));
}

results::ResultDocument portable(results::ResultDocument document) {
  std::erase_if(document.environment, [](auto const& row) { return !is_of_the_program(row); });
  document.environment.push_back({.run = 0, .scope = "user", .key = std::string(portable_key), .value = "portable"});
  document.ranks.clear();
  for (results::RunRow& run : document.runs) {
    run.cmdline = without_paths(run.cmdline);
    run.workdir_hash.clear();
  }
  for (results::CaseRecord& record : document.cases) {
    record.samples.clear();
    record.mem_labels.clear();
    std::erase_if(record.memory, [](results::MemoryRow const& row) {
      return row.kind == results::MemoryKind::process_rss || row.kind == results::MemoryKind::device_used;
    });
    results::CostRow const measured = std::exchange(record.cost, {});
    record.cost.nfe_fwd = measured.nfe_fwd;
    record.cost.nfe_bwd = measured.nfe_bwd;
    record.cost.n_jvp = measured.n_jvp;
    record.cost.n_vjp = measured.n_vjp;
    record.cost.steps_accepted = measured.steps_accepted;
    record.cost.steps_rejected = measured.steps_rejected;
    record.cost.recomputed_steps = measured.recomputed_steps;
    record.cost.linear_solves = measured.linear_solves;
    record.cost.newton_iters = measured.newton_iters;
    for (results::CheckRow& check : record.checks) check.seconds = results::not_measured;
  }
  return document;
}

bool is_portable(results::ResultDocument const& document) {
  return std::ranges::find(document.environment, portable_key, &results::EnvironmentRow::key) !=
         document.environment.end();
}

void write_baseline(fs::path const& path, results::ResultDocument document, std::string_view predecessor_history,
                    std::string_view program, std::string_view reason) {
  if (!document.finalized)
    throw UsageError(
        fmt::format("a run that is not complete cannot become the baseline '{}'; resume it first", path.string()));
  document.history = fmt::format("{}{} {}: baseline from a result of {} by {}: {}\n", predecessor_history,
                                 results::utc_now(), program, document.created_utc, document.generator, reason);
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error)
    throw EnvironmentError(fmt::format("{}: cannot be made: {}", path.parent_path().string(), error.message()));
  results::write_snapshot(path, document);
}

}  // namespace retrace::compare
