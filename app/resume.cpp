#include "app/resume.hpp"

#include "app/run_outputs.hpp"
#include "core/error.hpp"
#include "results/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

namespace retrace::app {

namespace {

using Json = nlohmann::json;

/// Neither what is measured nor how.
constexpr auto harmless_keys = std::to_array<std::string_view>({"title", "report.", "run.case_timeout", "run.order"});

bool is_harmless(std::string_view key) {
  return std::ranges::any_of(harmless_keys, [&](std::string_view harmless) {
    return harmless.ends_with('.') ? key.starts_with(harmless) : key == harmless;
  });
}

/// Leaves by their path; a matrix goes by its name, which says more than its number.
void flatten(Json const& json, std::string const& path, std::map<std::string, std::string>& leaves) {
  bool const of_tables =
      json.is_array() && !json.empty() && std::ranges::all_of(json, [](Json const& item) { return item.is_object(); });
  if (!of_tables && !(json.is_object() && !json.empty())) {
    leaves[path] = json.dump();
    return;
  }
  std::size_t number = 0;
  for (auto const& item : json.items()) {
    std::string const name = json.is_object() ? item.key() : item.value().value("name", std::to_string(number));
    flatten(item.value(), path.empty() ? name : path + "." + name, leaves);
    ++number;
  }
}

std::string shortened(std::string const& text) {
  constexpr std::size_t longest = 60;
  return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

/// Refuses to mix what is not alike. `failed` and `force` are words of somebody who wants to.
void check_alike(Options const& options, results::ResultDocument const& before, results::ResultDocument const& now,
                 ResumePlan& plan) {
  Json const config_before = Json::parse(before.config.effective_json, nullptr, false);
  std::vector<std::string> differences =
      differing_keys(config_before, Json::parse(now.config.effective_json, nullptr, false));
  if (!before.config.request_json.empty()) {
    for (std::string& key : differing_keys(Json::parse(before.config.request_json, nullptr, false),
                                           Json::parse(now.config.request_json, nullptr, false)))
      differences.push_back(std::move(key));
  }
  if (!differences.empty()) {
    std::string const what = fmt::format("{}", fmt::join(differences, "; "));
    if (options.resume != "force")
      throw UsageError(
          fmt::format("'{}' was made with another configuration and is not continued ({}); choose another -o, or "
                      "--resume=force",
                      options.output, what));
    plan.warnings.push_back(fmt::format("goes on in '{}' with another configuration: {}", options.output, what));
  }
  results::RunRow const &then = before.runs.back(), &run = now.runs.back();
  if (then.fingerprint_sw != run.fingerprint_sw) {
    if (options.resume == "auto")
      throw UsageError(
          fmt::format("'{}' was made by another build of this program ({} before, {} now) and is not continued; choose "
                      "another -o, or --resume=failed or --resume=force",
                      options.output, then.fingerprint_sw, run.fingerprint_sw));
    plan.warnings.push_back(fmt::format("goes on in '{}', which another build has begun", options.output));
  }
  if (then.fingerprint_hw != run.fingerprint_hw || then.world_size != run.world_size)
    plan.warnings.push_back(
        fmt::format("'{}' was begun on {} ranks, on other hardware or with another binding: times do not mix",
                    options.output, then.world_size));
}

/// The run that begins, and its rows, behind those that are there.
void add_run(results::ResultDocument& document, results::ResultDocument&& now) {
  auto const run = static_cast<std::int64_t>(document.runs.size());
  for (auto& row : now.environment) row.run = run;
  for (auto& row : now.ranks) row.run = run;
  document.runs.push_back(std::move(now.runs.front()));
  std::ranges::move(now.environment, std::back_inserter(document.environment));
  std::ranges::move(now.ranks, std::back_inserter(document.ranks));
  document.config = std::move(now.config);
  document.title = std::move(now.title);
  document.generator = std::move(now.generator);
}

}  // namespace

std::size_t ResumePlan::left() const {
  return static_cast<std::size_t>(std::ranges::count(wanted, true));
}

Json request_of(Options const& options) {
  Json request{{"command", options.command == Options::Command::verify ? "verify" : "run"}};
  if (options.memory == "off") request["no-memory"] = true;  // the name that files of version 1.1 have
  if (options.memory == "rss") request["memory"] = "rss";
  if (!options.shard.empty()) request["shard"] = options.shard;
  if (options.time_failed) request["time-failed"] = true;
  if (!options.filters.empty()) request["filter"] = options.filters;
  if (!options.excludes.empty()) request["exclude"] = options.excludes;
  if (!options.budget.empty()) request["budget"] = options.budget;
  return request;
}

std::vector<std::string> differing_keys(Json const& before, Json const& now) {
  std::map<std::string, std::string> old_leaves, new_leaves;
  flatten(before, "", old_leaves);
  flatten(now, "", new_leaves);
  std::map<std::string, std::pair<std::string, std::string>> both;
  for (auto& [key, value] : old_leaves) both[key].first = value;
  for (auto& [key, value] : new_leaves) both[key].second = value;
  std::vector<std::string> differences;
  for (auto const& [key, values] : both) {
    auto const& [then, is] = values;
    if (then == is || is_harmless(key)) continue;
    differences.push_back(fmt::format("{}: {} before, {} now", key, then.empty() ? "nothing" : shortened(then),
                                      is.empty() ? "nothing" : shortened(is)));
  }
  return differences;
}

results::CaseRecord lost_case(CaseSpec const& spec, results::Status status, std::string reason) {
  results::CaseRecord lost;
  lost.row.case_id = case_id(spec);
  lost.row.case_hash = case_hash(spec);
  lost.row.problem = spec.problem;
  lost.row.method = spec.method;
  lost.row.solver = spec.solver;
  lost.row.control = control_label(spec.control);
  lost.row.precision = spec.precision;
  lost.row.backend = spec.backend;
  lost.row.case_json = describe(spec).dump();
  lost.row.status = status;
  lost.row.reason = std::move(reason);
  return lost;
}

ResumePlan plan_resume(Options const& options, std::vector<CaseSpec> const& cases, results::ResultDocument now,
                       std::optional<results::EarlierResult> earlier) {
  ResumePlan plan;
  plan.wanted.assign(cases.size(), true);
  if (!earlier) {
    plan.document = std::move(now);
    return plan;
  }
  if (options.resume == "never")
    throw UsageError(fmt::format("output '{}' exists and --resume=never does not go on in it; choose another with -o",
                                 options.output));
  if (earlier->document.runs.empty())
    throw UsageError(fmt::format("'{}' holds no run that could be continued; choose another -o", options.output));
  check_alike(options, earlier->document, now, plan);
  std::string const& started = now.runs.front().started_utc;
  for (std::string const& warning : plan.warnings) earlier->document.history += started + ": " + warning + "\n";
  plan.document = std::move(earlier->document);
  plan.attempts = std::move(earlier->attempts);
  for (std::string const& remark : earlier->remarks)
    plan.warnings.push_back(fmt::format("journal of '{}': {}", options.output, remark));

  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < plan.document.cases.size(); ++i) known.emplace(plan.document.cases[i].row.case_id, i);
  auto const run = static_cast<std::int64_t>(plan.document.runs.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::string const id = case_id(cases[i]);
    auto const found = known.find(id);
    if (found != known.end()) {
      results::CaseRow const& row = plan.document.cases[found->second].row;
      plan.wanted[i] = row.case_hash != case_hash(cases[i]) ||
                       (options.resume == "failed" && results::is_failure(row.status, exit_rules(options)));
      continue;
    }
    auto const attempts = plan.attempts.find(id);
    if (attempts == plan.attempts.end()) continue;
    if (options.resume == "failed") attempts->second.open = 0;
    if (attempts->second.open < most_attempts) continue;
    results::CaseRecord crashed = lost_case(
        cases[i], results::Status::crashed,
        fmt::format("begun {} times, and each time the program ended before the case", attempts->second.open));
    crashed.row.run = run;
    crashed.row.attempts = attempts->second.total;
    plan.warnings.push_back(
        fmt::format("{}: {}; it is left out now, --resume=failed tries again", id, crashed.row.reason));
    plan.document.cases.push_back(std::move(crashed));
    attempts->second.open = 0;
    plan.wanted[i] = false;
  }
  plan.complete = earlier->file_complete && plan.left() == 0;
  plan.notes.push_back(plan.complete ? fmt::format("'{}' is complete: nothing is left to do", options.output)
                                     : fmt::format("goes on in '{}': {} of {} cases are left", options.output,
                                                   plan.left(), cases.size()));
  if (!plan.complete) add_run(plan.document, std::move(now));
  return plan;
}

}  // namespace retrace::app
