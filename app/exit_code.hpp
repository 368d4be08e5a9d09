#pragma once

namespace retrace::app {

/// What the program tells its caller; docs/design.md has the table.
enum ExitCode : int {
  exit_success = 0,
  exit_failed = 1,          ///< a check failed, a case ended in an error
  exit_usage = 2,           ///< bad option, configuration or file; nothing ran
  exit_costlier = 3,        ///< compare: more memory or time, and nothing else is worse
  exit_inconclusive = 4,    ///< only with --strict
  exit_nothing = 5,         ///< no case selected
  exit_internal = 70,       ///< a bug
  exit_environment = 71,    ///< MPI or file system unusable
  exit_stopped_early = 75,  ///< signal or time-out; what was done is in the file
  exit_skipped = 77         ///< every case asks for a backend that this build lacks
};

}  // namespace retrace::app
