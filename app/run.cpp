#include "app/commands.hpp"
#include "app/environment.hpp"
#include "app/exit_code.hpp"
#include "app/progress.hpp"
#include "app/version.hpp"
#include "app/watchdog.hpp"
#include "benchmarks/builtin_suites.hpp"
#include "benchmarks/case_runner.hpp"
#include "benchmarks/ceilings.hpp"
#include "benchmarks/filter.hpp"
#include "benchmarks/suite.hpp"
#include "core/digest.hpp"
#include "core/error.hpp"
#include "results/summary.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace retrace::app {

namespace {

volatile std::sig_atomic_t stop_requested = 0;
extern "C" void request_stop(int) {
  stop_requested = 1;
}

/// Runs `body` on rank 0; if it throws, every rank throws the same, so that none waits for the others.
void on_first_rank(Communicator const& comm, std::function<void()> const& body) {
  std::string outcome;
  if (comm.rank() == 0) {
    try {
      body();
    } catch (UsageError const& error) {
      outcome = std::string("u") + error.what();
    } catch (std::exception const& error) {
      outcome = std::string("e") + error.what();
    }
  }
  outcome = comm.broadcast_text(outcome);
  if (outcome.empty()) return;
  if (outcome.front() == 'u') throw UsageError(outcome.substr(1));
  throw EnvironmentError(outcome.substr(1));
}

Suite load(Options const& options) {
  std::vector<ConfigText> files;
  for (std::string const& path : options.configs) files.push_back(read_config(path));
  if (files.empty() || !options.suite.empty())
    files.insert(files.begin(), builtin_config(options.suite.empty() ? "smoke" : options.suite));
  return parse_suite(files, options.overrides, registered_vocabulary());
}

std::vector<CaseSpec> selected(Suite const& suite, Options const& options) {
  std::vector<CaseFilter> keep, drop;
  for (std::string const& text : options.filters) keep.push_back(CaseFilter::parse(text));
  for (std::string const& text : options.excludes) drop.push_back(CaseFilter::parse(text));
  return select_cases(suite.cases, keep, drop);
}

std::string random_uuid() {
  std::random_device random;
  std::array<std::uint32_t, 4> n{};
  for (auto& x : n) x = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:08x}{:04x}", n[0], n[1] >> 16U, n[1] & 0xfffU,
                     0x8000U | (n[2] >> 18U), n[3], n[2] & 0xffffU);
}

results::ResultDocument start_document(Suite const& suite, Communicator const& comm, std::string const& command_line) {
  results::ResultDocument document;
  document.title = suite.title;
  document.generator = fmt::format("retrace {} ({})", version, git_commit.substr(0, 12));
  document.license = "Apache-2.0";
  Sha256 digest;
  for (ConfigText const& source : suite.sources) document.config.toml += source.text;
  document.config.effective_json = suite.effective.dump(1);
  digest.update(document.config.effective_json);
  document.config.sha256 = digest.hex();
  document.environment = capture_environment(comm);
  results::RunRow run;
  run.run_uuid = random_uuid();
  run.started_utc = results::utc_now();
  run.cmdline = command_line;
  run.fingerprint_hw = fingerprint(document.environment, {"cpu"});
  run.fingerprint_sw = fingerprint(document.environment, {"build", "kokkos", "mpi"});
  run.world_size = comm.size();
  run.shard = "1/1";
  run.seed = suite.run.seed;
  document.runs.push_back(run);
  return document;
}

RunOptions run_options(Options const& options, Suite const& suite) {
  RunOptions run;
  run.timing = run.memory = options.command == Options::Command::run;
  if (options.no_memory) run.memory = false;
  run.time_failed = options.time_failed;
  run.plan.repeat = options.repeat > 0 ? options.repeat : suite.run.repeat;
  run.plan.warmup = options.warmup >= 0 ? options.warmup : suite.run.warmup;
  run.plan.min_time_seconds = options.min_time_seconds >= 0.0 ? options.min_time_seconds : suite.run.min_time_seconds;
  run.plan.limit_seconds = 0.1 * suite.run.case_timeout_seconds;
  return run;
}

}  // namespace

int run_suite(Options const& options, Communicator const& comm, std::string const& command_line) {
  bool const speaks = comm.rank() == 0;
  Suite const suite = load(options);
  std::vector<CaseSpec> const cases = selected(suite, options);
  if (cases.empty()) {
    if (speaks) fmt::print(stderr, "retrace: the filter selects none of the {} cases\n", suite.cases.size());
    return options.allow_empty ? exit_success : exit_nothing;
  }
  bool const writes = options.command == Options::Command::run || !options.output.empty();
  std::string output = options.output;
  results::ResultDocument document = start_document(suite, comm, command_line);
  on_first_rank(comm, [&] {
    if (output.empty()) {
      std::string stamp = document.runs.front().started_utc;
      std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
      output = "retrace-" + stamp + ".h5";
    }
    if (!writes) return;
    results::claim_output(output);
    results::write_snapshot(output, document);
  });

  // After the fingerprints: a rate is a measurement and never twice the same.
  if (options.command == Options::Command::run && !options.no_ceilings) {
    if (speaks)
      std::ranges::copy(ceiling_rows(measure_ceilings(quick_ceiling_plan())), std::back_inserter(document.environment));
    comm.barrier();
  }

  stop_requested = 0;
  for (int const signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) std::signal(signal, request_stop);
  Watchdog watchdog(suite.run.case_timeout_seconds);
  CaseRunner runner(comm, run_options(options, suite));
  auto last_snapshot = std::chrono::steady_clock::now();
  int failures = 0;
  bool stopped = false;
  for (std::size_t i = 0; i < cases.size() && !stopped; ++i) {
    watchdog.begin(speaks, case_id(cases[i]), [&document, &cases, i, writes, output] {
      results::CaseRecord lost;
      lost.row.case_id = case_id(cases[i]);
      lost.row.case_hash = case_hash(cases[i]);
      lost.row.problem = cases[i].problem;
      lost.row.method = cases[i].method;
      lost.row.solver = cases[i].solver;
      lost.row.status = results::Status::timeout;
      lost.row.reason = "the case ran longer than case_timeout";
      document.cases.push_back(lost);
      document.runs.front().exit_code = exit_stopped_early;
      if (writes) results::write_snapshot(output, document);
    });
    results::CaseRecord record = runner.run(cases[i]);
    watchdog.end();
    failures += results::is_failure(record.row.status) ? 1 : 0;
    if (speaks && !options.quiet) {
      fmt::print("{}\n", progress_line(i + 1, cases.size(), record));
      std::fflush(stdout);
    }
    document.cases.push_back(std::move(record));
    constexpr auto snapshot_period = std::chrono::seconds(10);
    if (writes && std::chrono::steady_clock::now() - last_snapshot > snapshot_period) {
      if (speaks) results::write_snapshot(output, document);
      last_snapshot = std::chrono::steady_clock::now();
    }
    bool const more = i + 1 < cases.size();
    stopped = more && comm.all_max(static_cast<std::int64_t>(stop_requested)) != 0;
    if (options.max_failures > 0 && failures >= options.max_failures && more) break;
  }

  results::RunRow& run = document.runs.front();
  run.ended_utc = results::utc_now();
  run.ended_by = stopped ? results::EndedBy::signal : results::EndedBy::finished;
  document.finalized = !stopped;
  int const code = results::exit_code(document, {.strict = options.strict, .allow_empty = options.allow_empty});
  run.exit_code = code;
  on_first_rank(comm, [&] {
    if (writes) results::write_snapshot(output, document);
  });
  if (speaks) {
    results::Summary const summary = results::summarize(document);
    if (!options.quiet) fmt::print("\n{}", result_table(document));
    if (!options.quiet && writes) fmt::print("result file: {}\n", output);
    if (stopped) fmt::print("stopped by a signal after {} of {} cases\n", document.cases.size(), cases.size());
    fmt::print("{}\n{}\n", results::detail_line(summary), results::final_line(summary));
  }
  return code;
}

}  // namespace retrace::app
