#include "app/compare_commands.hpp"

#include "app/option_checks.hpp"

#include <CLI/CLI.hpp>

namespace retrace::app {

namespace {

constexpr char const* folder_help = "folder of named baselines (default: $RETRACE_BASELINES, else baselines)";

}  // namespace

void define_compare(CLI::App& app, CompareOptions& o) {
  CLI::App* const compare =
      app.add_subcommand("compare", "Hold a new result against a baseline; the exit code is for CI.");
  compare->add_option("new", o.new_file, "result file of the new program")->type_name("NEW");
  compare->add_option("base", o.base, "result file, or name of a stored baseline")->type_name("BASE");
  compare->add_option("--preset", o.preset, "how strict (default: default)")->type_name("strict|default|permissive");
  compare->add_option("--rules", o.rules_file, "TOML file of limits, as --dump-rules prints one")->type_name("FILE");
  compare->add_flag("--dump-rules", o.dump_rules, "print the effective rules as TOML and end");
  compare->add_option("--gate", o.gate, "tiers that may fail: numeric,counters,memory,time or none (default: all)")
      ->type_name("LIST");
  compare->add_flag("--allow-removed", o.allow_removed, "cases that only BASE has are fine");
  compare->add_option("--format", o.format, "form of the output")
      ->capture_default_str()
      ->type_name("table|md|json|junit");
  compare->add_option("-o,--output", o.output, "write that form to a file, and the table to stdout")->type_name("FILE");
  compare->add_flag("-a,--all", o.all, "the table also has what is the same");
  compare->add_option("--annotate", o.annotate, "marks for a CI host")
      ->capture_default_str()
      ->type_name(annotation_words);
  compare->add_option("--update-baseline", o.update_reason, "NEW becomes BASE; the reason goes into its history")
      ->type_name("REASON");
  compare->add_option("--baselines", o.folder, folder_help)->type_name("DIR");
  compare->add_option("--confirm", o.confirm, "run what seems slower again, 5 to 100 launches a side; 0: do not")
      ->capture_default_str()
      ->type_name("K");
  compare->add_option("--base-program", o.base_program, "with --confirm: the old retrace")->type_name("FILE");
  compare->add_option("--new-program", o.new_program, "with --confirm: the new retrace (default: this one)")
      ->type_name("FILE");
  compare->add_option("--launcher", o.launcher, "with --confirm: words before the program, such as 'mpirun -n 4'")
      ->type_name("WORDS");
}

void define_baseline(CLI::App& app, BaselineOptions& o) {
  CLI::App* const baseline = app.add_subcommand("baseline", "Keep results to compare with under a name.");
  baseline->add_option("action", o.action, "save NAME FILE, list, show NAME or rm NAME")
      ->required()
      ->type_name("save|list|show|rm");
  baseline->add_option("name", o.name, "letters, digits, '_', '-', '.'")->type_name("NAME");
  baseline->add_option("file", o.file, "save: the result file")->type_name("FILE");
  baseline->add_option("--reason", o.reason, "save: goes into the history (default: first baseline)")
      ->type_name("TEXT");
  baseline->add_flag("--portable", o.portable,
                     "save: only what another machine can compare: no times, host names, paths");
  baseline->add_option("--baselines", o.folder, folder_help)->type_name("DIR");
}

}  // namespace retrace::app
