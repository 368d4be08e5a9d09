#include "results/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace retrace::results {

std::int64_t Summary::total() const {
  return std::accumulate(by_status.begin(), by_status.end(), std::int64_t{0});
}

std::int64_t Summary::failed(ExitRules rules) const {
  std::int64_t count = 0;
  for (std::size_t value = 0; value < by_status.size(); ++value) {
    if (is_failure(static_cast<Status>(value), rules)) count += by_status[value];
  }
  return count;
}

bool is_failure(Status status, ExitRules rules) {
  switch (status) {
    case Status::fail:
    case Status::error:
    case Status::timeout:
    case Status::nonfinite:
    case Status::oom:
    case Status::crashed:
      return true;
    case Status::xpass:
      return !rules.lenient_xpass;
    case Status::pass:
    case Status::skipped:
    case Status::xfail:
    case Status::inconclusive:
      return false;
  }
  return true;
}

Summary summarize(ResultDocument const& document) {
  Summary summary;
  for (CaseRecord const& record : document.cases) ++summary.by_status[static_cast<std::size_t>(record.row.status)];
  return summary;
}

std::string final_line(Summary const& summary, ExitRules rules) {
  return fmt::format("{} passed, {} failed, {} skipped", summary.passed(), summary.failed(rules), summary.skipped());
}

std::string detail_line(Summary const& summary) {
  std::string line = fmt::format("{} {}", summary.total(), summary.total() == 1 ? "case" : "cases");
  char const* separator = ": ";
  for (std::size_t value = 0; value < summary.by_status.size(); ++value) {
    if (summary.by_status[value] == 0) continue;
    line += fmt::format("{}{} {}", separator, summary.by_status[value], name_of(static_cast<Status>(value)));
    separator = ", ";
  }
  return line;
}

int exit_code(ResultDocument const& document, ExitRules rules) {
  constexpr int stopped_early = 75;
  bool const stopped = !document.runs.empty() && document.runs.back().ended_by != EndedBy::finished;
  return !document.finalized || stopped ? stopped_early : exit_code_of_cases(document, rules);
}

int exit_code_of_cases(ResultDocument const& document, ExitRules rules) {
  constexpr int ok = 0, failure = 1, inconclusive = 4, empty = 5, all_skipped = 77;
  Summary const summary = summarize(document);
  if (summary.total() == 0) return rules.allow_empty ? ok : empty;
  if (summary.skipped() == summary.total()) return all_skipped;
  if (summary.failed(rules) > 0) return failure;
  if (rules.strict && summary.of(Status::inconclusive) > 0) return inconclusive;
  return ok;
}

}  // namespace retrace::results
