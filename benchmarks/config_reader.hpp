#pragma once

#include "benchmarks/toml_reader.hpp"
#include "benchmarks/vocabulary.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Typed, strict access to a configuration. Each function throws UsageError "file:line:column: …" that names the key,
/// what was expected and what is there; `what` is that name.
namespace retrace {

/// Bounds of a number. Infinite and undefined numbers are always outside.
struct NumberRange {
  double minimum = std::numeric_limits<double>::lowest();
  double maximum = std::numeric_limits<double>::max();
  bool minimum_excluded = false;
  bool maximum_excluded = false;

  [[nodiscard]] static NumberRange positive() { return {.minimum = 0.0, .minimum_excluded = true}; }
  [[nodiscard]] static NumberRange at_least(double least) { return {.minimum = least}; }
};

[[nodiscard]] bool boolean_of(ConfigValue const& value, std::string_view what);
[[nodiscard]] double number_of(ConfigValue const& value, std::string_view what, NumberRange const& range = {});
[[nodiscard]] std::int64_t integer_of(ConfigValue const& value, std::string_view what, NumberRange const& range = {});
[[nodiscard]] std::string text_of(ConfigValue const& value, std::string_view what);
/// Text that is not empty, such as a reason.
[[nodiscard]] std::string prose_of(ConfigValue const& value, std::string_view what);
/// Letters, digits and `_ . -` only, so that a filter or an id can hold it.
[[nodiscard]] std::string word_of(ConfigValue const& value, std::string_view what);
/// One of the names in `valid`; `kind` says of what ("solver").
[[nodiscard]] std::string name_of(ConfigValue const& value, std::string_view kind, std::span<std::string const> valid);
[[nodiscard]] double duration_of(ConfigValue const& value, std::string_view what);
[[nodiscard]] std::int64_t byte_size_of(ConfigValue const& value, std::string_view what);
/// A value for an argument of a problem or an option of a check. `integer_list` takes a list of integers.
[[nodiscard]] nlohmann::json argument_of(ConfigValue const& value, ArgumentSpec const& argument);

/// The value itself, or the entries of a list (at least one): an axis of a matrix.
[[nodiscard]] std::vector<ConfigValue const*> one_or_more(ConfigValue const& value, std::string_view what);
/// Names, each given once.
[[nodiscard]] std::vector<std::string> names_on_axis(ConfigValue const& value, std::string_view kind,
                                                     std::span<std::string const> valid);

/// A table of which every key is known.
class TableReader {
 public:
  /// `what` names the table in messages: "[run]". Throws on the first key that is not among `keys`.
  TableReader(ConfigValue const& table, std::string what, std::span<std::string const> keys);
  TableReader(ConfigValue const& table, std::string what, std::initializer_list<std::string_view> keys)
      : TableReader(table, std::move(what), std::vector<std::string>(keys.begin(), keys.end())) {}
  TableReader(ConfigValue const& table, std::string what, std::span<std::string_view const> keys)
      : TableReader(table, std::move(what), std::vector<std::string>(keys.begin(), keys.end())) {}

  [[nodiscard]] ConfigValue const* find(std::string_view key) const { return table_->find(key); }
  [[nodiscard]] ConfigValue const& require(std::string_view key) const;
  [[nodiscard]] SourcePosition const& position() const { return table_->position; }

 private:
  ConfigValue const* table_;
  std::string what_;
};

}  // namespace retrace
