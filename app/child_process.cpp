#include "app/child_process.hpp"

#include "app/stop_signals.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace retrace::app {

std::vector<std::string> words_of(std::string const& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

int run_program(std::vector<std::string> words, std::string const& log) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::fflush(nullptr);
  pid_t const child = fork();
  if (child < 0) throw EnvironmentError(fmt::format("cannot start a process: {}", std::strerror(errno)));
  if (child == 0) {
    pass_stop_to(0);
    int const out = log.empty() ? -1 : open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out >= 0) {
      dup2(out, STDOUT_FILENO);
      dup2(out, STDERR_FILENO);
    }
    execvp(arguments.front(), arguments.data());
    std::fprintf(stderr, "retrace: cannot start %s: %s\n", arguments.front(), std::strerror(errno));
    _exit(127);
  }
  pass_stop_to(child);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  pass_stop_to(0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace retrace::app
