// Pages of the manual in the macros of man(7), from the tables of the command line.
#include "app/help.hpp"

#include <fmt/format.h>

namespace retrace::app {

namespace {

/// Text that groff prints as it stands.
std::string escaped(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";  // an apostrophe that can be copied into a shell, and no request at the start of a line
    else if (c == '.' && out.empty())
      out += "\\&.";
    else
      out += c;
  }
  return out;
}

std::string page_name(CommandTable const& table, std::string_view command) {
  return command == table.program.name ? table.program.name : fmt::format("{}-{}", table.program.name, command);
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string paragraph(std::string const& head, std::string const& body) {
  return fmt::format(".TP\n.B {}\n{}\n", escaped(head), escaped(body));
}

std::string see_also(CommandTable const& table, CommandEntry const& command, HelpText const* help) {
  std::vector<std::string> pages;
  if (command.name == table.program.name) {
    for (CommandEntry const& known : table.commands) pages.push_back(page_name(table, known.name));
  } else {
    pages.push_back(table.program.name);
    if (help != nullptr) {
      for (std::string_view const other : help->see_also) pages.push_back(page_name(table, other));
    }
  }
  std::string text = ".SH SEE ALSO\n";
  for (std::size_t i = 0; i < pages.size(); ++i)
    text += fmt::format(".BR {} (1){}\n", escaped(pages[i]), i + 1 < pages.size() ? "," : "");
  return text;
}

}  // namespace

std::string manual_page(CommandTable const& table, CommandEntry const& command) {
  std::string const name = page_name(table, command.name);
  std::string text =
      fmt::format(".TH {} 1 \"\" \"Retrace {}\" \"User Commands\"\n", upper(escaped(name)), RETRACE_VERSION);
  text += fmt::format(".SH NAME\n{} \\- {}\n", escaped(name), escaped(command.summary));
  text += fmt::format(".SH SYNOPSIS\n.B {}\n", escaped(synopsis(table, command)));
  HelpText const* const help = help_text(command.name);
  if (help != nullptr && !help->note.empty()) text += fmt::format(".SH DESCRIPTION\n{}\n", escaped(help->note));
  if (command.name == table.program.name) {
    text += ".SH COMMANDS\n";
    for (CommandEntry const& known : table.commands) text += paragraph(known.name, known.summary);
  }
  text += ".SH OPTIONS\n";
  for (OptionEntry const& option : command.options) text += paragraph(spelled(option), option.help);
  if (help != nullptr) {
    text += ".SH EXAMPLES\n";
    for (auto const& [line, what] : help->examples)
      text += fmt::format(".TP\n{}\n.nf\n{}\n.fi\n", escaped(what), escaped(line));
    text += ".SH EXIT STATUS\n";
    for (int const code : help->exit_codes)
      text += paragraph(std::to_string(code), std::string(meaning_of_exit_code(code)));
  }
  return text + see_also(table, command, help);
}

}  // namespace retrace::app
