// Completion scripts for shells, from the tables of the command line.
#include "app/help.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace retrace::app {

namespace {

/// What may stand for an option's value or a positional argument.
struct Expected {
  enum class Kind { nothing, files, folders, words, anything };
  Kind kind = Kind::nothing;
  std::string words{};  ///< with blanks between
};

std::string command_names(CommandTable const& table) {
  std::string names;
  for (CommandEntry const& command : table.commands) names += (names.empty() ? "" : " ") + command.name;
  return names;
}

Expected expected(CommandTable const& table, OptionEntry const& option) {
  if (option.value.empty()) return {Expected::Kind::nothing};
  if (option.value == "FILE") return {Expected::Kind::files};
  if (option.value == "DIR") return {Expected::Kind::folders};
  if (option.value == "COMMAND") return {Expected::Kind::words, command_names(table)};
  std::vector<std::string> const choices = option.choices();
  if (choices.empty()) return {Expected::Kind::anything};
  return {Expected::Kind::words, fmt::format("{}", fmt::join(choices, " "))};
}

/// Put between single quotes, for any of the shells.
std::string single_quoted(std::string_view text) {
  std::string out;
  for (char const c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + out + "'";
}

// --- bash
// --------------------------------------------------------------------------------------------------------------

std::string bash_reply(Expected const& e) {
  switch (e.kind) {
    case Expected::Kind::files:
      return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
    case Expected::Kind::folders:
      return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")";
    case Expected::Kind::words:
      return fmt::format("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")", e.words);
    default:
      return ":";
  }
}

std::string bash_options(CommandEntry const& command) {
  std::string words;
  for (OptionEntry const& option : command.options) {
    if (!option.short_name.empty()) words += (words.empty() ? "-" : " -") + option.short_name;
    if (!option.long_name.empty()) words += (words.empty() ? "--" : " --") + option.long_name;
  }
  return words;
}

/// What may follow each option of the command that takes a value.
std::string bash_values(CommandTable const& table, CommandEntry const& command, std::string const& name) {
  std::string lines;
  for (OptionEntry const& option : command.options) {
    if (option.is_positional() || option.value.empty() || option.optional_value) continue;
    std::string pattern;
    if (!option.short_name.empty()) pattern = fmt::format("{}:-{}", name, option.short_name);
    if (!option.long_name.empty())
      pattern += fmt::format("{}{}:--{}", pattern.empty() ? "" : " | ", name, option.long_name);
    lines += fmt::format("    {}) {}; return ;;\n", pattern, bash_reply(expected(table, option)));
  }
  return lines;
}

std::string bash_script(CommandTable const& table) {
  std::string const& name = table.program.name;
  std::string of_values = bash_values(table, table.program, ""), of_commands;  // before a command, $command is empty
  for (CommandEntry const& command : table.commands) {
    Expected positional{};
    for (OptionEntry const& option : command.options) {
      if (option.is_positional()) positional = expected(table, option);
    }
    of_values += bash_values(table, command, command.name);
    of_commands += fmt::format("    {}:-*) mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\") ;;\n    {}:*) {} ;;\n",
                               command.name, bash_options(command), command.name, bash_reply(positional));
  }
  return fmt::format(
      "# Completion of {0} for bash, made by `{0} completion bash`.\n"
      "_{0}() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} command='' i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case \" {1} \" in *\" ${{COMP_WORDS[i]}} \"*) command=${{COMP_WORDS[i]}} && break ;; esac\n"
      "  done\n"
      "  case $command:$prev in\n{2}  esac\n"
      "  case $command:$cur in\n{3}"
      "    *) mapfile -t COMPREPLY < <(compgen -W '{1} {4}' -- \"$cur\") ;;\n"
      "  esac\n"
      "}}\n"
      "complete -F _{0} {0}\n",
      name, command_names(table), of_values, of_commands, bash_options(table.program));
}

// --- zsh
// ---------------------------------------------------------------------------------------------------------------

/// A description inside the brackets of a specification of _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(Expected const& e) {
  switch (e.kind) {
    case Expected::Kind::files:
      return "_files";
    case Expected::Kind::folders:
      return "_files -/";
    case Expected::Kind::words:
      return "(" + e.words + ")";
    default:
      return " ";
  }
}

std::string zsh_specification(CommandTable const& table, OptionEntry const& option) {
  Expected const e = expected(table, option);
  if (option.is_positional())
    return single_quoted(fmt::format("{}:{}:{}", option.repeatable ? "*" : "1", zsh_text(option.value), zsh_action(e)));
  std::string const value =
      option.value.empty() || option.optional_value ? "" : fmt::format(":{}:{}", zsh_text(option.value), zsh_action(e));
  std::string const rest = fmt::format("[{}]{}", zsh_text(option.help), value), star = option.repeatable ? "*" : "";
  std::string specifications;
  if (!option.short_name.empty()) specifications = single_quoted(fmt::format("{}-{}{}", star, option.short_name, rest));
  if (!option.long_name.empty())
    specifications += (specifications.empty() ? "" : " ") +
                      single_quoted(fmt::format("{}--{}{}{}", star, option.long_name, value.empty() ? "" : "=", rest));
  return specifications;
}

std::string zsh_script(CommandTable const& table) {
  std::string commands, cases, own;
  for (OptionEntry const& option : table.program.options) own += " " + zsh_specification(table, option);
  for (CommandEntry const& command : table.commands) {
    commands += "    " + single_quoted(command.name + ":" + zsh_text(command.summary)) + "\n";
    std::string specifications;
    for (OptionEntry const& option : command.options)
      specifications += " \\\n        " + zsh_specification(table, option);
    cases += fmt::format("      {}) _arguments{} ;;\n", command.name, specifications);
  }
  return fmt::format(
      "#compdef {0}\n"
      "# Completion of {0} for zsh, made by `{0} completion zsh`.\n"
      "_{0}() {{\n"
      "  local line state\n"
      "  local -a commands=(\n{1}  )\n"
      "  _arguments -C{2} '1:command:->command' '*::argument:->argument'\n"
      "  case $state in\n"
      "    command) _describe command commands ;;\n"
      "    argument) case ${{line[1]}} in\n{3}    esac ;;\n"
      "  esac\n"
      "}}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _{0} \"$@\"; else compdef _{0} {0}; fi\n",
      table.program.name, commands, own, cases);
}

// --- fish
// --------------------------------------------------------------------------------------------------------------

std::string fish_values(Expected const& e) {
  switch (e.kind) {
    case Expected::Kind::files:
      return " -r -F";
    case Expected::Kind::folders:
      return " -x -a '(__fish_complete_directories)'";
    case Expected::Kind::words:
      return " -x -a " + single_quoted(e.words);
    case Expected::Kind::anything:
      return " -x";
    default:
      return "";
  }
}

/// Fish reads a backslash before a quote, where the other shells end the quotes.
std::string fish_quoted(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return "'" + out + "'";
}

std::string fish_options(CommandTable const& table, CommandEntry const& command, std::string const& condition) {
  std::string text;
  for (OptionEntry const& option : command.options) {
    Expected const e = expected(table, option);
    text += fmt::format("complete -c {} -n {}", table.program.name, single_quoted(condition));
    if (option.is_positional()) {
      text += e.kind == Expected::Kind::files   ? " -F"
              : e.kind == Expected::Kind::words ? " -a " + single_quoted(e.words)
                                                : "";
    } else {
      if (!option.short_name.empty()) text += " -s " + option.short_name;
      if (!option.long_name.empty()) text += " -l " + option.long_name;
      if (!option.optional_value) text += fish_values(e);
    }
    text += " -d " + fish_quoted(option.help) + "\n";
  }
  return text;
}

std::string fish_script(CommandTable const& table) {
  std::string const& name = table.program.name;
  std::string text =
      fmt::format("# Completion of {0} for fish, made by `{0} completion fish`.\ncomplete -c {0} -f\n", name);
  text += fish_options(table, table.program, "__fish_use_subcommand");
  for (CommandEntry const& command : table.commands) {
    text += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", name, command.name,
                        fish_quoted(command.summary));
    text += fish_options(table, command, "__fish_seen_subcommand_from " + command.name);
  }
  return text;
}

}  // namespace

std::string completion_script(CommandTable const& table, std::string_view shell) {
  if (shell == "bash") return bash_script(table);
  if (shell == "zsh") return zsh_script(table);
  if (shell == "fish") return fish_script(table);
  throw UsageError("no completion for the shell '" + std::string(shell) + "'; there is bash, zsh and fish");
}

}  // namespace retrace::app
