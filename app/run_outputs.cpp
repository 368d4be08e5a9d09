#include "app/run_outputs.hpp"

#include "results/atomic_file.hpp"
#include "results/junit.hpp"
#include "results/summary.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <span>
#include <string>

namespace retrace::app {

void print_last_lines(results::ResultDocument const& document) {
  results::Summary const summary = results::summarize(document);
  fmt::print("{}\n{}\n", results::detail_line(summary), results::final_line(summary));
  std::fflush(stdout);
}

void write_junit(Options const& options, results::ResultDocument const& document) {
  if (options.junit.empty()) return;
  std::string command = "retrace verify";
  for (std::string const& config : options.configs) command += " -c '" + config + "'";
  if (!options.suite.empty()) command += " --suite " + options.suite;
  std::string const text = results::as_junit(document, options.strict, command + " -k");
  results::AtomicFile file(options.junit);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

}  // namespace retrace::app
