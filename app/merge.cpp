#include "results/merge.hpp"

#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "core/error.hpp"
#include "results/reader.hpp"
#include "results/summary.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>
#include <vector>

namespace retrace::app {

int merge_results(Options const& options, bool speaks) {
  if (options.output.empty()) throw UsageError("merge: --output is required (see retrace merge --help)");
  if (!speaks) return exit_success;  // one process writes
  results::claim_output(options.output);
  std::vector<results::MergeInput> inputs;
  for (std::string const& file : options.files) inputs.push_back({file, results::read_result(file)});
  results::Merged const merged = results::merge(std::move(inputs), options.prefer == "newest");
  results::write_snapshot(options.output, merged.document);
  for (std::string const& note : merged.notes) complain(fmt::format("{}: {}", options.output, note));
  if (!options.console.quiet)
    fmt::print("{} of {} files: {}\n", options.output, options.files.size(),
               merged.document.finalized ? "complete" : "not complete");
  results::Summary const summary = results::summarize(merged.document);
  fmt::print("{}\n{}\n", results::detail_line(summary), results::final_line(summary));
  return exit_success;
}

}  // namespace retrace::app
