#include "app/compare_rules.hpp"

#include "benchmarks/config_layers.hpp"
#include "benchmarks/config_reader.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace retrace::app {

namespace {

std::vector<std::string> const gate_names{"numeric", "counters", "memory", "time"};

NumberRange share() {
  return NumberRange::at_least(0.0);
}
NumberRange probability() {
  return {.minimum = 0.5, .maximum = 1.0, .minimum_excluded = true, .maximum_excluded = true};
}

/// One section of the file; a key that is not there leaves its member alone.
class Section {
 public:
  Section(ConfigValue const& root, char const* name, std::initializer_list<std::string_view> keys) : name_(name) {
    if (ConfigValue const* table = root.find(name)) {
      (void)TableReader(*table, fmt::format("[{}]", name), keys);
      table_ = table;
    }
  }

  void boolean(char const* key, bool& member) const {
    if (auto const* value = find(key)) member = boolean_of(*value, key);
  }
  void number(char const* key, double& member, NumberRange const& range) const {
    if (auto const* value = find(key)) member = number_of(*value, key, range);
  }
  template <class Integer>
  void integer(char const* key, Integer& member, double least) const {
    NumberRange const range{.minimum = least, .maximum = 1e6};
    if (auto const* value = find(key)) member = static_cast<Integer>(integer_of(*value, key, range));
  }
  void bytes(char const* key, std::int64_t& member) const {
    if (auto const* value = find(key)) member = byte_size_of(*value, key);
  }
  template <class Code>
  void code(char const* key, Code& member, std::vector<std::string> const& names) const {
    auto const* value = find(key);
    if (value == nullptr) return;
    std::string const name = name_of(*value, key, names);
    member = static_cast<Code>(std::ranges::find(names, name) - names.begin());
  }
  void words(char const* key, std::vector<std::string>& member) const {
    auto const* value = find(key);
    if (value == nullptr) return;
    if (!value->is(ConfigValue::Kind::list))
      throw_at(value->position, fmt::format("'{}' must be a list of tags, not {}", key, kind_of(*value)));
    member.clear();
    for (ConfigValue const& item : value->items) member.push_back(word_of(item, key));
  }

 private:
  [[nodiscard]] ConfigValue const* find(char const* key) const {
    return table_ == nullptr ? nullptr : table_->find(key);
  }
  std::string name_;
  ConfigValue const* table_ = nullptr;
};

void read_sections(ConfigValue const& root, compare::Rules& rules) {
  Section const gate(root, "gate", {"numeric", "counters", "memory", "time"});
  gate.boolean("numeric", rules.gate.numeric);
  gate.boolean("counters", rules.gate.counters);
  gate.boolean("memory", rules.gate.memory);
  gate.boolean("time", rules.gate.time);

  Section const counters(root, "counters", {"exact", "exact_tags", "slack_share", "slack_count"});
  counters.code("exact", rules.counters.exact, compare::exactness_names());
  counters.words("exact_tags", rules.counters.exact_tags);
  counters.number("slack_share", rules.counters.slack_share, share());
  counters.integer("slack_count", rules.counters.slack_count, 0);

  Section const digest(root, "digest", {"use", "tags"});
  digest.code("use", rules.digest.use, compare::digest_use_names());
  digest.words("tags", rules.digest.tags);

  Section const numeric(
      root, "numeric",
      {"worse_factor", "floor_factor", "rounding_factor", "order_drop", "margin_factor", "margin_from"});
  numeric.number("worse_factor", rules.numeric.worse_factor, NumberRange::at_least(1.0));
  numeric.number("floor_factor", rules.numeric.floor_factor, NumberRange::at_least(0.0));
  numeric.number("rounding_factor", rules.numeric.rounding_factor, NumberRange::at_least(0.0));
  numeric.number("order_drop", rules.numeric.order_drop, NumberRange::at_least(0.0));
  numeric.number("margin_factor", rules.numeric.margin_factor, NumberRange::at_least(1.0));
  numeric.number("margin_from", rules.numeric.margin_from, NumberRange::at_least(0.0));

  Section const memory(root, "memory", {"slack_share", "slack_bytes", "slack_count", "process_share", "process_bytes"});
  memory.number("slack_share", rules.memory.slack_share, share());
  memory.bytes("slack_bytes", rules.memory.slack_bytes);
  memory.integer("slack_count", rules.memory.slack_count, 0);
  memory.number("process_share", rules.memory.process_share, share());
  memory.bytes("process_bytes", rules.memory.process_bytes);

  Section const time(root, "time",
                     {"launches", "slower", "same", "confidence", "same_confidence", "power", "false_discovery"});
  constexpr double fewest_launches = 5;  // with fewer, an interval says more about the assumption than about the data
  time.integer("launches", rules.time.launches, fewest_launches);
  time.number("slower", rules.time.slower, share());
  time.number("same", rules.time.same, NumberRange::positive());
  time.number("confidence", rules.time.confidence, probability());
  time.number("same_confidence", rules.time.same_confidence, probability());
  time.number("power", rules.time.power, probability());
  time.number("false_discovery", rules.time.false_discovery,
              {.minimum = 0.0, .maximum = 1.0, .minimum_excluded = true, .maximum_excluded = true});
}

}  // namespace

compare::Rules preset_rules(std::string const& preset) {
  auto const rules = compare::preset(preset);
  std::vector<std::string> const names = compare::preset_names();
  if (!rules) throw UsageError("--preset: " + unknown_name_message("preset", preset, names));
  return *rules;
}

compare::Rules read_rules(std::filesystem::path const& path, std::string const& preset) {
  ConfigText const file = read_config(path.string());
  ConfigValue const root = parse_toml(file.text, file.name);
  TableReader const reader(root, "rules",
                           {"schema", "preset", "gate", "counters", "digest", "numeric", "memory", "time"});
  ConfigValue const& schema = reader.require("schema");
  if (integer_of(schema, "schema") != 1)
    throw_at(schema.position, fmt::format("schema {} is not supported; this program reads schema 1", schema.integer));
  std::vector<std::string> const presets = compare::preset_names();
  std::string base = preset;
  if (ConfigValue const* named = reader.find("preset")) {
    std::string const of_file = name_of(*named, "preset", presets);
    if (!preset.empty() && preset != of_file)
      throw_at(named->position, fmt::format("preset '{}', but --preset says '{}'", of_file, preset));
    base = of_file;
  }
  compare::Rules rules = preset_rules(base.empty() ? "default" : base);
  read_sections(root, rules);
  return rules;
}

compare::Gates parse_gates(std::string_view list) {
  compare::Gates gates{.numeric = false, .counters = false, .memory = false, .time = false};
  if (list == "none") return gates;
  std::array<bool*, 4> const members{&gates.numeric, &gates.counters, &gates.memory, &gates.time};
  for (std::size_t at = 0; at <= list.size();) {
    std::size_t const comma = std::min(list.find(',', at), list.size());
    std::string const name(list.substr(at, comma - at));
    auto const found = std::ranges::find(gate_names, name);
    if (found == gate_names.end()) throw UsageError("--gate: " + unknown_name_message("tier", name, gate_names));
    *members[static_cast<std::size_t>(found - gate_names.begin())] = true;
    at = comma + 1;
  }
  return gates;
}

}  // namespace retrace::app
