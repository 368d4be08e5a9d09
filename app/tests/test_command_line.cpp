#include "app/help.hpp"
#include "app/options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace retrace::app;

/// The words behind `retrace` in an example of a shell, up to a redirection or the end of its parentheses.
std::vector<std::string> words_of_program(std::string_view example) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  for (char const c : std::string(example) + " ") {
    if (c == '\'') inside = !inside;
    if (c == '\'') continue;
    if (c != ' ' || inside) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, ""));
    }
  }
  auto const is_program = [](std::string const& w) { return w == "retrace" || w == "<(retrace"; };
  words.erase(words.begin(), std::ranges::find_if(words, is_program));
  if (!words.empty() && words.front().starts_with("<(")) words.back().pop_back();
  words.erase(std::ranges::find_if(words, [](std::string const& w) { return w == ">" || w == "|"; }), words.end());
  return words;
}

Parsed parsed(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), false);
}

std::vector<CommandEntry> all_entries() {
  CommandTable const table = command_table();
  std::vector<CommandEntry> entries = table.commands;
  entries.push_back(table.program);
  return entries;
}

std::size_t count_lines(std::string const& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

TEST(Help, begins_with_one_sentence) {
  for (CommandEntry const& command : all_entries()) {
    std::string const& summary = command.summary;
    EXPECT_TRUE(summary.ends_with('.') || summary.ends_with('?')) << command.name << ": " << summary;
    EXPECT_EQ(summary.find(". "), std::string::npos) << command.name << ": " << summary;
    EXPECT_TRUE(help_of(command_table(), command, Extent::usual).starts_with(summary + "\n")) << command.name;
  }
}

TEST(Help, every_option_says_what_holds_without_it) {
  for (CommandEntry const& command : all_entries()) {
    for (OptionEntry const& option : command.options) {
      if (option.long_name == "version" || option.help.ends_with("and end")) continue;
      bool const told =
          option.help.find("default") != std::string::npos || option.help.find("(required)") != std::string::npos;
      EXPECT_TRUE(told) << command.name << " " << spelled(option) << ": " << option.help;
      EXPECT_NE(option.help.find(' '), std::string::npos) << command.name << " " << spelled(option) << " says nothing";
    }
  }
}

TEST(Help, fits_two_screens) {
  constexpr std::size_t screen = 40, width = 100;
  for (CommandEntry const& command : all_entries()) {
    std::string const text = help_of(command_table(), command, Extent::usual);
    EXPECT_LE(count_lines(text), 2 * screen) << command.name;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), width) << command.name << ": " << line;
  }
}

TEST(Help, has_three_examples_that_parse) {
  for (CommandEntry const& command : all_entries()) {
    HelpText const* const help = help_text(command.name);
    ASSERT_NE(help, nullptr) << command.name;
    EXPECT_EQ(help->examples.size(), 3U) << command.name;
    for (auto const& [example, what] : help->examples) {
      std::vector<std::string> const words = words_of_program(example);
      ASSERT_GE(words.size(), 2U) << example;
      EXPECT_TRUE(command.name == "retrace" || words[1] == command.name) << example;
      EXPECT_EQ(parsed(words).exit_code, -1) << example;
      EXPECT_FALSE(what.empty()) << example;
    }
  }
}

TEST(Help, an_example_with_a_mistake_does_not_parse) {  // so that the test above can fail
  EXPECT_EQ(parsed(words_of_program("mpirun -n 4 retrace run --sutie quick > log")).exit_code, 2);
}

TEST(Help, exit_codes_have_a_meaning_and_others_exist) {
  CommandTable const table = command_table();
  for (CommandEntry const& command : all_entries()) {
    HelpText const* const help = help_text(command.name);
    ASSERT_NE(help, nullptr) << command.name;
    EXPECT_FALSE(help->exit_codes.empty()) << command.name;
    for (int const code : help->exit_codes) EXPECT_FALSE(meaning_of_exit_code(code).empty()) << code;
    for (std::string_view const other : help->see_also) EXPECT_NE(table.find(other), nullptr) << other;
  }
}

TEST(Help, every_command_is_known_to_the_program) {
  for (CommandEntry const& command : command_table().commands) {
    std::vector<std::string> words{"retrace", command.name};
    for (OptionEntry const& option : command.options) {
      if (option.help.find("(required)") == std::string::npos) continue;
      std::vector<std::string> const choices = option.choices();
      if (!option.is_positional()) words.push_back("--" + option.long_name);
      words.push_back(choices.empty() ? "word" : choices.front());
    }
    Parsed const done = parsed(words);
    EXPECT_EQ(done.exit_code, -1) << command.name;
    EXPECT_NE(done.options.command, Options::Command::none) << command.name;
  }
}

TEST(Help, manual_names_every_option) {
  CommandTable const table = command_table();
  for (CommandEntry const& command : all_entries()) {
    std::string const page = manual_page(table, command);
    EXPECT_TRUE(page.starts_with(".TH RETRACE")) << page.substr(0, 40);
    std::size_t paragraphs = 0;
    for (std::size_t at = 0; (at = page.find("\n.TP\n.B ", at)) != std::string::npos; ++at) ++paragraphs;
    std::size_t const commands = command.name == table.program.name ? table.commands.size() : 0;
    EXPECT_EQ(paragraphs, command.options.size() + commands + help_text(command.name)->exit_codes.size())
        << command.name;
  }
}

TEST(Help, completion_knows_every_option_in_every_shell) {
  CommandTable const table = command_table();
  for (char const* shell : {"bash", "zsh", "fish"}) {
    std::string const script = completion_script(table, shell);
    bool const fish = std::string_view(shell) == "fish";
    for (CommandEntry const& command : all_entries()) {
      EXPECT_NE(script.find(command.name), std::string::npos) << shell << " " << command.name;
      for (OptionEntry const& option : command.options) {
        if (option.long_name.empty()) continue;
        EXPECT_NE(script.find((fish ? "-l " : "--") + option.long_name), std::string::npos)
            << shell << " " << command.name << " " << option.long_name;
      }
    }
  }
}

TEST(Help, what_is_seldom_needed_is_in_help_all_only) {
  CommandTable const table = command_table();
  CommandEntry const& run = *table.find("run");
  std::string const usual = help_of(table, run, Extent::usual), all = help_of(table, run, Extent::all);

  EXPECT_EQ(usual.find("--keep-journal"), std::string::npos);
  EXPECT_NE(usual.find("--help-all"), std::string::npos);
  EXPECT_NE(all.find("--keep-journal"), std::string::npos);
  EXPECT_NE(manual_page(table, run).find("keep\\-journal"), std::string::npos);
}

TEST(CommandLine, options_of_the_program_stand_before_or_behind_the_command) {
  for (std::vector<std::string> const& words :
       {std::vector<std::string>{"retrace", "--color", "never", "-v", "run", "--suite", "quick"},
        std::vector<std::string>{"retrace", "run", "--suite", "quick", "-v", "--color=never"}}) {
    Parsed const done = parsed(words);

    EXPECT_EQ(done.exit_code, -1);
    EXPECT_EQ(done.options.console.color, "never");
    EXPECT_TRUE(done.options.console.verbose);
    EXPECT_EQ(done.options.suite, "quick");
  }
  EXPECT_EQ(parsed({"retrace", "run", "-q", "-v"}).exit_code, 2);
  EXPECT_EQ(parsed({"retrace", "run", "--progress=often"}).exit_code, 2);
}

TEST(CommandLine, launches_and_cases_in_processes_are_not_asked_for_the_files_of_the_whole) {
  Parsed const done = parsed({"retrace", "run",       "-c",    "a.toml",     "-k",  "rk4",        "-o",
                              "x.h5",    "--junit",   "x.xml", "--tap",      "-",   "--fom",      "--launches",
                              "3",       "--isolate", "case",  "--min-time", "0.5", "--log-file", "log"});

  std::vector<std::string> const launch{"run",          "--log-file=log", "--config=a.toml",
                                        "--filter=rk4", "--isolate=case", "--min-time=0.5"};
  EXPECT_TRUE(std::ranges::is_permutation(done.options.launch_words, launch))
      << testing::PrintToString(done.options.launch_words);
  std::vector<std::string> const of_case{"run", "--config=a.toml", "--min-time=0.5"};
  EXPECT_TRUE(std::ranges::is_permutation(done.options.case_words, of_case))
      << testing::PrintToString(done.options.case_words);
}

}  // namespace
