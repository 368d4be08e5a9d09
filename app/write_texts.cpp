// Writes the pages of the manual, the completion scripts and the texts of --help into a folder: for installation, and
// for the stored texts that a test compares with (target `update_help`).
#include "app/help.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

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
  bool const only_help = argc == 3 && std::string_view(argv[1]) == "--only-help";
  if (argc != 2 && !only_help) {
    std::cerr << "usage: retrace_write_texts [--only-help] FOLDER\n";
    return 2;
  }
  std::filesystem::path const folder = argv[argc - 1];
  if (only_help) {
    std::filesystem::create_directories(folder);
    bool good = true;
    for (auto const& [name, text] : help_files(command_table())) good &= write(folder / name, text);
    return good ? 0 : 1;
  }
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
