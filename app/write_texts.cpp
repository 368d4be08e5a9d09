// Writes the pages of the manual and the completion scripts into a folder, for installation.
#include "app/help.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

namespace {

bool write(std::filesystem::path const& file, std::string const& text) {
  std::ofstream out(file);
  out << text;
  out.close();
  if (!out) std::cerr << "cannot write " << file << '\n';
  return !out.fail();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace retrace::app;
  if (argc != 2) {
    std::cerr << "usage: retrace_write_texts FOLDER\n";
    return 2;
  }
  std::filesystem::path const folder = argv[1];
  std::filesystem::create_directories(folder / "man1");
  CommandTable const table = command_table();
  bool good = write(folder / "man1/retrace.1", manual_page(table, table.program));
  for (CommandEntry const& command : table.commands)
    good &= write(folder / "man1" / ("retrace-" + command.name + ".1"), manual_page(table, command));
  good &= write(folder / "retrace.bash", completion_script(table, "bash"));
  good &= write(folder / "_retrace", completion_script(table, "zsh"));
  good &= write(folder / "retrace.fish", completion_script(table, "fish"));
  return good ? 0 : 1;
}
