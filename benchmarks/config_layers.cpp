#include "benchmarks/config_layers.hpp"

#include "benchmarks/config_keys.hpp"
#include "benchmarks/config_reader.hpp"
#include "benchmarks/json_reader.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

namespace retrace {

namespace {

using Kind = ConfigValue::Kind;

/// The name of a [[matrix]], or nothing if it has none that is text.
std::string_view matrix_name(ConfigValue const& matrix) {
  ConfigValue const* name = matrix.find("name");
  return name != nullptr && name->is(Kind::text) ? std::string_view(name->text) : std::string_view();
}

ConfigValue* find_matrix(ConfigValue& matrices, std::string_view name) {
  auto const found =
      std::ranges::find(matrices.items, name, [](ConfigValue const& entry) { return matrix_name(entry); });
  return found == matrices.items.end() ? nullptr : &*found;
}

void merge_table(ConfigValue& base, ConfigValue const& layer);

void merge_value(ConfigValue& base, ConfigValue const& layer) {
  if (base.is(Kind::table) && layer.is(Kind::table))
    merge_table(base, layer);
  else
    base = layer;
}

void merge_table(ConfigValue& base, ConfigValue const& layer) {
  for (ConfigMember const& member : layer.members) {
    if (ConfigValue* present = base.find(member.key))
      merge_value(*present, member.value);
    else
      base.members.push_back(member);
  }
}

/// `matrix.NAME.KEY = …`
void patch_matrices(ConfigValue& base, ConfigValue const& patches) {
  for (ConfigMember const& patch : patches.members) {
    ConfigValue* matrix = find_matrix(base, patch.key);
    if (matrix == nullptr) {
      std::vector<std::string> names;
      for (ConfigValue const& entry : base.items) names.emplace_back(matrix_name(entry));
      throw_at(patch.position, unknown_name_message("matrix", patch.key, names));
    }
    merge_value(*matrix, patch.value);
  }
}

void merge_matrices(ConfigValue& base, ConfigValue const& layer) {
  if (layer.is(Kind::table)) return patch_matrices(base, layer);
  if (!layer.is(Kind::list)) throw_at(layer.position, "'matrix' must be a list of tables, each begun by [[matrix]]");
  for (ConfigValue const& entry : layer.items) {
    ConfigValue* present = find_matrix(base, matrix_name(entry));
    if (present != nullptr)
      merge_value(*present, entry);
    else
      base.items.push_back(entry);
  }
}

}  // namespace

ConfigText read_config(std::string const& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw UsageError(path + ": is a folder; expected a TOML or JSON file");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    throw UsageError(fmt::format("{}: cannot be read: {}", path, std::generic_category().message(errno)));
  }
  return {path, {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}};
}

void check_config_layer(ConfigValue const& layer) {
  if (!layer.is(Kind::table)) throw_at(layer.position, "a suite is a table of keys, not " + kind_of(layer));
  ConfigValue const* schema = layer.find("schema");
  if (schema == nullptr) throw_at(layer.position, fmt::format("needs the key 'schema = {}'", config::schema));
  if (integer_of(*schema, "schema") != config::schema) {
    throw_at(schema->position, fmt::format("schema {} is not supported; this version of retrace reads schema {}",
                                           schema->integer, config::schema));
  }
  ConfigValue const* matrices = layer.find("matrix");
  if (matrices == nullptr) return;
  for (std::size_t i = 0; i < matrices->items.size(); ++i) {
    ConfigValue const& entry = matrices->items[i];
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      ConfigValue const& other = matrices->items[earlier];
      if (matrix_name(entry).empty() || matrix_name(entry) != matrix_name(other)) continue;
      throw_at(entry.position,
               fmt::format("a matrix named '{}' is already at {}", matrix_name(entry), other.position.text()));
    }
  }
}

void merge_config(ConfigValue& base, ConfigValue const& layer) {
  for (ConfigMember const& member : layer.members) {
    ConfigValue* present = base.find(member.key);
    if (present == nullptr)
      base.members.push_back(member);
    else if (member.key == "matrix" && present->is(Kind::list))
      merge_matrices(*present, member.value);
    else
      merge_value(*present, member.value);
  }
}

ConfigValue merged_config(std::span<ConfigText const> files, std::span<std::string const> overrides) {
  if (files.empty()) throw UsageError("no suite is given; name a file with --config or a built-in one with --suite");
  ConfigValue merged;
  for (ConfigText const& file : files) {
    ConfigValue const layer =
        file.name.ends_with(".json") ? parse_json(file.text, file.name) : parse_toml(file.text, file.name);
    check_config_layer(layer);
    if (&file == files.data())
      merged = layer;
    else
      merge_config(merged, layer);
  }
  for (std::string const& assignment : overrides) merge_config(merged, parse_override(assignment));
  return merged;
}

}  // namespace retrace
