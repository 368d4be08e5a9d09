#include "app/case_process.hpp"

#include "app/child_process.hpp"
#include "app/exit_code.hpp"
#include "app/resume.hpp"
#include "app/stop_signals.hpp"
#include "core/error.hpp"
#include "results/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <filesystem>
#include <limits>
#include <utility>

namespace retrace::app {

namespace {

using Clock = CaseProcess::Clock;

/// What the process had written; nothing where it did not come so far.
results::ResultDocument left_behind(std::string const& file) {
  if (!std::filesystem::exists(file)) return {};
  try {
    return results::read_result(file);
  } catch (std::exception const&) {
    return {};
  }
}

/// "ended by signal 11 (Segmentation fault); it said: …"
std::string reason_of(ChildEnd const& end, std::string const& said) {
  std::string reason = end.signal != 0
                           ? fmt::format("its process ended by signal {} ({})", end.signal, strsignal(end.signal))
                           : fmt::format("its process ended with code {}", end.code);
  if (end.signal == SIGKILL) reason += ", for want of memory unless somebody has killed it";
  return said.empty() ? reason : reason + "; it said: " + said;
}

}  // namespace

CaseProcess::CaseProcess(Options const& options, double case_seconds, std::optional<Clock::time_point> end)
    : options_(options), case_seconds_(case_seconds), end_(end), folder_("case") {}

double CaseProcess::seconds_left() const {
  if (!end_) return std::numeric_limits<double>::infinity();
  return std::chrono::duration<double>(*end_ - Clock::now()).count();
}

std::vector<std::string> CaseProcess::words_for(CaseSpec const& spec) const {
  std::vector<std::string> words{own_program()};
  words.insert(words.end(), options_.case_words.begin(), options_.case_words.end());
  words.insert(words.end(), {"--isolate=none", "--quiet", "--annotate=none", "--filter", case_id(spec), "--output",
                             folder_ / "case.h5"});
  if (options_.command == Options::Command::run) words.emplace_back("--no-ceilings");
  if (end_) words.push_back(fmt::format("--time-limit={:.3f}s", std::max(seconds_left(), 0.0)));
  return words;
}

CaseProcess::Outcome CaseProcess::run(CaseSpec const& spec) const {
  // The process has a watchdog of its own, which knows what the case was doing; this is for one that hangs in its end.
  constexpr double start_and_end_seconds = 30.0;
  folder_.clear();
  std::string const log = folder_ / "log";
  double const left = seconds_left(), patience = std::min(case_seconds_, left) + start_and_end_seconds;
  ChildEnd const end = run_child(words_for(spec), {.log = log, .kill_after_seconds = patience, .dies_with_us = true});
  Outcome outcome;
  results::ResultDocument document = left_behind(folder_ / "case.h5");
  auto const found = std::ranges::find(document.cases, case_id(spec),
                                       [](results::CaseRecord const& record) { return record.row.case_id; });
  if (found != document.cases.end()) {
    outcome.record = std::move(*found);
    outcome.convergence = std::move(document.convergence);
  } else if (end.killed && left > case_seconds_) {
    outcome.record = lost_case(spec, results::Status::timeout, "ran longer than case_timeout, and its process hung");
  } else if (!end.killed && end.code != exit_stopped_early && !stop_requested()) {
    // A process that says why it cannot go on has not crashed.
    bool const spoke = end.code > exit_success && end.code != 127 && end.signal == 0;
    outcome.record =
        lost_case(spec, spoke ? results::Status::error : results::Status::crashed, reason_of(end, last_line(log)));
  }
  return outcome;
}

}  // namespace retrace::app
