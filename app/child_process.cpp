#include "app/child_process.hpp"

#include "app/stop_signals.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <sstream>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace retrace::app {

namespace {

std::vector<std::string>& own_variables() {
  static std::vector<std::string> variables;
  return variables;
}

/// As exec wants them.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

ChildEnd wait_for(pid_t child, double seconds) {
  using Clock = std::chrono::steady_clock;
  auto const start = Clock::now();
  bool const forever = !std::isfinite(seconds);
  ChildEnd end;
  for (int status = 0;;) {
    pid_t const ended = waitpid(child, &status, forever || end.killed ? 0 : WNOHANG);
    if (ended == child) {
      end.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      return end;
    }
    if (ended < 0 && errno != EINTR) throw EnvironmentError(fmt::format("waitpid: {}", std::strerror(errno)));
    if (ended != 0) continue;
    if (std::chrono::duration<double>(Clock::now() - start).count() > seconds) {
      ::kill(child, SIGKILL);
      end.killed = true;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
}

}  // namespace

std::vector<std::string> words_of(std::string const& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

void remember_environment() {
  own_variables().clear();
  for (char** variable = environ; *variable != nullptr; ++variable) {
    // Marks and page of a CI host are ours to make, once.
    bool const of_host =
        std::ranges::any_of(std::array{"GITHUB_ACTIONS=", "GITHUB_STEP_SUMMARY=", "GITLAB_CI="},
                            [&](char const* name) { return std::string_view(*variable).starts_with(name); });
    if (!of_host) own_variables().emplace_back(*variable);
  }
}

ChildEnd run_child(std::vector<std::string> words, Child const& options) {
  // Everything is made before the process: between fork and exec nothing may allocate.
  if (own_variables().empty()) remember_environment();
  std::vector<std::string> variables = own_variables();
  std::vector<char*> const arguments = pointers(words), environment = pointers(variables);
  pid_t const parent = getpid();
  std::fflush(nullptr);
  pid_t const child = fork();
  if (child < 0) throw EnvironmentError(fmt::format("cannot start a process: {}", std::strerror(errno)));
  if (child == 0) {
    pass_stop_to(0);
    if (options.dies_with_us) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(127);  // it ended before we asked
    }
    int const out =
        options.log.empty() ? -1 : open(options.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out >= 0) {
      dup2(out, STDOUT_FILENO);
      dup2(out, STDERR_FILENO);
    }
    execvpe(arguments.front(), arguments.data(), environment.data());
    std::fprintf(stderr, "retrace: cannot start %s: %s\n", arguments.front(), std::strerror(errno));
    _exit(127);
  }
  pass_stop_to(child);
  ChildEnd const end = wait_for(child, options.kill_after_seconds);
  pass_stop_to(0);
  return end;
}

int run_program(std::vector<std::string> words, std::string const& log) {
  return run_child(std::move(words), {.log = log, .kill_after_seconds = std::numeric_limits<double>::infinity()}).code;
}

}  // namespace retrace::app
