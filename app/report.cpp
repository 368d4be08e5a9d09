#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/version.hpp"
#include "core/error.hpp"
#include "results/reader.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace retrace::app {

namespace {

/// scripts/report.py beside the installed program, else in the source tree that it was built from.
std::string report_script() {
  std::error_code error;
  std::filesystem::path const program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (std::filesystem::path const& candidate : {program.parent_path() / "../share/retrace/scripts/report.py",
                                                 std::filesystem::path(scripts_folder) / "report.py"}) {
    if (std::filesystem::exists(candidate, error)) return candidate.string();
  }
  throw EnvironmentError("report: scripts/report.py is neither beside the program nor in its source tree");
}

}  // namespace

int make_report(Options const& options, bool speaks) {
  for (std::string const& file : options.files)
    (void)results::read_result(file);  // the same words and code as `inspect`, on every rank
  if (!speaks) return exit_success;
  if (python.empty())
    throw EnvironmentError("report: no Python with the modules of scripts/requirements.txt was found at configuration");
  std::string output = options.output;
  if (output.empty()) output = std::filesystem::path(options.files.front()).replace_extension(".html").string();
  std::vector<std::string> words{std::string(python), report_script(), "-o", output};
  for (auto const& [name, value] : {std::pair("--format", options.report.formats),
                                    {"--baseline", options.report.baseline},
                                    {"--judged", options.report.judged},
                                    {"--x", options.report.costs},
                                    {"--y", options.report.error},
                                    {"--group", options.report.group},
                                    {"--title", options.title}}) {
    if (!value.empty()) words.push_back(std::string(name) + "=" + value);  // a value may begin with a dash
  }
  words.emplace_back("--");
  words.insert(words.end(), options.files.begin(), options.files.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  pid_t const child = fork();
  if (child < 0) throw EnvironmentError("report: cannot start a process");
  if (child == 0) {
    execvp(arguments.front(), arguments.data());
    std::fprintf(stderr, "retrace: report: cannot start %s: %s\n", arguments.front(), std::strerror(errno));
    _exit(exit_environment);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : exit_internal;
}

}  // namespace retrace::app
