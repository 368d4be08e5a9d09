#include "app/budget.hpp"
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/environment.hpp"
#include "app/exit_code.hpp"
#include "app/plan.hpp"
#include "app/progress.hpp"
#include "app/resume.hpp"
#include "app/run_outputs.hpp"
#include "app/scheduler.hpp"
#include "app/session.hpp"
#include "app/version.hpp"
#include "benchmarks/agreement.hpp"
#include "benchmarks/builtin_suites.hpp"
#include "benchmarks/case_order.hpp"
#include "benchmarks/case_runner.hpp"
#include "benchmarks/ceilings.hpp"
#include "benchmarks/filter.hpp"
#include "benchmarks/registered_vocabulary.hpp"
#include "benchmarks/settings_json.hpp"
#include "benchmarks/shard.hpp"
#include "benchmarks/suite.hpp"
#include "benchmarks/units.hpp"
#include "core/digest.hpp"
#include "core/error.hpp"
#include "results/store.hpp"
#include "results/summary.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace retrace::app {

namespace {

/// The texts of the suite. Rank 0 reads the files, so that one that only some nodes see is no trouble.
std::vector<ConfigText> read_configs(Options const& options, Communicator const& comm, Agreement const& agreement) {
  std::vector<ConfigText> texts;
  if (options.configs.empty() || !options.suite.empty())
    texts.push_back(builtin_config(!options.suite.empty() ? options.suite
                                   : options.verify_full  ? "standard"
                                                          : "smoke"));
  for (std::string const& path : options.configs) {
    ConfigText config{path, {}};
    agreement.run_on_first([&] { config = read_config(path); });
    config.text = comm.broadcast_text(config.text);
    texts.push_back(std::move(config));
  }
  return texts;
}

std::vector<CaseSpec> selected(Suite const& suite, Options const& options) {
  std::vector<CaseFilter> keep, drop;
  for (std::string const& text : options.filters) keep.push_back(CaseFilter::parse(text));
  for (std::string const& text : options.excludes) drop.push_back(CaseFilter::parse(text));
  std::vector<CaseSpec> cases = select_cases(suite.cases, keep, drop);
  return options.shard.empty() ? cases : select_shard(cases, Shard::parse(options.shard));
}

std::string random_uuid() {
  std::random_device random;
  std::array<std::uint32_t, 4> n{};
  for (auto& x : n) x = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:08x}{:04x}", n[0], n[1] >> 16U, n[1] & 0xfffU,
                     0x8000U | (n[2] >> 18U), n[3], n[2] & 0xffffU);
}

results::ResultDocument start_document(Suite const& suite, Options const& options, Communicator const& comm,
                                       std::string const& command_line) {
  EnvironmentPolicy const policy{options.env_full, options.anonymous};
  results::ResultDocument document;
  document.title = suite.title;
  document.generator = fmt::format("retrace {} ({})", version, git_commit.substr(0, 12));
  document.license = "Apache-2.0";
  Sha256 digest;
  for (ConfigText const& source : suite.sources) document.config.toml += source.text;
  document.config.effective_json = suite.effective.dump(1);
  digest.update(document.config.effective_json);
  document.config.sha256 = digest.hex();
  document.config.request_json = request_of(options).dump();
  document.environment = capture_environment(comm, policy);
  document.ranks = capture_ranks(comm, policy);
  results::RunRow run;
  run.run_uuid = random_uuid();
  run.started_utc = results::utc_now();
  run.cmdline = command_line;
  run.fingerprint_hw = fingerprint_hw(document.environment, document.ranks);
  run.fingerprint_sw = fingerprint_sw(document.environment);
  run.world_size = comm.size();
  run.shard = options.shard.empty() ? "1/1" : options.shard;
  run.seed = suite.run.seed;
  document.runs.push_back(run);
  return document;
}

CheckSet check_set(Options const& options) {
  if (options.verify_quick) return CheckSet::quick;
  return options.verify_full ? CheckSet::full : CheckSet::standard;
}

/// "no case of 12 is left by -k 'lorenz' -x 'tag:slow'; the first of them is linear/aca/…"
std::string nothing_selected(Suite const& suite, Options const& options) {
  std::string text = fmt::format("none of the {} cases of the suite is selected by", suite.cases.size());
  for (std::string const& filter : options.filters) text += fmt::format(" -k '{}'", filter);
  for (std::string const& filter : options.excludes) text += fmt::format(" -x '{}'", filter);
  if (!options.shard.empty()) text += " --shard " + options.shard;
  if (suite.cases.empty()) return "the suite has no case: its excludes leave none";
  return text + "; their ids are like " + case_id(suite.cases.front());
}

std::string default_output(results::ResultDocument const& document) {
  std::string stamp = document.runs.front().started_utc;
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return "retrace-" + stamp + ".h5";
}

void add_ceilings(results::ResultDocument& document) {
  for (results::EnvironmentRow& row : ceiling_rows(measure_ceilings(quick_ceiling_plan()))) {
    row.run = static_cast<std::int64_t>(document.runs.size()) - 1;
    document.environment.push_back(std::move(row));
  }
}

double duration_option(char const* option, std::string const& text) {
  try {
    return parse_duration(text);
  } catch (UsageError const& error) {
    throw UsageError(fmt::format("{}: {}", option, error.what()));
  }
}

/// When the run has to be over: by --time-limit, else by the job's scheduler. Rank 0 alone knows.
std::optional<Watchdog::Clock::time_point> end_of_run(Options const& options, Watchdog::Clock::time_point started) {
  constexpr double for_last_snapshot = 1.0, longest = 1e9;
  double seconds = 0.0;
  if (!options.time_limit.empty()) {
    seconds = duration_option("--time-limit", options.time_limit);
  } else if (auto const job = remaining_job_time()) {
    seconds = usable_seconds(job->seconds_left);
    if (!options.console.quiet)
      fmt::print("the job has {:.0f} s left ({}); no case is begun or waited for after {:.0f} s\n", job->seconds_left,
                 job->source, seconds);
  } else {
    return std::nullopt;
  }
  seconds = std::min(std::max(seconds - for_last_snapshot, 0.0), longest);
  return started + std::chrono::duration_cast<Watchdog::Clock::duration>(std::chrono::duration<double>(seconds));
}

/// Options are a suite's settings, too.
void apply_settings(Options const& options, Suite& suite) {
  if (options.repeat > 0) suite.run.repeat = options.repeat;
  if (options.warmup >= 0) suite.run.warmup = options.warmup;
  if (!options.case_timeout.empty())
    suite.run.case_timeout_seconds = duration_option("--case-timeout", options.case_timeout);
  if (options.min_time_seconds >= 0.0) suite.run.min_time_seconds = options.min_time_seconds;
  suite.effective["run"] = settings_json(suite.run);
}

/// The store of rank 0 and what its result lacks.
struct Opened {
  std::unique_ptr<results::ResultStore> store;  ///< nullptr on the other ranks
  std::vector<bool> wanted;
  int code_if_complete = -1;  ///< -1: there is something to do

  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(std::ranges::count(wanted, true)); }
};

/// Takes the output, or goes on in it. Only rank 0 touches files; the others learn what it found.
Opened open_store(Options const& options, std::vector<CaseSpec> const& cases, results::ResultDocument head,
                  Communicator const& comm, Agreement const& agreement) {
  Opened opened;
  std::string answer;  // a digit for each case, and behind them the code
  agreement.run_on_first([&] {
    opened.store = std::make_unique<results::ResultStore>(options.output);
    if (std::string const from = opened.store->taken_over_from(); !from.empty())
      complain(fmt::format("takes over the lock of {}, which has ended", from));
    ResumePlan plan = plan_resume(options, cases, std::move(head), opened.store->find_earlier());
    for (std::string const& warning : plan.warnings) complain(warning);
    for (std::string const& note : plan.notes) {
      if (!options.console.quiet) say(note);
    }
    for (bool const wanted : plan.wanted) answer += wanted ? '1' : '0';
    if (plan.complete) {
      answer += std::to_string(results::exit_code(plan.document, exit_rules(options)));
      write_outputs(options, plan.document);
      print_last_lines(options, plan.document);
      return;
    }
    // Behind the fingerprints: a rate is a measurement and never twice the same.
    if (options.command == Options::Command::run && !options.no_ceilings && plan.left() > 0)
      add_ceilings(plan.document);
    std::vector<std::string> ids;
    for (CaseSpec const& spec : cases) ids.push_back(case_id(spec));
    opened.store->begin(std::move(plan.document), std::move(plan.attempts), ids);
  });
  answer = comm.broadcast_text(answer);
  for (std::size_t i = 0; i < cases.size(); ++i) opened.wanted.push_back(answer[i] == '1');
  if (answer.size() > cases.size()) opened.code_if_complete = std::stoi(answer.substr(cases.size()));
  return opened;
}

}  // namespace

int run_suite(Options const& options, Communicator const& comm, Communicator const& for_agreement,
              std::string const& command_line) {
  Watchdog::Clock::time_point const started = Watchdog::Clock::now();
  bool const speaks = comm.rank() == 0, plans = options.command == Options::Command::plan || options.dry_run;
  Agreement const agreement(for_agreement);
  std::vector<ConfigText> const configs = read_configs(options, comm, agreement);
  Suite suite;
  std::vector<CaseSpec> cases;
  agreement.run([&] {
    suite = parse_suite(configs, options.overrides, registered_vocabulary(check_set(options)));
    apply_settings(options, suite);
    cases = selected(suite, options);
  });
  keep_within_budget(options, suite, cases, comm, agreement);
  if (cases.empty()) {
    if (speaks) {
      complain(nothing_selected(suite, options));
      if (plans)
        fmt::print("0 to run, 0 to skip, {} excluded\n", suite.excluded.size());
      else
        print_last_lines(options, {});
    }
    return options.allow_empty ? exit_success : exit_nothing;
  }
  results::ResultDocument head = start_document(suite, options, comm, command_line);
  if (plans) {
    agreement.run_on_first([&] { print_plan(options, suite, cases, std::move(head)); });
    return exit_success;
  }
  std::optional<Watchdog::Clock::time_point> end;
  agreement.run_on_first([&] { end = end_of_run(options, started); });
  Options effective = options;
  if (options.command == Options::Command::run && options.output.empty()) effective.output = default_output(head);
  agreement.run_on_first([&] { check_outputs(effective); });
  Opened const opened = open_store(effective, cases, std::move(head), comm, agreement);
  if (opened.code_if_complete >= 0) return opened.code_if_complete;
  std::vector<CaseSpec> left;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (opened.wanted[i]) left.push_back(cases[i]);
  }
  left = in_run_order(std::move(left), suite.run.order);

  Session session(effective, suite, comm, agreement, opened.store.get(), cases.size() - left.size(), end);
  std::exception_ptr failure;
  int code = exit_internal;
  try {
    code = session.run(left);
  } catch (...) {
    failure = std::current_exception();  // after what is known has been printed
  }
  if (!failure) {
    try {
      agreement.run_on_first([&] { write_outputs(effective, opened.store->document()); });
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (speaks) {
    results::ResultDocument const& document = opened.store->document();
    if (!options.console.quiet) fmt::print("\n{}\n{}", check_table(document), result_table(document));
    if (!options.console.quiet && !effective.output.empty()) fmt::print("result file: {}\n", effective.output);
    if (document.cases.size() < cases.size())
      fmt::print("stopped after {} of {} cases\n", document.cases.size(), cases.size());
    print_last_lines(options, document);
  }
  if (failure) std::rethrow_exception(failure);
  return code;
}

}  // namespace retrace::app
