// The suite's own test: planted faults that its checks must see, right gradients that they must not call wrong, and how
// small an error they see.
#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "core/error.hpp"
#include "verification/faults/fault_table.hpp"
#include "verification/selftest/detection_limits.hpp"
#include "verification/selftest/false_alarms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <vector>

namespace retrace::app {

namespace {

/// What the program of a fault printed, and how it ended; code -1: by a signal.
struct Outcome {
  std::string output;
  int code = -1;
};

std::string quoted(std::string const& word) {
  std::string text = "'";
  for (char const c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

Outcome run_program(std::filesystem::path const& program, int ranks) {
  std::string command = quoted(program.string());
  if (ranks > 1) command = fmt::format("{} {} {} {}", quoted(faults::mpiexec), faults::numproc_flag, ranks, command);
  struct Close {
    void operator()(std::FILE*) const {}  // closed below, for the exit status
  };
  std::unique_ptr<std::FILE, Close> const pipe(popen((command + " 2>/dev/null").c_str(), "r"));
  if (!pipe) throw EnvironmentError("selftest: cannot start " + command);
  Outcome outcome;
  std::array<char, 4096> buffer{};
  while (std::size_t const size = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    outcome.output.append(buffer.data(), size);
  int const status = pclose(pipe.get());
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  return outcome;
}

/// The fields of the line that begins with `name`.
std::vector<std::string> fields_of(std::string const& output, std::string_view name) {
  std::size_t const at = output.find(std::string(name) + '\t');
  if (at == std::string::npos) return {};
  std::string const line = output.substr(at, output.find('\n', at) - at);
  std::vector<std::string> fields;
  for (std::size_t begin = 0; begin <= line.size();) {
    std::size_t const end = std::min(line.find('\t', begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

std::string case_of(faults::FaultCase const& fault) {
  std::string text = fmt::format("{}/{}/{}", fault.problem, fault.method.empty() ? "-" : fault.method, fault.solver);
  if (fault.ranks > 1) text += fmt::format(", {} ranks", fault.ranks);
  return text;
}

}  // namespace

int run_planted_faults(Options const& options, bool speaks) {
  if (!speaks) return exit_success;
  std::filesystem::path const folder = options.output.empty() ? std::string(faults::folder) : options.output;
  int killed = 0, built = 0;
  std::string survivors;
  fmt::print("{:<26} {:<20} {:<52} {:>10} {:>10}  {}\n", "planted fault", "killed by", "case", "value", "threshold",
             "what was done");
  for (faults::FaultCase const& fault : faults::all) {
    std::filesystem::path const program = folder / fmt::format("fault_{}", fault.name);
    if (!std::filesystem::exists(program)) continue;
    ++built;
    Outcome const outcome = run_program(program, fault.ranks);
    std::vector<std::string> const fields = fields_of(outcome.output, fault.check);
    bool const is_killed = outcome.code == 0 && fields.size() >= 4 && fields[1] == "fail";
    killed += is_killed ? 1 : 0;
    if (!is_killed)
      survivors += fmt::format("survived: {}, asked {}; the program ended with {} and said:\n{}\n", fault.name,
                               fault.check, outcome.code, outcome.output);
    fmt::print("{:<26} {:<20} {:<52} {:>10} {:>10}  {}\n", fault.name, is_killed ? fault.check : "SURVIVED",
               case_of(fault), fields.size() >= 4 ? fields[2] : "-", fields.size() >= 4 ? fields[3] : "-", fault.what);
    std::fflush(stdout);
  }
  if (built == 0)
    throw EnvironmentError("selftest: no program of a planted fault is in " + folder.string() +
                           "; cmake --build <folder> --target faults builds them");
  fmt::print("{}{} of {} planted faults killed; {} more are not built (target faults)\n", survivors, killed, built,
             std::size(faults::all) - static_cast<std::size_t>(built));
  return killed == built ? exit_success : exit_failed;
}

int run_false_alarms(Options const& options, Communicator const& comm) {
  bool const speaks = comm.rank() == 0;
  selftest::FalseAlarms const found =
      selftest::count_false_alarms(options.false_alarms, options.seed, comm, [&](std::int64_t done) {
        if (speaks && !options.console.quiet && done % 100 == 0) fmt::print(stderr, "{} configurations done\n", done);
      });
  if (speaks) {
    fmt::print("{:<20} {:>6} {:>12} {:>7}\n", "check", "pass", "false alarm", "incon.");
    for (auto const& [check, n] : found.by_check)
      fmt::print("{:<20} {:>6} {:>12} {:>7}\n", check, n.pass, n.fail, n.inconclusive);
    auto const list = [](char const* kind, std::vector<selftest::FalseAlarm> const& alarms) {
      for (selftest::FalseAlarm const& alarm : alarms)
        fmt::print("{}, seed {}: {}: {:.3g} against {:.3g}; {}\n    {}\n", kind, alarm.seed, alarm.check, alarm.value,
                   alarm.threshold, alarm.message, alarm.configuration);
    };
    list("gradient off by more than half its size", found.deserved);
    list("false alarm", found.alarms);
    fmt::print("{} false alarms in {} random right configurations, seeds from {} on; {} of them were not solved\n",
               found.alarms.size(), found.configurations, options.seed, found.unsolved);
  }
  return found.alarms.empty() ? exit_success : exit_failed;
}

int print_detection_limits(Options const& options, Communicator const& comm) {
  bool const speaks = comm.rank() == 0;
  std::vector<selftest::DetectionLimit> const limits = selftest::detection_limits(comm, [&](std::string const& what) {
    if (speaks && !options.console.quiet) fmt::print(stderr, "{}\n", what);
  });
  if (!speaks) return exit_success;
  struct Range {
    double best = std::numeric_limits<double>::infinity(), worst = 0.0;
    std::string worst_problem;
    int problems = 0;
  };
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, Range> ranges;
  for (selftest::DetectionLimit const& limit : limits) {
    std::pair<std::string, std::string> const key{limit.check, limit.precision};
    if (!ranges.contains(key)) order.push_back(key);
    Range& range = ranges[key];
    ++range.problems;
    range.best = std::min(range.best, limit.error);
    if (limit.error >= range.worst) {
      range.worst = limit.error;
      range.worst_problem = limit.problem;
    }
  }
  fmt::print("smallest relative error of a gradient that is called wrong, in half decades\n");
  fmt::print("{:<20} {:<6} {:>9} {:>9} {:>9}  {}\n", "check", "prec.", "problems", "best", "worst", "worst on");
  for (auto const& key : order) {
    Range const& range = ranges[key];
    fmt::print("{:<20} {:<6} {:>9} {:>9.1e} {:>9.1e}  {}\n", key.first, key.second, range.problems, range.best,
               range.worst, range.worst_problem);
  }
  return exit_success;
}

}  // namespace retrace::app
