#include "app/confirm.hpp"

#include "app/child_process.hpp"
#include "app/scratch_folder.hpp"
#include "app/toml_text.hpp"
#include "core/error.hpp"
#include "results/compare/time_tier.hpp"
#include "results/reader.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace retrace::app {

namespace fs = std::filesystem;

namespace {

/// The two programs, and what they are to run.
class FreshLaunches {
 public:
  FreshLaunches(results::ResultDocument const& document, CompareOptions const& o, std::vector<std::string> ids)
      : launcher_(words_of(o.launcher)),
        new_program_(o.new_program.empty() ? own_program() : o.new_program),
        base_program_(o.base_program),
        ids_(std::move(ids)) {
    auto const config = nlohmann::json::parse(document.config.effective_json, nullptr, false);
    if (!config.is_object())
      throw UsageError(fmt::format("--confirm: {} does not carry its configuration", o.new_file));
    std::ofstream(folder_ / "suite.toml") << toml_text(config);
  }

  void run(int launches) {
    for (int i = 0; i < launches; ++i) {
      bool const new_first = i % 2 == 0;
      for (bool const is_new : {new_first, !new_first}) {
        auto& documents = is_new ? new_documents_ : old_documents_;
        documents.push_back(launch(is_new ? new_program_ : base_program_));
      }
    }
  }

  [[nodiscard]] compare::LaunchTest test(std::string const& id, compare::TimeRules const& rules) const {
    return compare::test_launches(medians(old_documents_, id), medians(new_documents_, id), rules);
  }

 private:
  results::ResultDocument launch(std::string const& program) {
    std::string const output = folder_ / fmt::format("{}.h5", ++count_), log = folder_ / "log";
    std::vector<std::string> words = launcher_;
    words.insert(words.end(), {program, "run", "-q", "--no-memory", "--no-ceilings", "-c", folder_ / "suite.toml"});
    for (std::string const& id : ids_) words.insert(words.end(), {"-k", id});
    words.insert(words.end(), {"-o", output});
    int const code = run_program(std::move(words), log);
    constexpr int passed = 0, some_failed = 1;
    if ((code != passed && code != some_failed) || !fs::exists(output))
      throw EnvironmentError(fmt::format("--confirm: {} ended with code {}: {}", program, code, last_line(log)));
    return results::read_result(output);
  }

  static std::vector<double> medians(std::vector<results::ResultDocument> const& documents, std::string const& id) {
    std::vector<results::CaseRecord const*> records;
    for (results::ResultDocument const& document : documents) {
      for (results::CaseRecord const& record : document.cases) {
        if (record.row.case_id == id) records.push_back(&record);
      }
    }
    std::vector<double> found = compare::launch_medians(records);
    if (found.size() < documents.size())
      throw EnvironmentError(
          fmt::format("--confirm: {} was timed in {} of {} launches", id, found.size(), documents.size()));
    return found;
  }

  ScratchFolder folder_{"confirm"};
  std::vector<std::string> launcher_;
  std::string new_program_, base_program_;
  std::vector<std::string> ids_;
  std::vector<results::ResultDocument> new_documents_, old_documents_;
  int count_ = 0;
};

}  // namespace

void confirm_slower(compare::Comparison& comparison, results::ResultDocument const& new_document,
                    CompareOptions const& options) {
  std::vector<compare::Line*> flagged;
  std::vector<std::string> ids;
  for (compare::Line& line : comparison.lines) {
    if (line.tier != compare::Tier::time || line.verdict != compare::Verdict::worse) continue;
    flagged.push_back(&line);
    ids.push_back(line.case_id);
  }
  if (flagged.empty()) {
    comparison.notes.emplace_back("--confirm: no case seemed slower");
    return;
  }
  FreshLaunches launches(new_document, options, ids);
  launches.run(options.confirm);
  std::vector<compare::LaunchTest> tests;
  for (std::string const& id : ids) tests.push_back(launches.test(id, comparison.rules.time));
  compare::control_false_discoveries(tests, comparison.rules.time.false_discovery);
  std::size_t confirmed = 0;
  for (std::size_t i = 0; i < flagged.size(); ++i) {
    bool const agrees = tests[i].verdict == compare::TimeVerdict::slower;
    confirmed += agrees ? 1 : 0;
    compare::apply_second_opinion(*flagged[i], tests[i], options.confirm, comparison.rules.time);
  }
  comparison.notes.push_back(fmt::format("--confirm: {} of {} slow-downs seen again in {} fresh launches a side",
                                         confirmed, flagged.size(), options.confirm));
}

}  // namespace retrace::app
