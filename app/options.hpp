#pragma once

#include "app/compare_options.hpp"
#include "app/console.hpp"
#include "app/script.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace retrace::app {

/// What `report` hands on to scripts/report.py, which checks it. Empty: its default.
struct ReportRequest {
  std::string formats, baseline, judged, costs, error, group;
};

/// What the command line asked for.
struct Options {
  enum class Command {
    none,
    run,
    verify,
    plan,
    list,
    inspect,
    report,
    compare,
    baseline,
    merge,
    script,
    env,
    doctor,
    selftest,
    completion,
    man,
    version
  };
  Command command = Command::none;
  ConsoleOptions console;

  // run, verify
  std::vector<std::string> configs, overrides, filters, excludes;
  std::string suite, output, shard, resume = "auto", time_limit, case_timeout;
  std::string references;       ///< folder of those in quadruple precision; empty: none is kept
  double grace_seconds = 15.0;  ///< less than the least lead of a job script's signal
  int repeat = 0, warmup = -1;  ///< 0, -1: as the suite says
  double min_time_seconds = -1.0;
  int max_failures = 0;
  bool verify_quick = false, verify_full = false;  ///< the sets of checks; neither: the standard one
  std::string junit, json_file, csv, tap, annotate = "auto";
  bool merits = false, ctest = false;  ///< lines for other programs on stdout
  std::string memory = "exact", isolate = "none";
  bool time_failed = false, strict = false, lenient_xpass = false, allow_empty = false;
  bool keep_journal = false, dry_run = false;

  // run
  int launches = 1;
  std::string launcher;                   ///< of the launches: the words before the program's
  std::vector<std::string> launch_words;  ///< what each launch is asked for: all but launches, files and time limit
  std::vector<std::string> case_words;    ///< what the process of a single case is asked for, but for the case

  // run, verify, plan
  std::string budget;
  std::vector<std::string> estimate_from;

  // plan; it uses the selection of cases and output, too
  bool print_schema = false;

  // run, verify, env: what is stored of the environment
  bool env_full = false, anonymous = false;

  // run, doctor
  bool no_ceilings = false;

  // selftest; it uses output (the folder of the fault programs), too
  std::int64_t false_alarms = 0;
  std::uint64_t seed = 1;
  bool detection_limits = false;

  // doctor; it uses output (a folder), repeat and min_time_seconds, too
  std::vector<std::string> gemm;

  // list, completion, man
  std::string what;

  // list, plan, env, doctor
  bool json = false;

  // inspect, report, merge
  std::vector<std::string> files;
  std::string prefer;
  bool validate = false, exit_code = false, upgrade = false;
  std::string title;
  ReportRequest report;

  // script; it uses the selection of cases, too
  ScriptRequest script;

  CompareOptions compare;
  BaselineOptions baseline;
};

/// Parses without touching MPI. Prints help, version or an error itself (only where `prints`); then `exit_code` >= 0 is
/// what the program must end with.
struct Parsed {
  Options options;
  int exit_code = -1;
};
[[nodiscard]] Parsed parse_command_line(int argc, char** argv, bool prints);

}  // namespace retrace::app
