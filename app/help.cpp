#include "app/help.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace retrace::app {

namespace {

constexpr std::size_t width = 100, indent = 2, column = 28;

/// Words into lines of at most `width` characters, the second and later ones indented to `at`.
std::string wrapped(std::string_view text, std::size_t at, std::size_t used) {
  std::string out;
  std::size_t position = used;
  while (!text.empty()) {
    std::size_t const end = std::min(text.find(' '), text.size());
    std::string_view const word = text.substr(0, end);
    bool const fits = position + 1 + word.size() <= width;
    if (!out.empty() && !fits) {
      out += '\n' + std::string(at, ' ');
      position = at;
    } else if (!out.empty()) {
      out += ' ';
      ++position;
    }
    out += word;
    position += word.size();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// "  name       what it is", the second part wrapped in its column; on a line of its own after a long name.
std::string entry(std::string_view name, std::string_view what, std::size_t at) {
  std::string line = std::string(indent, ' ') + std::string(name);
  if (line.size() + 1 > at)
    line += '\n' + std::string(at, ' ');
  else
    line.resize(at, ' ');
  return line + wrapped(what, at, at) + '\n';
}

std::string examples_of(HelpText const& help) {
  std::string text = "\nExamples:\n";
  for (auto const& [command, what] : help.examples) text += fmt::format("  {}\n      # {}\n", command, what);
  return text;
}

std::string exit_codes_of(HelpText const& help) {
  std::string text;
  for (int const code : help.exit_codes)
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", code, meaning_of_exit_code(code));
  return "\n" + wrapped("Exit codes: " + text + ".", indent, 0) + "\n";
}

}  // namespace

std::string spelled(OptionEntry const& option) {
  if (option.is_positional()) return option.value;
  std::string text = option.short_name.empty() ? "" : "-" + option.short_name;
  if (!option.long_name.empty()) text += (text.empty() ? "--" : ", --") + option.long_name;
  if (option.value.empty()) return text;
  return text + (option.optional_value ? "[=" + option.value + "]" : " " + option.value);
}

std::string synopsis(CommandTable const& table, CommandEntry const& command) {
  if (command.name == table.program.name) return fmt::format("{} COMMAND [options]", command.name);
  std::string text = fmt::format("{} {} [options]", table.program.name, command.name);
  for (OptionEntry const& option : command.options) {
    bool const required = option.help.find("(required)") != std::string::npos;
    if (option.is_positional())
      text += (required ? " " : " [") + option.value + (required ? "" : "]") + (option.repeatable ? "..." : "");
  }
  return text;
}

std::string help_of(CommandTable const& table, CommandEntry const& command, Extent extent) {
  bool const is_program = command.name == table.program.name;
  std::string text = fmt::format("{}\n\n  {}\n", command.summary, synopsis(table, command));
  if (is_program) {
    text += "\nCommands:\n";
    constexpr std::size_t narrow = 14;
    for (CommandEntry const& known : table.commands) text += entry(known.name, known.summary, narrow);
  }
  text += "\nOptions:\n";
  std::string elsewhere;  // of the program, for every command
  bool leaves_out = false;
  for (OptionEntry const& option : command.options) {
    bool const is_shown = !option.global && (extent == Extent::all || !option.rare || is_program);
    if (is_shown) text += entry(spelled(option), option.help, column);
    if (option.global) elsewhere += (elsewhere.empty() ? "" : ", ") + spelled(option);
    leaves_out |= option.rare && !is_shown && option.long_name != "help-all";
  }
  if (is_program) text += entry("--kokkos-...", "options of Kokkos are handed on to it", column);
  if (!elsewhere.empty())
    text += "  " +
            wrapped(fmt::format("and those of every command (see {} --help): {}", table.program.name, elsewhere),
                    indent, indent) +
            "\n";
  if (leaves_out) text += "  and some that are seldom needed: --help-all\n";

  HelpText const* const help = help_text(command.name);
  if (help == nullptr) return text;
  if (!help->note.empty()) text += "\n" + wrapped(help->note, 0, 0) + "\n";
  text += examples_of(*help) + exit_codes_of(*help);
  if (is_program) return text + fmt::format("\nSee also: {} COMMAND --help\n", command.name);
  std::string also;
  for (std::string_view const other : help->see_also) also += fmt::format("{} {}, ", table.program.name, other);
  return text + fmt::format("\nSee also: {}{} --help\n", also, table.program.name);
}

std::map<std::string, std::string> help_files(CommandTable const& table) {
  std::map<std::string, std::string> files{{table.program.name + ".txt", help_of(table, table.program, Extent::usual)}};
  for (CommandEntry const& command : table.commands) {
    files[command.name + ".txt"] = help_of(table, command, Extent::usual);
    bool const has_more = std::ranges::any_of(
        command.options, [](OptionEntry const& option) { return option.rare && option.long_name != "help-all"; });
    if (has_more) files[command.name + "-all.txt"] = help_of(table, command, Extent::all);
  }
  return files;
}

}  // namespace retrace::app
