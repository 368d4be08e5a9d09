#pragma once

#include "app/command_table.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace retrace::app {

/// What `--help` and the manual say of a command beside its options.
struct HelpText {
  struct Example {
    std::string_view command, what;
  };
  std::string_view command;
  std::vector<Example> examples;
  std::vector<int> exit_codes;
  std::vector<std::string_view> see_also;  ///< other commands
  std::string_view note{};                 ///< a paragraph more, where options do not tell it
};

/// Null if nothing is said of it.
[[nodiscard]] HelpText const* help_text(std::string_view command);

/// "a check failed, or a case ended in an error"
[[nodiscard]] std::string_view meaning_of_exit_code(int code);

/// "-c, --config FILE"
[[nodiscard]] std::string spelled(OptionEntry const& option);

/// "retrace run [options]", "retrace inspect [options] FILE"
[[nodiscard]] std::string synopsis(CommandTable const& table, CommandEntry const& command);

/// How much of a command's options: all but the rare ones, or all.
enum class Extent { usual, all };

/// The text of `--help`: for the program itself its commands, else options, examples, exit codes and see also.
[[nodiscard]] std::string help_of(CommandTable const& table, CommandEntry const& command, Extent extent);

/// Every text of `--help` by the name of the file that a test keeps it in: `retrace.txt`, `run.txt`, and `run-all.txt`
/// of commands with rare options.
[[nodiscard]] std::map<std::string, std::string> help_files(CommandTable const& table);

/// A page of the manual, for man(1): `retrace.1` of the program itself, `retrace-run.1` of a command.
[[nodiscard]] std::string manual_page(CommandTable const& table, CommandEntry const& command);

/// A script that teaches a shell ("bash", "zsh", "fish") the commands, options, words and kinds of files.
[[nodiscard]] std::string completion_script(CommandTable const& table, std::string_view shell);

}  // namespace retrace::app
