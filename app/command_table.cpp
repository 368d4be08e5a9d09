#include "app/command_table.hpp"

#include "app/command_line.hpp"
#include "app/option_checks.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace retrace::app {

namespace {

/// The definitions say a default only where there is one; here every option says what holds without it.
std::string help_with_default(CLI::Option const& option, bool is_flag) {
  std::string const text = option.get_description();
  bool const ends_at_once = text.ends_with("and end") || option.get_name() == "--version";
  if (text.find("default") != std::string::npos || ends_at_once) return text;
  if (option.get_required()) return text + " (required)";
  if (!option.get_default_str().empty()) return text + " (default " + option.get_default_str() + ")";
  return text + (is_flag ? " (default off)" : " (default none)");
}

OptionEntry entry_of(CLI::Option const& option) {
  OptionEntry entry;
  if (!option.get_snames().empty()) entry.short_name = option.get_snames().front();
  if (!option.get_lnames().empty()) entry.long_name = option.get_lnames().front();
  bool const is_flag = option.get_items_expected_max() == 0;
  bool const has_type = option.get_type_name() != "TEXT";  // what CLI11 says of a text, and of nothing in particular
  if (!is_flag) entry.value = entry.is_positional() && !has_type ? option.get_name(true) : option.get_type_name();
  entry.help = help_with_default(option, is_flag);
  entry.rare = option.get_group() == rare || entry.long_name == "help-all";
  entry.repeatable = option.get_items_expected_max() > 1;
  entry.optional_value = !is_flag && !entry.is_positional() && option.get_items_expected_min() == 0;
  return entry;
}

CommandEntry entry_of(CLI::App const& command) {
  CommandEntry entry{.name = command.get_name(), .summary = command.get_description(), .options = {}};
  for (CLI::Option const* option : command.get_options()) entry.options.push_back(entry_of(*option));
  std::ranges::stable_partition(entry.options, &OptionEntry::is_positional);
  return entry;
}

}  // namespace

std::vector<std::string> OptionEntry::choices() const {
  if (value.find('|') == std::string::npos) return {};
  std::vector<std::string> words(1);
  for (char const c : value) {
    if (c == '|')
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

CommandEntry const* CommandTable::find(std::string_view name) const {
  if (name == program.name) return &program;
  auto const found = std::ranges::find(commands, name, &CommandEntry::name);
  return found == commands.end() ? nullptr : &*found;
}

CommandTable command_table() {
  Options unused;
  CLI::App app;
  define_command_line(app, unused);
  CommandTable table{.program = entry_of(app), .commands = {}};
  for (CLI::App const* command : app.get_subcommands([](CLI::App const*) { return true; }))
    table.commands.push_back(entry_of(*command));
  for (OptionEntry const& option : table.program.options) {
    if (option.help.ends_with("and end") || option.long_name == "version") continue;
    for (CommandEntry& command : table.commands) {
      command.options.push_back(option);
      command.options.back().global = true;
    }
  }
  return table;
}

}  // namespace retrace::app
