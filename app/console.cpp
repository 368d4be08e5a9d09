#include "app/console.hpp"

#include "app/launcher.hpp"
#include "core/error.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace retrace::app {

namespace {

bool colored = false;
int log_descriptor = -1;

bool wants_color(std::string const& color) {
  if (color != "auto") return color == "always";
  char const* const refused = std::getenv("NO_COLOR");
  return (refused == nullptr || *refused == '\0') && is_terminal();
}

}  // namespace

bool is_terminal() {
  // A launcher may give its ranks a terminal of its own while their output goes to a file.
  return isatty(STDOUT_FILENO) == 1 && !is_launched();
}

void set_up_console(ConsoleOptions const& options) {
  colored = wants_color(options.color);
  if (options.log_file.empty()) return;
  log_descriptor = ::open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (log_descriptor < 0)
    throw UsageError(fmt::format("--log-file: {}: cannot be written: {}", options.log_file, std::strerror(errno)));
}

std::string tinted(std::string_view text, Tint tint) {
  if (!colored) return std::string(text);
  constexpr char const* codes[]{"32", "31;1", "33"};
  return fmt::format("\033[{}m{}\033[0m", codes[static_cast<int>(tint)], text);
}

void log_line(std::string_view line) {
  if (log_descriptor < 0) return;
  // One write per line: launches of one run append to the same file.
  std::string const text = fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(std::time(nullptr)), line);
  (void)!::write(log_descriptor, text.data(), text.size());
}

void say(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
  log_line(line);
}

void complain(std::string_view text) {
  fmt::print(stderr, "retrace: {}\n", text);
  log_line(fmt::format("retrace: {}", text));
}

}  // namespace retrace::app
