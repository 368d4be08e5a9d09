#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace retrace::app {

/// One option or positional argument, as help, manual and completion show it.
struct OptionEntry {
  std::string short_name, long_name;  ///< without dashes; both empty for a positional argument
  std::string value;  ///< what it takes: FILE, DIR, N, a|b|c, the name of a positional; empty for a flag
  std::string help;   ///< what it does, with its default
  bool repeatable = false;
  bool optional_value = false;  ///< --name and --name=VALUE are both valid
  bool rare = false;            ///< only --help-all shows it
  bool global = false;          ///< of the program: any command takes it

  [[nodiscard]] bool is_positional() const { return short_name.empty() && long_name.empty(); }
  /// The words that are valid, where they are few.
  [[nodiscard]] std::vector<std::string> choices() const;
};

struct CommandEntry {
  std::string name, summary;  ///< the program itself has the name `retrace`
  std::vector<OptionEntry> options;
};

/// The whole command line as data, read off the definitions that the parser works with.
struct CommandTable {
  CommandEntry program;
  std::vector<CommandEntry> commands;

  [[nodiscard]] CommandEntry const* find(std::string_view name) const;
};
[[nodiscard]] CommandTable command_table();

}  // namespace retrace::app
