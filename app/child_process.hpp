#pragma once

#include <string>
#include <vector>

namespace retrace::app {

/// A command as words, cut at white space: what --launcher gives.
[[nodiscard]] std::vector<std::string> words_of(std::string const& text);

/// The file of this program.
[[nodiscard]] std::string own_program();

/// Runs a program to its end; a stop signal that arrives meanwhile is passed on to it. Both its streams go to the file
/// `log`, or where ours go if that is empty. Returns its exit code, -1 when it ended by a signal, 127 when there is no
/// such program. Throws EnvironmentError when no process can be made.
[[nodiscard]] int run_program(std::vector<std::string> words, std::string const& log = {});

}  // namespace retrace::app
