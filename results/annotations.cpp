#include "results/annotations.hpp"

#include "results/test_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace retrace::results {

namespace {

/// GitHub's commands end at a newline and treat these characters as their own.
std::string github_data(std::string_view text, bool property) {
  std::string escaped;
  for (char const c : text) {
    if (c == '%')
      escaped += "%25";
    else if (c == '\r')
      escaped += "%0D";
    else if (c == '\n')
      escaped += "%0A";
    else if (property && c == ':')
      escaped += "%3A";
    else if (property && c == ',')
      escaped += "%2C";
    else
      escaped += c;
  }
  return escaped;
}

/// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (char const c : text) out += c == '|' ? std::string("\\|") : std::string(1, c == '\n' ? ' ' : c);
  return out;
}

bool is_red(TestPoint const& point) {
  return point.outcome == PointOutcome::failure || point.outcome == PointOutcome::error;
}

std::string reason_of(TestPoint const& point) {
  return point.detail.empty() ? point.message : point.message + ": " + point.detail;
}

}  // namespace

std::string annotation_lines(std::vector<Annotation> const& annotations, AnnotationHost host) {
  constexpr std::size_t most = 10;
  if (host == AnnotationHost::none) return {};
  std::string text;
  for (std::size_t i = 0; i < std::min(annotations.size(), most); ++i) {
    auto const& [title, what] = annotations[i];
    text += host == AnnotationHost::github
                ? fmt::format("::error title={}::{}\n", github_data(title, true), github_data(what, false))
                : fmt::format("\033[31;1mERROR\033[0m {}: {}\n", title, what);
  }
  return text;
}

std::vector<Annotation> annotations_of(ResultDocument const& document, ExitRules rules) {
  std::vector<Annotation> annotations;
  for (TestPoint const& point : test_points(document, rules)) {
    if (is_red(point)) annotations.push_back({"retrace " + point.name, point.case_id + ": " + reason_of(point)});
  }
  return annotations;
}

std::string as_markdown(ResultDocument const& document, ExitRules rules) {
  constexpr std::size_t most_failures = 20, most_problems = 20;  // so that 60 lines are enough
  Summary const summary = summarize(document);
  std::string const verdict = summary.failed(rules) > 0 ? "INVALID"
                              : document.finalized      ? "VALID"
                                                        : "VALID, INCOMPLETE";
  std::string text = fmt::format("### Retrace: {}: {}\n\n{}{}\n\n", verdict, final_line(summary, rules),
                                 document.title.empty() ? "" : document.title + "; ", detail_line(summary));
  std::string failures;
  std::size_t count = 0;
  for (TestPoint const& point : test_points(document, rules)) {
    if (!is_red(point) || ++count > most_failures) continue;
    failures += fmt::format("| `{}` | {} | {} |\n", point.case_id, cell(point.name), cell(reason_of(point)));
  }
  if (count > 0) text += "| case | check | why |\n| --- | --- | --- |\n" + failures;
  if (count > most_failures) text += fmt::format("\n… and {} more failures.\n", count - most_failures);
  if (count > 0) text += '\n';

  std::vector<std::string> order;
  std::map<std::string, Summary> by_problem;
  for (CaseRecord const& record : document.cases) {
    if (!by_problem.contains(record.row.problem)) order.push_back(record.row.problem);
    ++by_problem[record.row.problem].by_status[static_cast<std::size_t>(record.row.status)];
  }
  text +=
      "| problem | cases | passed | failed | inconclusive | skipped |\n| --- | ---: | ---: | ---: | ---: | ---: |\n";
  for (std::size_t i = 0; i < std::min(order.size(), most_problems); ++i) {
    Summary const& of = by_problem[order[i]];
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", cell(order[i]), of.total(), of.passed(), of.failed(rules),
                        of.of(Status::inconclusive), of.skipped());
  }
  if (order.size() > most_problems) text += fmt::format("\n… and {} more problems.\n", order.size() - most_problems);
  return text;
}

}  // namespace retrace::results
