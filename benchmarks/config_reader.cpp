#include "benchmarks/config_reader.hpp"

#include "benchmarks/units.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace retrace {

namespace {

using Kind = ConfigValue::Kind;

[[noreturn]] void expected(ConfigValue const& value, std::string_view what, std::string_view wanted) {
  throw_at(value.position, fmt::format("'{}' must be {}, not {}", what, wanted, kind_of(value)));
}

bool inside(double number, NumberRange const& range) {
  bool const above = range.minimum_excluded ? number > range.minimum : number >= range.minimum;
  bool const below = range.maximum_excluded ? number < range.maximum : number <= range.maximum;
  return std::isfinite(number) && above && below;
}

/// "a number > 0 and <= 1"; bounds that bound nothing are left out.
std::string range_text(std::string_view noun, NumberRange const& range) {
  std::string text(noun);
  bool const has_minimum = range.minimum > std::numeric_limits<double>::lowest();
  bool const has_maximum = range.maximum < std::numeric_limits<double>::max();
  if (has_minimum) text += fmt::format(" {} {}", range.minimum_excluded ? ">" : ">=", shortest(range.minimum));
  if (has_minimum && has_maximum) text += " and";
  if (has_maximum) text += fmt::format(" {} {}", range.maximum_excluded ? "<" : "<=", shortest(range.maximum));
  return text;
}

}  // namespace

bool boolean_of(ConfigValue const& value, std::string_view what) {
  if (!value.is(Kind::boolean)) expected(value, what, "true or false");
  return value.boolean;
}

double number_of(ConfigValue const& value, std::string_view what, NumberRange const& range) {
  bool const numeric = value.is(Kind::number) || value.is(Kind::integer);
  double const number = value.is(Kind::integer) ? static_cast<double>(value.integer) : value.number;
  if (!numeric || !inside(number, range)) {
    bool const bounded = range_text("", range) != "";
    expected(value, what, range_text(bounded ? "a number" : "a finite number", range));
  }
  return number;
}

std::int64_t integer_of(ConfigValue const& value, std::string_view what, NumberRange const& range) {
  if (!value.is(Kind::integer) || !inside(static_cast<double>(value.integer), range)) {
    expected(value, what, range_text("an integer", range));
  }
  return value.integer;
}

std::string text_of(ConfigValue const& value, std::string_view what) {
  if (!value.is(Kind::text)) expected(value, what, "text in quotes");
  return value.text;
}

std::string prose_of(ConfigValue const& value, std::string_view what) {
  std::string text = text_of(value, what);
  if (text.find_first_not_of(" \t\n") == std::string::npos) expected(value, what, "a text that says something");
  return text;
}

std::string word_of(ConfigValue const& value, std::string_view what) {
  std::string text = text_of(value, what);
  auto const allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  if (text.empty() || !std::ranges::all_of(text, allowed))
    expected(value, what, "made of letters, digits, '_', '.', '-'");
  return text;
}

std::string name_of(ConfigValue const& value, std::string_view kind, std::span<std::string const> valid) {
  std::string text = text_of(value, kind);
  if (std::ranges::find(valid, text) == valid.end()) throw_at(value.position, unknown_name_message(kind, text, valid));
  return text;
}

double duration_of(ConfigValue const& value, std::string_view what) {
  if (!value.is(Kind::text))
    expected(value, what, "a duration in quotes with its unit, such as \"200ms\" or \"10min\"");
  try {
    return parse_duration(value.text);
  } catch (UsageError const& error) {
    throw_at(value.position, fmt::format("'{}': {}", what, error.what()));
  }
}

std::int64_t byte_size_of(ConfigValue const& value, std::string_view what) {
  if (!value.is(Kind::text)) expected(value, what, "a size in quotes with its unit, such as \"64KiB\"");
  try {
    return parse_byte_size(value.text);
  } catch (UsageError const& error) {
    throw_at(value.position, fmt::format("'{}': {}", what, error.what()));
  }
}

nlohmann::json argument_of(ConfigValue const& value, ArgumentSpec const& argument) {
  NumberRange const range{argument.minimum, argument.maximum, argument.minimum_excluded, argument.maximum_excluded};
  bool const has_words = !argument.words.empty();
  if (value.is(Kind::text) && has_words) return name_of(value, argument.name, argument.words);
  switch (argument.kind) {
    case ArgumentSpec::Kind::boolean:
      return boolean_of(value, argument.name);
    case ArgumentSpec::Kind::text:
      return text_of(value, argument.name);
    case ArgumentSpec::Kind::number:
      return number_of(value, argument.name, range);
    case ArgumentSpec::Kind::integer:
      return integer_of(value, argument.name, range);
    case ArgumentSpec::Kind::integer_list: {
      if (!value.is(Kind::list) || value.items.empty()) expected(value, argument.name, "a list of integers");
      nlohmann::json list = nlohmann::json::array();
      for (ConfigValue const& item : value.items) list.push_back(integer_of(item, argument.name, range));
      return list;
    }
  }
  return nullptr;
}

std::vector<ConfigValue const*> one_or_more(ConfigValue const& value, std::string_view what) {
  if (!value.is(Kind::list)) return {&value};
  if (value.items.empty())
    throw_at(value.position, fmt::format("'{}' is an empty list; give at least one value", what));
  std::vector<ConfigValue const*> values;
  for (ConfigValue const& item : value.items) values.push_back(&item);
  return values;
}

std::vector<std::string> names_on_axis(ConfigValue const& value, std::string_view kind,
                                       std::span<std::string const> valid) {
  std::vector<std::string> names;
  for (ConfigValue const* item : one_or_more(value, kind)) {
    std::string name = name_of(*item, kind, valid);
    if (std::ranges::find(names, name) != names.end()) {
      throw_at(item->position, fmt::format("{} '{}' is given twice", kind, name));
    }
    names.push_back(std::move(name));
  }
  return names;
}

TableReader::TableReader(ConfigValue const& table, std::string what, std::span<std::string const> keys)
    : table_(&table), what_(std::move(what)) {
  if (!table.is(Kind::table)) expected(table, what_, "a table");
  for (ConfigMember const& member : table.members) {
    if (std::ranges::find(keys, member.key) == keys.end()) {
      throw_at(member.position, what_ + ": " + unknown_name_message("key", member.key, keys));
    }
  }
}

ConfigValue const& TableReader::require(std::string_view key) const {
  ConfigValue const* value = table_->find(key);
  if (value == nullptr) throw_at(table_->position, fmt::format("{} needs the key '{}'", what_, key));
  return *value;
}

}  // namespace retrace
