#pragma once

#include <CLI/CLI.hpp>

#include <limits>
#include <string>
#include <vector>

/// What options accept, for the parser.
namespace retrace::app {

inline constexpr int any_count = std::numeric_limits<int>::max();

/// What --annotate takes.
inline constexpr char const* annotation_words = "auto|github|gitlab|none";

/// The group of options that only --help-all shows.
inline constexpr char const* rare = "rare";

[[nodiscard]] CLI::Validator integer_from(int least, int most = any_count);
/// A number of them, finite and not negative.
[[nodiscard]] CLI::Validator seconds();
[[nodiscard]] CLI::Validator one_of(std::vector<std::string> words);
/// "a|b|c": the type of an option that takes one of them.
[[nodiscard]] std::string joined(std::vector<std::string> const& words);

}  // namespace retrace::app
