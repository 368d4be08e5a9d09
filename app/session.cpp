#include "app/session.hpp"

#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/resume.hpp"
#include "app/run_outputs.hpp"
#include "app/stop_signals.hpp"
#include "results/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace retrace::app {

namespace {

RunOptions run_options(Options const& options, Suite const& suite) {
  RunOptions run;
  run.timing = options.command == Options::Command::run;
  run.memory = !run.timing || options.memory == "off" ? MemoryMeasure::off
               : options.memory == "rss"              ? MemoryMeasure::process
                                                      : MemoryMeasure::exact;
  run.time_failed = options.time_failed;
  run.references = ReferenceCache(options.references);
  run.plan.repeat = suite.run.repeat;
  run.plan.warmup = suite.run.warmup;
  run.plan.min_time_seconds = suite.run.min_time_seconds;
  run.plan.limit_seconds = 0.1 * suite.run.case_timeout_seconds;
  return run;
}

}  // namespace

double expected_seconds(CaseSpec const& spec, std::vector<results::CaseRecord> const& known) {
  double alike = 0.0, same_problem = 0.0, any = 0.0;
  for (results::CaseRecord const& record : known) {
    double const seconds = record.row.seconds;
    if (!(seconds > 0.0)) continue;
    any = std::max(any, seconds);
    if (record.row.problem != spec.problem) continue;
    same_problem = std::max(same_problem, seconds);
    if (record.row.method == spec.method) alike = std::max(alike, seconds);
  }
  return alike > 0.0 ? alike : same_problem > 0.0 ? same_problem : any;
}

Session::Session(Options const& options, Suite const& suite, Communicator const& comm, Agreement const& agreement,
                 results::ResultStore* store, std::size_t done, std::optional<Watchdog::Clock::time_point> end)
    : options_(options),
      comm_(comm),
      agreement_(agreement),
      store_(store),
      done_(done),
      end_(end),
      case_seconds_(suite.run.case_timeout_seconds),
      runner_(comm, agreement, run_options(options, suite)),
      watchdog_({.case_seconds = suite.run.case_timeout_seconds,
                 .end = end,
                 .grace_seconds = options.grace_seconds,
                 .signal_descriptor = stop_descriptor()}) {}

int Session::run(std::vector<CaseSpec> const& cases) {
  int failures = 0;
  std::optional<results::EndedBy> stopped;
  if (options_.isolate == "case") process_.emplace(options_, case_seconds_, end_);
  if (store_ != nullptr)
    progress_.emplace(options_.console, done_, done_ + cases.size(),
                      [this] { return process_ ? std::string("in a process of its own") : runner_.activity(); });
  for (std::size_t i = 0; i < cases.size(); ++i) {
    stopped = reason_to_stop(cases[i], i == 0);
    if (stopped) break;
    agreement_.run_on_first([&] {
      // Before the beginning is on the disk: a second interrupt right behind it must find its words.
      auto const [descriptor, line] = store_->words_of_abandoned(case_id(cases[i]));
      set_last_line(descriptor, line);
      store_->case_begins(case_id(cases[i]));
    });
    if (progress_) progress_->case_begins(case_id(cases[i]));
    auto [record, convergence] = outcome_of(cases[i]);
    if (!record) {  // only of a process of its own, and so on one rank
      store_->case_abandoned(case_id(cases[i]));
      stopped = stop_requested() ? results::EndedBy::signal : results::EndedBy::time_limit;
      break;
    }
    failures += results::is_failure(record->row.status, exit_rules(options_)) ? 1 : 0;
    if (progress_) progress_->case_ended(*record);
    agreement_.run_on_first([&] {
      store_->case_ends(std::move(*record), convergence);
      store_->save_if_due();
    });
    if (options_.max_failures > 0 && failures >= options_.max_failures) break;
  }
  if (progress_) progress_->clear();
  return end(stopped.value_or(results::EndedBy::finished), !stopped);
}

std::optional<results::EndedBy> Session::reason_to_stop(CaseSpec const& next, bool is_first) const {
  enum Reason : std::int64_t { none, no_time, signal };
  Reason own = stop_requested() ? signal : none;
  if (own == none && store_ != nullptr && end_) {
    double const left = std::chrono::duration<double>(*end_ - Watchdog::Clock::now()).count();
    // The first is begun on no more than hope: else a case that is thought too long would keep all jobs from working.
    constexpr double on_a_busy_machine = 1.5;  // what like cases took, and half of it again, or its work is lost
    double const needed = is_first ? 0.0 : on_a_busy_machine * expected_seconds(next, store_->document().cases);
    if (left <= needed) own = no_time;
  }
  switch (comm_.all_max(own)) {
    case none:
      return std::nullopt;
    case no_time:
      return results::EndedBy::time_limit;
    default:
      return results::EndedBy::signal;
  }
}

CaseProcess::Outcome Session::outcome_of(CaseSpec const& spec) {
  if (!process_) {
    results::CaseRecord record = watched(spec);
    return {std::move(record), runner_.take_convergence()};
  }
  CaseProcess::Outcome outcome = process_->run(spec);
  set_last_line(-1, {});
  return outcome;
}

results::CaseRecord Session::watched(CaseSpec const& spec) {
  watchdog_.begin(comm_.rank(), [this, &spec](CutOff why) { cut_off(spec, why); });
  results::CaseRecord record = runner_.run(spec);
  watchdog_.end();
  set_last_line(-1, {});
  return record;
}

/// In the watchdog's thread. A case that was cut off for the run's sake is begun anew by the next run; one that took
/// too long for itself is not.
void Session::cut_off(CaseSpec const& spec, CutOff why) {
  std::string const id = case_id(spec);
  bool const own_fault = why == CutOff::case_timeout;
  std::string reason = fmt::format("{}; rank {} was at: {}",
                                   own_fault               ? "ran longer than case_timeout"
                                   : why == CutOff::signal ? "did not end soon enough after a signal"
                                                           : "did not end within the time limit of the run",
                                   comm_.rank(), runner_.activity());
  if (own_fault || store_ != nullptr) complain(fmt::format("{}: {}", id, reason));
  if (store_ == nullptr) return;
  if (own_fault)
    store_->case_ends(lost_case(spec, results::Status::timeout, std::move(reason)));
  else
    store_->case_abandoned(id);
  store_->end(why == CutOff::signal ? results::EndedBy::signal : results::EndedBy::time_limit, exit_stopped_early,
              false);
  print_last_lines(options_, store_->document());
}

int Session::end(results::EndedBy ended_by, bool finalized) {
  int code = exit_stopped_early;
  agreement_.run_on_first([&] {
    if (finalized) {
      results::ResultDocument const& document = store_->document();
      code = results::exit_code_of_cases(document, exit_rules(options_));
    }
    store_->end(ended_by, code, finalized, options_.keep_journal);
  });
  return std::stoi(comm_.broadcast_text(std::to_string(code)));
}

}  // namespace retrace::app
