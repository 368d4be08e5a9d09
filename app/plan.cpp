#include "app/plan.hpp"

#include "app/commands.hpp"
#include "app/estimate.hpp"
#include "app/exit_code.hpp"
#include "app/quantity_text.hpp"
#include "app/resume.hpp"
#include "benchmarks/config_schema.hpp"
#include "benchmarks/registered_vocabulary.hpp"
#include "results/reader.hpp"
#include "results/store.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <utility>

namespace retrace::app {

namespace {

using Json = nlohmann::ordered_json;

struct PlannedCase {
  std::string id;
  bool wanted;
  std::string status;  ///< in the result, where it is there
  Estimate estimate;
};

struct Totals {
  std::size_t run = 0, skip = 0, excluded = 0;
  double seconds = 0.0;
  std::array<std::size_t, 3> seconds_from{};  ///< cases by `Basis`
  std::int64_t bytes = -1;                    ///< the largest
  std::size_t bytes_unknown = 0;
};

Totals totals_of(std::vector<PlannedCase> const& cases, Suite const& suite) {
  Totals totals;
  totals.excluded = suite.excluded.size();
  for (PlannedCase const& planned : cases) {
    ++(planned.wanted ? totals.run : totals.skip);
    if (!planned.wanted) continue;
    ++totals.seconds_from[static_cast<std::size_t>(planned.estimate.seconds_from)];
    if (planned.estimate.seconds_from != Basis::unknown) totals.seconds += planned.estimate.seconds;
    totals.bytes = std::max(totals.bytes, planned.estimate.bytes);
    totals.bytes_unknown += planned.estimate.bytes_from == Basis::unknown ? 1 : 0;
  }
  return totals;
}

std::string time_line(Totals const& totals) {
  auto const [measured, like, unknown] = totals.seconds_from;
  if (totals.run == 0) return "time: none";
  if (measured + like == 0) return "time: unknown; name an earlier result with --from";
  std::string text = fmt::format("time: {}{} ({} measured, {} like measured ones", unknown > 0 ? "more than " : "",
                                 duration_text(totals.seconds), measured, like);
  return text + (unknown > 0 ? fmt::format(", {} unknown)", unknown) : ")");
}

std::string bytes_line(Totals const& totals) {
  if (totals.run == 0) return "bytes: none";
  if (totals.bytes < 0) return "bytes: unknown";
  std::string const text = "bytes: up to " + bytes_text(totals.bytes) + " on the fullest rank";
  return totals.bytes_unknown > 0 ? text + fmt::format(" ({} cases unknown)", totals.bytes_unknown) : text;
}

void print_table(std::vector<PlannedCase> const& cases, Suite const& suite) {
  fmt::print("{:<6} {:>10} {:<9} {:>10} {:<9} {}\n", "do", "time", "", "bytes", "", "case");
  for (PlannedCase const& planned : cases) {
    Estimate const& e = planned.estimate;
    if (planned.wanted)
      fmt::print("{:<6} {:>10} {:<9} {:>10} {:<9} {}\n", "run", seconds_text(e.seconds), name_of(e.seconds_from),
                 bytes_text(e.bytes), name_of(e.bytes_from), planned.id);
    else
      fmt::print("{:<6} {:>10} {:<9} {:>10} {:<9} {}  ({})\n", "skip", seconds_text(e.seconds), "", bytes_text(e.bytes),
                 "", planned.id, planned.status);
  }
  for (ExcludedCase const& excluded : suite.excluded)
    fmt::print("{:<6} {:>10} {:<9} {:>10} {:<9} {}  ({})\n", "leave", "-", "", "-", "", excluded.id, excluded.reason);
}

Json estimate_json(double value, Basis from) {
  return from == Basis::unknown ? Json(nullptr) : Json(value);
}

void print_json(std::vector<PlannedCase> const& cases, Suite const& suite, Totals const& totals) {
  Json all{{"title", suite.title}, {"cases", Json::array()}, {"excluded", Json::array()}};
  for (PlannedCase const& planned : cases) {
    Estimate const& e = planned.estimate;
    Json entry{{"id", planned.id}, {"do", planned.wanted ? "run" : "skip"}};
    if (!planned.status.empty()) entry["status"] = planned.status;
    entry["seconds"] = estimate_json(e.seconds, e.seconds_from);
    entry["seconds_from"] = name_of(e.seconds_from);
    entry["bytes"] = e.bytes_from == Basis::unknown ? Json(nullptr) : Json(e.bytes);
    entry["bytes_from"] = name_of(e.bytes_from);
    all["cases"].push_back(std::move(entry));
  }
  for (ExcludedCase const& excluded : suite.excluded)
    all["excluded"].push_back({{"id", excluded.id}, {"reason", excluded.reason}, {"matrix", excluded.matrix}});
  all["totals"] = {{"run", totals.run},
                   {"skip", totals.skip},
                   {"excluded", totals.excluded},
                   {"seconds", totals.seconds},
                   {"seconds_unknown", totals.seconds_from[static_cast<std::size_t>(Basis::unknown)]},
                   {"bytes", totals.bytes < 0 ? Json(nullptr) : Json(totals.bytes)},
                   {"bytes_unknown", totals.bytes_unknown}};
  fmt::print("{}\n", all.dump(2));
}

}  // namespace

void print_plan(Options const& options, Suite const& suite, std::vector<CaseSpec> const& cases,
                results::ResultDocument head) {
  if (!options.output.empty()) results::check_output_name(options.output);
  ResumePlan const plan = plan_resume(options, cases, std::move(head), results::find_earlier(options.output));
  for (std::string const& warning : plan.warnings) complain(warning);

  Estimator estimator;
  for (std::string const& path : options.estimate_from) estimator.learn(results::read_result(path).cases);
  estimator.learn(plan.document.cases);  // last: what the run goes on with is nearest
  std::map<std::string, results::Status> known;
  for (results::CaseRecord const& record : plan.document.cases) known[record.row.case_id] = record.row.status;

  std::vector<PlannedCase> planned;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::string id = case_id(cases[i]);
    auto const found = known.find(id);
    std::string const status = found == known.end() ? "" : std::string(results::name_of(found->second));
    planned.push_back({std::move(id), plan.wanted[i], status, estimator.of(cases[i])});
  }
  Totals const totals = totals_of(planned, suite);
  if (options.json) return print_json(planned, suite, totals);
  if (!options.console.quiet) {
    print_table(planned, suite);
    for (std::string const& note : plan.notes) fmt::print("{}\n", note);
    fmt::print("{}\n{}\n", time_line(totals), bytes_line(totals));
  }
  fmt::print("{} to run, {} to skip, {} excluded\n", totals.run, totals.skip, totals.excluded);
}

int print_schema(bool speaks) {
  if (speaks) fmt::print("{}\n", config_schema(registered_vocabulary()).dump(2));
  return exit_success;
}

}  // namespace retrace::app
