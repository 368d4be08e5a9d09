#include "benchmarks/toml_reader.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <utility>

namespace retrace {

namespace {

/// Turns toml++'s tree into ours, which keeps the file's order and does not need toml++ to be read.
class Converter {
 public:
  Converter(std::string_view source_name, bool one_line)
      : source_(std::make_shared<std::string const>(source_name)), one_line_(one_line) {}

  [[nodiscard]] SourcePosition position(toml::source_region const& region) const {
    if (one_line_) return {source_};
    return {source_, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
  }

  [[nodiscard]] ConfigValue value(toml::node const& node) const {
    using Kind = ConfigValue::Kind;
    ConfigValue result;
    result.position = position(node.source());
    if (auto const* table = node.as_table()) {
      add_members(*table, result);
    } else if (auto const* array = node.as_array()) {
      result.kind = Kind::list;
      for (toml::node const& item : *array) result.items.push_back(value(item));
    } else if (auto const* text = node.as_string()) {
      result.kind = Kind::text;
      result.text = text->get();
    } else if (auto const* integer = node.as_integer()) {
      result.kind = Kind::integer;
      result.integer = integer->get();
    } else if (auto const* number = node.as_floating_point()) {
      result.kind = Kind::number;
      result.number = number->get();
    } else if (auto const* boolean = node.as_boolean()) {
      result.kind = Kind::boolean;
      result.boolean = boolean->get();
    } else {
      result.kind = Kind::date;
    }
    return result;
  }

 private:
  void add_members(toml::table const& table, ConfigValue& result) const {
    std::vector<std::pair<toml::source_position, ConfigMember>> found;
    for (auto const& [key, node] : table) {
      found.emplace_back(key.source().begin, ConfigMember{std::string(key.str()), position(key.source()), value(node)});
    }
    std::ranges::stable_sort(found, [](auto const& a, auto const& b) { return a.first < b.first; });
    for (auto& [where, member] : found) result.members.push_back(std::move(member));
  }

  std::shared_ptr<std::string const> source_;
  bool one_line_;
};

/// The text on one line.
std::string one_line(std::string text) {
  for (char& c : text) c = c >= 0 && c < ' ' ? ' ' : c;
  return text;
}

/// As much of a text as a message needs to quote.
std::string beginning(std::string_view text) {
  constexpr std::size_t longest = 200;
  return text.size() > longest ? std::string(text.substr(0, longest)) + "…" : std::string(text);
}

}  // namespace

std::string SourcePosition::text() const {
  std::string const name = source ? *source : "configuration";
  return line > 0 ? fmt::format("{}:{}:{}", name, line, column) : name;
}

ConfigValue const* ConfigValue::find(std::string_view key) const {
  auto const found = std::ranges::find(members, key, &ConfigMember::key);
  return found == members.end() ? nullptr : &found->value;
}

ConfigValue* ConfigValue::find(std::string_view key) {
  auto const found = std::ranges::find(members, key, &ConfigMember::key);
  return found == members.end() ? nullptr : &found->value;
}

void throw_at(SourcePosition const& position, std::string const& message) {
  throw UsageError(one_line(position.text() + ": " + message));
}

std::string kind_of(ConfigValue const& value) {
  switch (value.kind) {
    case ConfigValue::Kind::boolean:
      return value.boolean ? "true" : "false";
    case ConfigValue::Kind::integer:
      return fmt::format("the integer {}", value.integer);
    case ConfigValue::Kind::number:
      return fmt::format("the number {}", value.number);
    case ConfigValue::Kind::text:
      return fmt::format("the text \"{}\"", beginning(value.text));
    case ConfigValue::Kind::list:
      return value.items.empty() ? "an empty list" : "a list";
    case ConfigValue::Kind::table:
      return "a table";
    case ConfigValue::Kind::date:
      return "a date";
  }
  return "nothing";
}

ConfigValue parse_toml(std::string_view text, std::string_view source_name) {
  Converter const converter(source_name, false);
  try {
    return converter.value(toml::parse(text, source_name));
  } catch (toml::parse_error const& error) {
    throw_at(converter.position(error.source()), std::string(error.description()));
  }
}

ConfigValue parse_override(std::string_view assignment) {
  std::string const source_name = fmt::format("--set {}", assignment);
  Converter const converter(source_name, true);
  if (assignment.find_first_of("\r\n") != std::string_view::npos || assignment.find('=') == std::string_view::npos) {
    throw_at(converter.position({}), "expected one KEY=VALUE, such as run.repeat=3");
  }
  try {
    return converter.value(toml::parse(assignment, source_name));
  } catch (toml::parse_error const& error) {
    throw_at(converter.position({}), std::string(error.description()) +
                                         " (the value is TOML: text needs quotes, as in --set 'run.min_time=\"5ms\"')");
  }
}

nlohmann::json to_json(ConfigValue const& value) {
  switch (value.kind) {
    case ConfigValue::Kind::boolean:
      return value.boolean;
    case ConfigValue::Kind::integer:
      return value.integer;
    case ConfigValue::Kind::number:
      return value.number;
    case ConfigValue::Kind::text:
      return value.text;
    case ConfigValue::Kind::date:
      return nullptr;
    case ConfigValue::Kind::list: {
      nlohmann::json list = nlohmann::json::array();
      for (ConfigValue const& item : value.items) list.push_back(to_json(item));
      return list;
    }
    case ConfigValue::Kind::table: {
      nlohmann::json table = nlohmann::json::object();
      for (ConfigMember const& member : value.members) table[member.key] = to_json(member.value);
      return table;
    }
  }
  return nullptr;
}

}  // namespace retrace
