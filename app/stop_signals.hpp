#pragma once

#include <csignal>
#include <string_view>
#include <sys/types.h>

/// SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 ask a run to end early. Process-wide, as signals are.
namespace retrace::app {

/// From now on the first of them sets a flag and wakes whoever polls `stop_descriptor`; a second SIGINT ends the
/// program at once with code 75: who asks twice from the keyboard does not want to wait.
void listen_for_stop();

[[nodiscard]] bool stop_requested();

/// Becomes readable with the first signal, and stays so; -1 before `listen_for_stop`.
[[nodiscard]] int stop_descriptor();

/// What a second SIGINT still writes, so that the case it cuts off does not count as one that took the program down:
/// `line` to `descriptor`, which must stay open; -1: nothing. The line is cut at 1 KiB.
void set_last_line(int descriptor, std::string_view line);

/// Hands the first signal on to a program that was started, as SIGUSR1: launchers pass that one to their ranks, where
/// they end them at a SIGTERM, and a terminal's SIGINT reaches it twice. 0: to none.
void pass_stop_to(pid_t child);

}  // namespace retrace::app
