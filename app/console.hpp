#pragma once

#include <string>
#include <string_view>

/// How this process talks. Process-wide, as its streams are; only the first rank talks.
namespace retrace::app {

struct ConsoleOptions {
  std::string color = "auto", progress = "auto", log_file{};  ///< no log where that is empty
  bool quiet = false, verbose = false;
};

/// Opens the log, to which further runs append; throws UsageError where it cannot be opened. `auto` colours where
/// stdout is a terminal and the variable NO_COLOR is not set (no-color.org); the log has none.
void set_up_console(ConsoleOptions const& options);

/// Does somebody look at stdout?
[[nodiscard]] bool is_terminal();

enum class Tint { good, bad, doubtful };
/// `text` for stdout, in colour where it may have one.
[[nodiscard]] std::string tinted(std::string_view text, Tint tint);

/// One line on stdout, and in the log with the time before it.
void say(std::string_view line);
/// "retrace: text" on stderr and in the log.
void complain(std::string_view text);
/// In the log only.
void log_line(std::string_view line);

}  // namespace retrace::app
