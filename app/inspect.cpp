#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/progress.hpp"
#include "results/reader.hpp"
#include "results/summary.hpp"
#include "results/validate.hpp"

#include <fmt/format.h>

namespace retrace::app {

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
  results::ResultDocument const document = results::read_result(path);
  if (options.exit_code) return results::exit_code(document);
  if (!speaks) return exit_success;
  fmt::print("{}\n{}, schema {}, {}\n", document.title, document.generator, document.schema_version,
             document.finalized ? "complete" : "not complete");
  for (auto const& run : document.runs) {
    fmt::print("run of {} on {} ranks: {}\n", run.started_utc, run.world_size, run.cmdline);
  }
  results::Summary const summary = results::summarize(document);
  fmt::print("\n{}{}\n{}\n", result_table(document), results::detail_line(summary), results::final_line(summary));
  return exit_success;
}

}  // namespace retrace::app
