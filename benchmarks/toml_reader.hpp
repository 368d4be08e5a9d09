#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// Where something stands in a suite file; lines and columns count from 1.
struct SourcePosition {
  std::shared_ptr<std::string const> source{};  ///< name of the file, or the `--set` option itself
  int line = 0, column = 0;                     ///< 0 where the source is one line, such as an option

  /// "study.toml:12:3", or the source alone.
  [[nodiscard]] std::string text() const;
};

struct ConfigMember;

/// A TOML value that knows where it was written. Tables keep the order of the file.
struct ConfigValue {
  enum class Kind { boolean, integer, number, text, list, table, date };

  Kind kind = Kind::table;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0.0;
  std::string text{};
  std::vector<ConfigValue> items{};     ///< of a list
  std::vector<ConfigMember> members{};  ///< of a table
  SourcePosition position{};

  [[nodiscard]] bool is(Kind other) const { return kind == other; }
  /// The value under that key of a table, or null.
  [[nodiscard]] ConfigValue const* find(std::string_view key) const;
  [[nodiscard]] ConfigValue* find(std::string_view key);
};

struct ConfigMember {
  std::string key;
  SourcePosition position{};  ///< of the key
  ConfigValue value{};
};

/// Throws UsageError "position: message".
[[noreturn]] void throw_at(SourcePosition const& position, std::string const& message);

/// "a list", "an integer 12": what a value is, for messages.
[[nodiscard]] std::string kind_of(ConfigValue const& value);

/// Reads TOML 1.0. A syntax error is a UsageError with file, line and column.
[[nodiscard]] ConfigValue parse_toml(std::string_view text, std::string_view source_name);

/// Reads `KEY=VALUE`, the argument of --set: a dotted key and a TOML value, as a table with one leaf.
[[nodiscard]] ConfigValue parse_override(std::string_view assignment);

/// Without positions. Numbers that are not finite become null.
[[nodiscard]] nlohmann::json to_json(ConfigValue const& value);

}  // namespace retrace
