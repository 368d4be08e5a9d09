#include "app/commands.hpp"
#include "app/environment.hpp"
#include "app/exit_code.hpp"
#include "app/progress.hpp"
#include "app/version.hpp"
#include "app/watchdog.hpp"
#include "benchmarks/agreement.hpp"
#include "benchmarks/builtin_suites.hpp"
#include "benchmarks/case_runner.hpp"
#include "benchmarks/ceilings.hpp"
#include "benchmarks/filter.hpp"
#include "benchmarks/suite.hpp"
#include "core/digest.hpp"
#include "results/summary.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace retrace::app {

namespace {

volatile std::sig_atomic_t stop_requested = 0;

/// The case in flight ends first; who asks a second time from the keyboard does not want to wait for it.
extern "C" void request_stop(int signal) {
  if (signal == SIGINT && stop_requested != 0) std::_Exit(exit_stopped_early);
  stop_requested = 1;
}

/// The texts of the suite. Rank 0 reads the files, so that one that only some nodes see is no trouble.
std::vector<ConfigText> read_configs(Options const& options, Communicator const& comm, Agreement const& agreement) {
  std::vector<ConfigText> texts;
  if (options.configs.empty() || !options.suite.empty())
    texts.push_back(builtin_config(options.suite.empty() ? "smoke" : options.suite));
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

/// "no case of 12 is left by -k 'lorenz' -x 'tag:slow'; the first of them is linear/aca/…"
std::string nothing_selected(Suite const& suite, Options const& options) {
  std::string text = fmt::format("none of the {} cases of the suite is selected by", suite.cases.size());
  for (std::string const& filter : options.filters) text += fmt::format(" -k '{}'", filter);
  for (std::string const& filter : options.excludes) text += fmt::format(" -x '{}'", filter);
  if (suite.cases.empty()) return "the suite has no case: its excludes leave none";
  return text + "; their ids are like " + case_id(suite.cases.front());
}

std::string default_output(results::ResultDocument const& document) {
  std::string stamp = document.runs.front().started_utc;
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return "retrace-" + stamp + ".h5";
}

/// What is known of a case that never came back.
results::CaseRecord lost_case(CaseSpec const& spec, std::string reason) {
  results::CaseRecord lost;
  lost.row.case_id = case_id(spec);
  lost.row.case_hash = case_hash(spec);
  lost.row.problem = spec.problem;
  lost.row.method = spec.method;
  lost.row.solver = spec.solver;
  lost.row.status = results::Status::timeout;
  lost.row.reason = std::move(reason);
  return lost;
}

void print_last_lines(results::ResultDocument const& document) {
  results::Summary const summary = results::summarize(document);
  fmt::print("{}\n{}\n", results::detail_line(summary), results::final_line(summary));
  std::fflush(stdout);
}

/// Runs the cases into the document, with a snapshot now and then; the same on every rank but for the files.
class Session {
 public:
  Session(Options const& options, Suite const& suite, Communicator const& comm, Agreement const& agreement,
          results::ResultDocument& document, std::string output)
      : options_(options),
        comm_(comm),
        agreement_(agreement),
        document_(document),
        output_(std::move(output)),
        speaks_(comm.rank() == 0),
        runner_(comm, agreement, run_options(options, suite)),
        watchdog_(suite.run.case_timeout_seconds) {}

  void run(std::vector<CaseSpec> const& cases) {
    int failures = 0;
    bool stopped = false;
    for (std::size_t i = 0; i < cases.size() && !stopped; ++i) {
      results::CaseRecord record = watched(cases[i]);
      failures += results::is_failure(record.row.status) ? 1 : 0;
      if (speaks_ && !options_.quiet) {
        fmt::print("{}\n", progress_line(i + 1, cases.size(), record));
        std::fflush(stdout);
      }
      document_.cases.push_back(std::move(record));
      agreement_.run_on_first([&] { save_if_due(); });
      bool const more = i + 1 < cases.size();
      stopped = more && comm_.all_max(static_cast<std::int64_t>(stop_requested)) != 0;
      if (options_.max_failures > 0 && failures >= options_.max_failures) break;
    }
    close_run(stopped ? results::EndedBy::signal : results::EndedBy::finished);
    document_.finalized = !stopped;
    document_.runs.front().exit_code = exit_code();
    agreement_.run_on_first([&] { save(); });
  }

  [[nodiscard]] int exit_code() const {
    return results::exit_code(document_, {.strict = options_.strict, .allow_empty = options_.allow_empty});
  }

 private:
  results::CaseRecord watched(CaseSpec const& spec) {
    watchdog_.begin(comm_.rank(), [this, &spec] {
      std::string reason =
          fmt::format("ran longer than case_timeout; rank {} was at: {}", comm_.rank(), runner_.activity());
      fmt::print(stderr, "retrace: {}: {}\n", case_id(spec), reason);
      if (!speaks_) return;
      document_.cases.push_back(lost_case(spec, std::move(reason)));
      close_run(results::EndedBy::time_limit);
      document_.runs.front().exit_code = exit_stopped_early;
      save();
      print_last_lines(document_);
    });
    results::CaseRecord record = runner_.run(spec);
    watchdog_.end();
    return record;
  }

  void close_run(results::EndedBy ended_by) {
    document_.runs.front().ended_utc = results::utc_now();
    document_.runs.front().ended_by = ended_by;
  }

  void save_if_due() {
    constexpr auto period = std::chrono::seconds(10);
    if (std::chrono::steady_clock::now() - last_save_ > period) save();
  }
  void save() {
    if (!output_.empty()) results::write_snapshot(output_, document_);
    last_save_ = std::chrono::steady_clock::now();
  }

  Options const& options_;
  Communicator const& comm_;
  Agreement agreement_;
  results::ResultDocument& document_;
  std::string output_;  ///< empty: no file
  bool speaks_;
  CaseRunner runner_;
  std::chrono::steady_clock::time_point last_save_ = std::chrono::steady_clock::now();
  Watchdog watchdog_;  // last: its thread ends before what it looks at
};

}  // namespace

int run_suite(Options const& options, Communicator const& comm, Communicator const& for_agreement,
              std::string const& command_line) {
  for (int const signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) std::signal(signal, request_stop);
  bool const speaks = comm.rank() == 0;
  Agreement const agreement(for_agreement);
  std::vector<ConfigText> const configs = read_configs(options, comm, agreement);
  Suite suite;
  std::vector<CaseSpec> cases;
  agreement.run([&] {
    suite = parse_suite(configs, options.overrides, registered_vocabulary());
    cases = selected(suite, options);
  });
  if (cases.empty()) {
    if (speaks) {
      fmt::print(stderr, "retrace: {}\n", nothing_selected(suite, options));
      print_last_lines({});
    }
    return options.allow_empty ? exit_success : exit_nothing;
  }
  results::ResultDocument document = start_document(suite, comm, command_line);
  std::string output = options.output;
  if (options.command == Options::Command::run && output.empty()) output = default_output(document);
  agreement.run_on_first([&] {
    if (output.empty()) return;
    results::claim_output(output);
    results::write_snapshot(output, document);
  });

  // After the fingerprints: a rate is a measurement and never twice the same.
  if (options.command == Options::Command::run && !options.no_ceilings) {
    agreement.run_on_first([&] {
      std::ranges::copy(ceiling_rows(measure_ceilings(quick_ceiling_plan())), std::back_inserter(document.environment));
    });
  }

  Session session(options, suite, comm, agreement, document, output);
  std::exception_ptr failure;
  try {
    session.run(cases);
  } catch (...) {
    failure = std::current_exception();  // after what is known has been printed
  }
  if (speaks) {
    if (!options.quiet) fmt::print("\n{}", result_table(document));
    if (!options.quiet && !output.empty()) fmt::print("result file: {}\n", output);
    if (document.cases.size() < cases.size())
      fmt::print("stopped after {} of {} cases\n", document.cases.size(), cases.size());
    print_last_lines(document);
  }
  if (failure) std::rethrow_exception(failure);
  return session.exit_code();
}

}  // namespace retrace::app
