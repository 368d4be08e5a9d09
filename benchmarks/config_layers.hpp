#pragma once

#include "benchmarks/toml_reader.hpp"

#include <span>
#include <string>
#include <string_view>

namespace retrace {

/// A configuration text and the name that messages give it. A name that ends in ".json" makes it JSON, any other TOML.
struct ConfigText {
  std::string name;
  std::string text;
};

/// Reads a file; one that is missing or cannot be read is a UsageError that names it and the reason.
[[nodiscard]] ConfigText read_config(std::string const& path);

/// Checks `schema = 1` of one file and that each [[matrix]] has a name of its own.
void check_config_layer(ConfigValue const& layer);

/// Puts `layer` over `base`. Tables merge key by key and anything else is replaced. A [[matrix]] merges into the one of
/// the same name and is added if there is none; `matrix.NAME.KEY = …` changes a matrix that exists.
void merge_config(ConfigValue& base, ConfigValue const& layer);

/// Reads and merges the files, later ones over earlier ones, then the --set options in order. At least one file.
[[nodiscard]] ConfigValue merged_config(std::span<ConfigText const> files, std::span<std::string const> overrides);

}  // namespace retrace
