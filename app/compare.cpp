#include "app/ci_host.hpp"
#include "app/commands.hpp"
#include "app/compare_rules.hpp"
#include "app/confirm.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "results/atomic_file.hpp"
#include "results/compare/baseline_store.hpp"
#include "results/compare/comparison.hpp"
#include "results/compare/formats.hpp"
#include "results/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace retrace::app {

namespace fs = std::filesystem;

namespace {

void check_name(char const* option, std::string const& given, std::vector<std::string> const& valid) {
  if (std::ranges::find(valid, given) == valid.end())
    throw UsageError(fmt::format("{}: {}", option, unknown_name_message("value", given, valid)));
}

compare::Rules effective_rules(CompareOptions const& o) {
  compare::Rules rules =
      o.rules_file.empty() ? preset_rules(o.preset.empty() ? "default" : o.preset) : read_rules(o.rules_file, o.preset);
  if (!o.gate.empty()) rules.gate = parse_gates(o.gate);
  return rules;
}

void check_options(CompareOptions const& o) {
  check_name("--format", o.format, {"table", "md", "json", "junit"});
  check_name("--annotate", o.annotate, {"auto", "github", "gitlab", "none"});
  if (o.new_file.empty() || o.base.empty())
    throw UsageError("compare needs two results, NEW and BASE (see retrace compare --help)");
  if (o.update_reason && o.update_reason->find_first_not_of(" \t\n") == std::string::npos)
    throw UsageError("--update-baseline needs a reason that says something");
  if (o.confirm == 0 && !(o.base_program.empty() && o.new_program.empty() && o.launcher.empty()))
    throw UsageError("--base-program, --new-program and --launcher are for --confirm K");
  if (o.confirm != 0 && (o.confirm < 5 || o.confirm > 100))
    throw UsageError(fmt::format("--confirm: '{}' is not an integer from 5 to 100", o.confirm));
  if (o.confirm != 0 && o.base_program.empty())
    throw UsageError("--confirm runs both programs: name the old one with --base-program");
}

std::string text_in(compare::Comparison const& comparison, std::string const& format, bool all) {
  if (format == "md") return compare::as_markdown(comparison);
  if (format == "json") return compare::as_json(comparison);
  if (format == "junit") return compare::as_junit(comparison);
  return compare::as_table(comparison, all);
}

void write_file(std::string const& path, std::string const& text) {
  results::AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

void publish(compare::Comparison const& comparison, CompareOptions const& o, ConsoleOptions const& console) {
  bool const to_file = !o.output.empty(), all = o.all || console.verbose;
  if (to_file) write_file(o.output, text_in(comparison, o.format, all));
  compare::AnnotationHost const host = annotation_host(o.annotate);
  publish_to_host(host, compare::annotations(comparison, host), compare::as_markdown(comparison));
  if (console.quiet && (to_file || o.format == "table"))
    say(compare::final_line(comparison));
  else
    fmt::print("{}", text_in(comparison, to_file ? "table" : o.format, all));
}

void update_baseline(results::ResultDocument document, results::ResultDocument const& replaced, fs::path const& path,
                     CompareOptions const& o) {
  if (compare::is_portable(replaced)) document = compare::portable(std::move(document));
  std::string reason = *o.update_reason;
  std::ranges::replace(reason, '\n', ' ');
  compare::write_baseline(path, std::move(document), replaced.history, program_name(), reason);
  complain(fmt::format("{}: new baseline, {}", path.string(), reason));
}

}  // namespace

int compare_results(Options const& options, bool speaks) {
  CompareOptions const& o = options.compare;
  compare::Rules const rules = effective_rules(o);
  if (o.dump_rules) {
    if (speaks) fmt::print("{}", compare::dump_rules(rules));
    return exit_success;
  }
  check_options(o);
  fs::path const base_path = compare::find_baseline(baselines_folder(o.folder), o.base);
  results::ResultDocument const new_document = results::read_result(o.new_file);
  results::ResultDocument const old_document = results::read_result(base_path);
  compare::Comparison comparison =
      compare::compare(new_document, o.new_file, old_document, base_path.string(),
                       {.rules = rules, .allow_removed = o.allow_removed, .must_overlap = !o.update_reason});
  if (!speaks) return comparison.exit_code();
  if (o.confirm > 0) confirm_slower(comparison, new_document, o);
  publish(comparison, o, options.console);
  if (o.update_reason) {
    update_baseline(new_document, old_document, base_path, o);
    return exit_success;
  }
  return comparison.exit_code();
}

}  // namespace retrace::app
