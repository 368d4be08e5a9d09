// The texts of --help, held to stored ones: a change that users see is seen in review, too.
#include "app/help.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

namespace {

using namespace retrace::app;

std::string content(std::filesystem::path const& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// "line 7: 'is', stored 'was'", empty if they are equal.
std::string difference(std::string const& text, std::string const& stored) {
  std::istringstream lines(text), stored_lines(stored);
  std::string line, other;
  for (int number = 1; text != stored; ++number) {
    line = other = "(the end)";
    std::getline(lines, line);
    std::getline(stored_lines, other);
    if (line != other || (!lines && !stored_lines))
      return "line " + std::to_string(number) + ": '" + line + "', stored '" + other + "'";
  }
  return {};
}

TEST(HelpTexts, are_the_stored_ones) {
  std::filesystem::path const folder = RETRACE_HELP_FOLDER;
  std::set<std::string> names;
  for (auto const& [name, text] : help_files(command_table())) {
    names.insert(name);
    EXPECT_EQ(difference(text, content(folder / name)), "")
        << name << " differs; if that is meant: cmake --build --preset release --target update_help";
  }
  for (auto const& entry : std::filesystem::directory_iterator(folder))
    EXPECT_TRUE(names.contains(entry.path().filename().string())) << entry.path() << " is the help of nothing";
}

}  // namespace
