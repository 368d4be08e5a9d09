// The forms for programs: JSON, JUnit, the annotations of CI hosts.
#include "results/compare/formats.hpp"
#include "results/xml_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <vector>

namespace retrace::compare {

namespace {

using results::xml_text;

nlohmann::json number(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  return x;
}

nlohmann::json json_of(Value const& value) {
  if (auto const* word = std::get_if<std::string>(&value)) return *word;
  if (auto const* count = std::get_if<std::int64_t>(&value)) return *count;
  if (auto const* real = std::get_if<double>(&value)) return number(*real);
  return nullptr;
}

nlohmann::json json_of(Side const& side) {
  return {{"path", side.path},
          {"title", side.title},
          {"generator", side.generator},
          {"created_utc", side.created_utc},
          {"finalized", side.finalized},
          {"cases", side.cases},
          {"fingerprint_hw", side.fingerprint_hw},
          {"fingerprint_sw", side.fingerprint_sw}};
}

std::string_view unit_name(Unit unit) {
  if (unit == Unit::bytes) return "byte";
  return unit == Unit::seconds ? "s" : "1";
}

/// The problem, which JUnit readers group by.
std::string_view first_part(std::string_view case_id) {
  return case_id.substr(0, case_id.find('/'));
}

struct TierOfCase {
  std::string_view case_id;
  std::vector<Line const*> lines;
};

std::vector<TierOfCase> by_case(Comparison const& comparison, Tier tier) {
  std::vector<TierOfCase> groups;
  for (Line const& line : comparison.lines) {
    if (line.tier != tier) continue;
    if (groups.empty() || groups.back().case_id != line.case_id) groups.push_back({line.case_id, {}});
    groups.back().lines.push_back(&line);
  }
  return groups;
}

std::string joined(std::vector<Line const*> const& lines, auto const& wanted) {
  std::string text;
  for (Line const* line : lines) {
    if (wanted(*line)) text += (text.empty() ? "" : "\n") + line_text(*line);
  }
  return text;
}

}  // namespace

std::string as_json(Comparison const& comparison) {
  nlohmann::ordered_json root;
  root["schema"] = 1;
  root["exit_code"] = comparison.exit_code();
  root["new"] = json_of(comparison.new_side);
  root["old"] = json_of(comparison.old_side);
  root["rules"] = dump_rules(comparison.rules);
  root["notes"] = comparison.notes;
  CaseCounts const counts = count_cases(comparison);
  root["cases"] = {{"passed", counts.passed}, {"failed", counts.failed}, {"skipped", counts.skipped}};
  root["trends"] = nlohmann::json::array();
  for (Trend const& trend : comparison.trends) {
    root["trends"].push_back({{"family", trend.family},
                              {"quantity", trend.quantity},
                              {"cases", trend.cases},
                              {"median", number(trend.median)},
                              {"geometric_mean", number(trend.geometric_mean)},
                              {"interval", {number(trend.interval_low), number(trend.interval_high)}}});
  }
  root["lines"] = nlohmann::json::array();
  for (Line const& line : comparison.lines) {
    root["lines"].push_back({{"case", line.case_id},
                             {"tier", name_of(line.tier)},
                             {"quantity", line.quantity},
                             {"old", json_of(line.old_value)},
                             {"new", json_of(line.new_value)},
                             {"limit", json_of(line.limit)},
                             {"units", unit_name(line.unit)},
                             {"verdict", name_of(line.verdict)},
                             {"reason", line.reason},
                             {"note", line.note},
                             {"gates", line.gates}});
  }
  return root.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

std::string as_junit(Comparison const& comparison) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"retrace compare\">\n";
  for (Tier const tier : {Tier::status, Tier::counters, Tier::numeric, Tier::memory, Tier::time}) {
    std::string cases;
    int tests = 0, failures = 0, skipped = 0;
    for (TierOfCase const& group : by_case(comparison, tier)) {
      std::string const red = joined(group.lines, is_red);
      bool const none =
          std::ranges::all_of(group.lines, [](Line const* line) { return line->verdict == Verdict::not_compared; });
      ++tests;
      cases += fmt::format("    <testcase name=\"{}\" classname=\"{}.{}\">\n", xml_text(group.case_id), name_of(tier),
                           xml_text(first_part(group.case_id)));
      if (!red.empty()) {
        ++failures;
        cases += fmt::format("      <failure message=\"{}\">{}</failure>\n", xml_text(red.substr(0, red.find('\n'))),
                             xml_text(red));
      } else if (none) {
        ++skipped;
        cases += fmt::format("      <skipped message=\"{}\"/>\n", xml_text(group.lines.front()->reason));
      }
      cases += fmt::format("      <system-out>{}</system-out>\n    </testcase>\n",
                           xml_text(joined(group.lines, [](Line const&) { return true; })));
    }
    text += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n{}  </testsuite>\n",
        name_of(tier), tests, failures, skipped, cases);
  }
  return text + "</testsuites>\n";
}

std::string annotations(Comparison const& comparison, AnnotationHost host) {
  std::vector<results::Annotation> red;
  for (Line const* line : findings(comparison)) {
    if (!is_red(*line)) break;
    red.push_back({"retrace " + line->reason, line->case_id + ": " + line_text(*line)});
  }
  return results::annotation_lines(red, host);
}

}  // namespace retrace::compare
