#pragma once

#include <string>
#include <vector>

namespace retrace::app {

/// A command as words, cut at white space: what --launcher gives.
[[nodiscard]] std::vector<std::string> words_of(std::string const& text);

/// The file of this program.
[[nodiscard]] std::string own_program();

/// Programs that are started later get the environment of this moment. Called before MPI is up: an MPI library leaves
/// variables behind that would make a program which we start believe that it was one of our ranks. Those of CI hosts
/// are left out, so that only one program talks to the host.
void remember_environment();

struct Child {
  std::string log{};          ///< file for both its streams; empty: where ours go
  double kill_after_seconds;  ///< it is killed then; infinity: never
  bool dies_with_us = false;  ///< killed when this process ends, however it ends
};

/// How a program ended: by its code, or by a signal. `killed`: by us, since it took too long.
struct ChildEnd {
  int code = -1, signal = 0;
  bool killed = false;
};

/// Runs a program to its end; a stop signal that arrives meanwhile is passed on to it. Code 127: there is no such
/// program. Throws EnvironmentError when no process can be made.
[[nodiscard]] ChildEnd run_child(std::vector<std::string> words, Child const& child);

/// The same without limits. Returns the exit code, -1 when it ended by a signal.
[[nodiscard]] int run_program(std::vector<std::string> words, std::string const& log = {});

}  // namespace retrace::app
