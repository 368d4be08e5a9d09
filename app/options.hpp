#pragma once

#include <string>
#include <vector>

namespace retrace::app {

/// What the command line asked for.
struct Options {
  enum class Command { none, run, verify, list, inspect, report, env, doctor };
  Command command = Command::none;

  // run, verify
  std::vector<std::string> configs, overrides, filters, excludes;
  std::string suite, output, shard;
  int repeat = 0, warmup = -1;  ///< 0, -1: as the suite says
  double min_time_seconds = -1.0;
  int max_failures = 0;
  bool time_failed = false, no_memory = false, strict = false, allow_empty = false, quiet = false;

  // run, doctor
  bool no_ceilings = false;

  // doctor; it uses output (a folder), repeat and min_time_seconds, too
  std::vector<std::string> gemm;

  // list, env, doctor
  std::string what;
  bool json = false;

  // inspect, report
  std::vector<std::string> files;
  bool validate = false, exit_code = false;
  std::string title;
};

/// Parses without touching MPI. Prints help, version or an error itself (only where `prints`); then `exit_code` >= 0 is
/// what the program must end with.
struct Parsed {
  Options options;
  int exit_code = -1;
};
[[nodiscard]] Parsed parse_command_line(int argc, char** argv, bool prints);

}  // namespace retrace::app
