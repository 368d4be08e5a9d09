#pragma once

#include "results/record.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Named results to compare with: a folder of result files, NAME.h5 each.
namespace retrace::compare {

/// File of a name. Throws UsageError unless it is made of letters, digits, '_', '-', '.', and does not begin with '.'.
[[nodiscard]] std::filesystem::path baseline_path(std::filesystem::path const& folder, std::string const& name);

/// Names in the folder, sorted; none if there is no such folder.
[[nodiscard]] std::vector<std::string> baseline_names(std::filesystem::path const& folder);

/// The file that `given` means: a path that exists, else a name in the folder. Throws UsageError that says both, with
/// the nearest name.
[[nodiscard]] std::filesystem::path find_baseline(std::filesystem::path const& folder, std::string const& given);

/// What another machine can compare with, and nothing that says whose machine it was: no samples and seconds, no
/// labels, host names, paths, user's variables. For baselines under version control.
[[nodiscard]] results::ResultDocument portable(results::ResultDocument document);
[[nodiscard]] bool is_portable(results::ResultDocument const& document);

/// Writes `document` to `path` with a line added to the history that it takes over from `predecessor`: when, by which
/// program, from what, why. Makes the folder. Throws UsageError where the document is not complete.
void write_baseline(std::filesystem::path const& path, results::ResultDocument document,
                    std::string_view predecessor_history, std::string_view program, std::string_view reason);

}  // namespace retrace::compare
