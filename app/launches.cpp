#include "app/launches.hpp"

#include "app/child_process.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/launcher.hpp"
#include "app/progress.hpp"
#include "app/run_outputs.hpp"
#include "app/stop_signals.hpp"
#include "benchmarks/units.hpp"
#include "core/error.hpp"
#include "results/merge.hpp"
#include "results/reader.hpp"
#include "results/summary.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace retrace::app {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::int32_t launches_in(results::ResultDocument const& document) {
  std::int32_t last = -1;
  for (results::RunRow const& run : document.runs) last = std::max(last, run.launch_index);
  return last + 1;
}

class Launches {
 public:
  Launches(Options const& options, std::string const& command_line)
      : options_(options), command_line_(command_line), started_(Clock::now()) {
    fs::path stem(options.output);
    if (stem.extension() == ".h5") stem.replace_extension();
    for (int i = 1; i <= options.launches; ++i) parts_.push_back(fmt::format("{}.launch-{}.h5", stem.string(), i));
    if (!options.time_limit.empty()) {
      try {
        limit_seconds_ = parse_duration(options.time_limit);
      } catch (UsageError const& error) {
        throw UsageError(std::string("--time-limit: ") + error.what());
      }
    }
  }

  int run() {
    if (fs::exists(options_.output)) return code_of_earlier();
    check_outputs(options_);
    results::claim_output(options_.output);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (stop_requested()) return stopped(i);
      if (!options_.console.quiet) fmt::print("launch {} of {}\n", i + 1, parts_.size());
      std::optional<double> const left = seconds_left();
      if (left && *left <= 0.0) return stopped(i);
      int const code = run_program(words_for(parts_[i], left));
      if (code == exit_stopped_early || stop_requested()) return stopped(i);
      bool const usable = code == exit_success || code == exit_failed || code == exit_inconclusive;
      if (!usable) return failed(i, code);
    }
    return join();
  }

 private:
  /// The file is there: this command was here before, or the name belongs to something else.
  int code_of_earlier() {
    results::ResultDocument const document = results::read_result(options_.output);
    if (options_.resume == "never" || launches_in(document) != options_.launches)
      throw UsageError(fmt::format("output '{}' exists and holds {} launches; choose another with -o", options_.output,
                                   launches_in(document)));
    if (!options_.console.quiet) fmt::print("'{}' is complete: nothing is left to do\n", options_.output);
    write_outputs(options_, document);
    print_last_lines(options_, document);
    return code_of(document);
  }

  [[nodiscard]] int code_of(results::ResultDocument const& document) const {
    return results::exit_code_of_cases(document, exit_rules(options_));
  }

  [[nodiscard]] std::optional<double> seconds_left() const {
    if (!limit_seconds_) return std::nullopt;
    return *limit_seconds_ - std::chrono::duration<double>(Clock::now() - started_).count();
  }

  [[nodiscard]] std::vector<std::string> words_for(std::string const& part, std::optional<double> left) const {
    std::vector<std::string> words = words_of(options_.launcher);
    words.push_back(own_program());
    words.insert(words.end(), options_.launch_words.begin(), options_.launch_words.end());
    words.insert(words.end(), {"--output", part});
    if (left) words.insert(words.end(), {"--time-limit", fmt::format("{:.3f}s", *left)});
    return words;
  }

  int stopped(std::size_t launch) const {
    if (!options_.console.quiet)
      fmt::print("stopped in launch {} of {}; the same command goes on\n", launch + 1, parts_.size());
    print_last_lines(options_, {});
    return exit_stopped_early;
  }

  int failed(std::size_t launch, int code) const {
    std::string const how = code < 0 ? std::string("by a signal") : fmt::format("with code {}", code);
    complain(fmt::format("launch {} of {} ended {}; {} is not made", launch + 1, parts_.size(), how, options_.output));
    return code < 0 || code == 127 ? exit_internal : code;
  }

  int join() {
    std::vector<results::MergeInput> inputs;
    for (std::string const& part : parts_) inputs.push_back({part, results::read_result(part)});
    results::Merged merged = results::merge(std::move(inputs), false);
    for (results::RunRow& run : merged.document.runs) run.cmdline = command_line_;
    results::write_snapshot(options_.output, merged.document);
    for (std::string const& part : parts_) {
      std::error_code ignored;
      for (char const* suffix : {"", ".journal"}) fs::remove(part + suffix, ignored);
    }
    if (!options_.console.quiet) {
      fmt::print("\n{}", result_table(merged.document));
      fmt::print("result file: {} ({} launches)\n", options_.output, parts_.size());
    }
    write_outputs(options_, merged.document);
    print_last_lines(options_, merged.document);
    return code_of(merged.document);
  }

  Options const& options_;
  std::string const& command_line_;
  Clock::time_point started_;
  std::optional<double> limit_seconds_;
  std::vector<std::string> parts_;
};

}  // namespace

int run_launches(Options const& options, std::string const& command_line, bool speaks) {
  check_not_launched("--launches",
                     "give it the launcher instead: retrace run --launches 5 --launcher 'mpirun -n 4' ...");
  if (options.output.empty()) throw UsageError("--launches needs the name of the result, -o FILE");
  if (!speaks) return exit_success;
  listen_for_stop();
  return Launches(options, command_line).run();
}

}  // namespace retrace::app
