#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/progress.hpp"
#include "app/run_outputs.hpp"
#include "core/error.hpp"
#include "results/reader.hpp"
#include "results/schema.hpp"
#include "results/summary.hpp"
#include "results/validate.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace retrace::app {

namespace {

/// Version 1 of the schema is the first, so what there is to convert is what later minor versions have added.
int upgrade(Options const& options, results::ResultDocument document, bool speaks) {
  if (options.output.empty()) throw UsageError("--upgrade needs the name of the new file, -o FILE");
  if (!speaks) return exit_success;
  results::claim_output(options.output);
  std::string const from = document.schema_version;
  document.history += fmt::format("{}: {} rewrote it from schema {} to {}\n", results::utc_now(), program_name(), from,
                                  results::schema_version);
  results::write_snapshot(options.output, document);
  fmt::print("{}: schema {}, was {}\n", options.output, results::schema_version, from);
  return exit_success;
}

}  // namespace

int inspect_file(Options const& options, bool speaks) {
  std::string const& path = options.files.front();
  if (options.validate) {
    (void)results::read_result(path);  // a file that cannot be read at all is a usage error
    auto const findings = results::validate(path);
    for (auto const& finding : findings) {
      if (speaks) fmt::print("{}: {}: {}\n", path, finding.where, finding.what);
    }
    if (findings.empty() && speaks) fmt::print("{}: valid\n", path);
    return findings.empty() ? exit_success : exit_failed;
  }
  results::ResultDocument document = results::read_result(path);
  if (options.upgrade) return upgrade(options, std::move(document), speaks);
  if (options.exit_code) return results::exit_code(document, exit_rules(options));
  if (!speaks) return exit_success;
  if (options.console.quiet) {
    say(results::final_line(results::summarize(document), exit_rules(options)));
    return exit_success;
  }
  fmt::print("{}\n{}, schema {}, {}\n", document.title, document.generator, document.schema_version,
             document.finalized ? "complete" : "not complete");
  for (auto const& run : document.runs) {
    fmt::print("run of {} on {} ranks: {}\n", run.started_utc, run.world_size, run.cmdline);
  }
  results::Summary const summary = results::summarize(document);
  if (options.console.verbose) {
    fmt::print("\n");
    std::size_t number = 0;
    for (results::CaseRecord const& record : document.cases)
      fmt::print("{}\n{}", progress_line(++number, document.cases.size(), record, true), check_lines(record));
  }
  fmt::print("\n{}{}\n{}\n", result_table(document), results::detail_line(summary),
             results::final_line(summary, exit_rules(options)));
  return exit_success;
}

}  // namespace retrace::app
