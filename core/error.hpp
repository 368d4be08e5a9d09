#pragma once

#include <stdexcept>

namespace retrace {

/// Misuse by the caller: a bad option, file or value. The message is one line: what, where, what was expected.
/// The command maps it to exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The surroundings fail: MPI, file system, device. The command maps it to exit code 71.
class EnvironmentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace retrace
