#pragma once

#include "results/compare/rules.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace retrace::app {

/// The rules of a TOML file, strict: an unknown key, a wrong type, a number out of range is a UsageError that begins
/// with file:line:column and names the nearest valid name. Keys that are left out are those of the preset, which is
/// `preset` if that is not empty (then the file's key must be absent or the same), else the file's, else "default".
[[nodiscard]] compare::Rules read_rules(std::filesystem::path const& path, std::string const& preset);

/// The rules of a preset; throws UsageError with the nearest name.
[[nodiscard]] compare::Rules preset_rules(std::string const& preset);

/// "numeric,counters": only these tiers gate; "none": none of them.
[[nodiscard]] compare::Gates parse_gates(std::string_view list);

}  // namespace retrace::app
