#include "app/stop_signals.hpp"

#include "app/exit_code.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace retrace::app {

namespace {

volatile std::sig_atomic_t requested = 0, last_line_descriptor = -1, last_line_length = 0, told_child = 0;
std::array<char, 1024> last_line{};
std::array<int, 2> wake{-1, -1};

// Only what may be called in a handler.
extern "C" void request_stop(int signal) {
  if (signal == SIGINT && requested != 0) {
    if (last_line_descriptor >= 0)
      (void)!::write(last_line_descriptor, last_line.data(), static_cast<std::size_t>(last_line_length));
    std::_Exit(exit_stopped_early);
  }
  if (requested != 0) return;
  requested = 1;
  if (told_child > 0) (void)::kill(told_child, SIGUSR1);
  char const byte = 0;
  (void)!::write(wake[1], &byte, 1);
}

}  // namespace

void listen_for_stop() {
  if (wake[0] < 0) (void)!::pipe2(wake.data(), O_CLOEXEC | O_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = request_stop;
  action.sa_flags = SA_RESTART;  // a signal must not make a library's call fail
  for (int const signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) ::sigaction(signal, &action, nullptr);
}

bool stop_requested() {
  return requested != 0;
}

int stop_descriptor() {
  return wake[0];
}

void set_last_line(int descriptor, std::string_view line) {
  last_line_descriptor = -1;  // between the two a handler finds nothing to write
  std::size_t const length = std::min(line.size(), last_line.size());
  std::copy_n(line.begin(), length, last_line.begin());
  last_line_length = static_cast<std::sig_atomic_t>(length);
  last_line_descriptor = descriptor;
}

void pass_stop_to(pid_t child) {
  told_child = child;
}

}  // namespace retrace::app
