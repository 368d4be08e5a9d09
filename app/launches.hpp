#pragma once

#include "app/options.hpp"

#include <string>

namespace retrace::app {

/// `run --launches K`: starts this program K times, one launch after the other, by `--launcher` if there is one, each
/// into FILE.launch-I.h5; then joins them in FILE, with samples side by side, and removes them. Repetitions inside one
/// launch share its memory layout, clock and neighbours; only launches are independent samples of a time. The same
/// command again goes on with the launch that did not end. Must not be called where MPI is up, or on ranks: throws
/// UsageError there. Returns the code of the joined file, or that of a launch which left none to join.
[[nodiscard]] int run_launches(Options const& options, std::string const& command_line, bool speaks);

}  // namespace retrace::app
