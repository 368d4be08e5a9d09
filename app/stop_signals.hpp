#pragma once

#include <csignal>
#include <string_view>

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

}  // namespace retrace::app
