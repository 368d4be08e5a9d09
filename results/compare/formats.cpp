// The texts for people; "machine_formats.cpp" has those for programs.
#include "results/compare/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

namespace retrace::compare {

namespace {

std::string seconds_text(double seconds) {
  constexpr std::array<std::pair<double, char const*>, 4> units{{{1.0, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}}};
  for (auto const& [size, name] : units) {
    if (std::abs(seconds) >= size) return fmt::format("{:.4g} {}", seconds / size, name);
  }
  return fmt::format("{:.4g} s", seconds);
}

/// Whether a line is worth showing without being asked.
bool says_something(Line const& line) {
  switch (line.verdict) {
    case Verdict::worse:
    case Verdict::warning:
    case Verdict::better:
    case Verdict::inconclusive:
      return true;
    case Verdict::not_compared:
      return line.tier == Tier::status;
    case Verdict::same:
    case Verdict::within:
      return false;
  }
  return true;
}

int rank_of(Line const& line) {
  constexpr std::array<Verdict, 7> order{Verdict::worse,  Verdict::warning,      Verdict::inconclusive,
                                         Verdict::better, Verdict::not_compared, Verdict::within,
                                         Verdict::same};
  int const place = static_cast<int>(std::ranges::find(order, line.verdict) - order.begin());
  return is_red(line) ? -1 : place;
}

std::string verdict_text(Line const& line) {
  if (is_red(line)) return "WORSE";
  return std::string(name_of(line.verdict)) + (line.verdict == Verdict::worse ? ", not gated" : "");
}

/// "time-few-launches 41 (informational (1 launch); 5 on each side are needed)": what was not compared, by reason.
std::vector<std::string> not_compared_texts(Comparison const& comparison) {
  std::map<std::string, std::pair<int, std::string>> by_reason;
  for (Line const& line : comparison.lines) {
    if (line.verdict != Verdict::not_compared) continue;
    auto& [count, note] = by_reason[std::string(name_of(line.tier)) + ": " + line.reason];
    ++count;
    note = line.note;
  }
  std::vector<std::string> texts;
  for (auto const& [reason, count_note] : by_reason) {
    auto const& [count, note] = count_note;
    texts.push_back(fmt::format("{} in {} {}{}", reason, count, count == 1 ? "line" : "lines",
                                note.empty() ? "" : " (" + note + ")"));
  }
  return texts;
}

std::string headline(Comparison const& comparison) {
  CaseCounts const counts = count_cases(comparison);
  int const code = comparison.exit_code();
  std::string const verdict = code == 0 ? "no regression" : code == 3 ? "REGRESSION of memory or time" : "REGRESSION";
  return fmt::format("{}: {} of {} cases worse", verdict, counts.failed, counts.passed + counts.failed);
}

std::string side_text(Side const& side) {
  return fmt::format("{} ({}, {} {}, {})", side.path, side.generator, side.cases, side.cases == 1 ? "case" : "cases",
                     side.created_utc);
}

std::string gate_text(Rules const& rules, Tier tier) {
  std::array<bool, 5> const gates{true, rules.gate.counters, rules.gate.numeric, rules.gate.memory, rules.gate.time};
  return gates[static_cast<std::size_t>(tier)] ? "yes" : "no";
}

constexpr std::array<Verdict, 7> all_verdicts{Verdict::same,    Verdict::within,       Verdict::better,
                                              Verdict::warning, Verdict::inconclusive, Verdict::not_compared,
                                              Verdict::worse};
constexpr std::array<Tier, 5> all_tiers{Tier::status, Tier::counters, Tier::numeric, Tier::memory, Tier::time};

std::string tier_table(Comparison const& comparison) {
  std::string text = fmt::format("{:<10}", "lines");
  for (Verdict const verdict : all_verdicts) text += fmt::format(" {:>12}", name_of(verdict));
  text += "  gates\n";
  for (Tier const tier : all_tiers) {
    text += fmt::format("{:<10}", name_of(tier));
    for (Verdict const verdict : all_verdicts) text += fmt::format(" {:>12}", comparison.count(tier, verdict));
    text += fmt::format("  {}\n", gate_text(comparison.rules, tier));
  }
  return text;
}

std::string trend_text(Trend const& trend) {
  std::string text = fmt::format("{:<14} {:<16} median {:.4f}, geometric mean {:.4f}", trend.quantity, trend.family,
                                 trend.median, trend.geometric_mean);
  if (!std::isnan(trend.interval_low))
    text += fmt::format(" [{:.4f}, {:.4f}]", trend.interval_low, trend.interval_high);
  return text + fmt::format(" of {} {}", trend.cases, trend.cases == 1 ? "case" : "cases");
}

/// Families of which something changed; what did not is named in one line.
std::vector<std::string> trend_texts(Comparison const& comparison) {
  std::vector<std::string> texts;
  std::map<std::string, bool> changed;
  for (Trend const& trend : comparison.trends) {
    bool const is_one = trend.geometric_mean == 1.0 && trend.median == 1.0 && !(trend.interval_high > 1.0);
    changed[trend.quantity] |= !is_one;
    if (!is_one) texts.push_back(trend_text(trend));
  }
  std::string same;
  for (auto const& [quantity, has_changed] : changed) {
    if (!has_changed) same += (same.empty() ? "" : ", ") + quantity;
  }
  if (!same.empty()) texts.push_back("the same in every case: " + same);
  return texts;
}

/// A cell of a Markdown table.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("|\n", at)) != std::string::npos; at += 2) {
    text.replace(at, 1, text[at] == '|' ? "\\|" : "  ");
  }
  return text;
}

}  // namespace

std::string value_text(Value const& value, Unit unit) {
  if (auto const* word = std::get_if<std::string>(&value)) return *word;
  if (auto const* count = std::get_if<std::int64_t>(&value))
    return unit == Unit::bytes ? fmt::format("{} B", *count) : fmt::format("{}", *count);
  if (auto const* number = std::get_if<double>(&value))
    return unit == Unit::seconds ? seconds_text(*number) : fmt::format("{:.4g}", *number);
  return "-";
}

std::string line_text(Line const& line) {
  std::string text = fmt::format("{}: {}: {} {} -> {}, limit {}", name_of(line.tier), line.reason, line.quantity,
                                 value_text(line.old_value, line.unit), value_text(line.new_value, line.unit),
                                 value_text(line.limit, line.unit));
  return line.note.empty() ? text : text + " (" + line.note + ")";
}

std::vector<Line const*> findings(Comparison const& comparison) {
  std::vector<Line const*> found;
  for (Line const& line : comparison.lines) {
    if (says_something(line)) found.push_back(&line);
  }
  std::ranges::stable_sort(found, {}, [](Line const* line) { return rank_of(*line); });
  return found;
}

std::string as_table(Comparison const& comparison, bool all) {
  std::string text = fmt::format("new: {}\nold: {}\nrules: {}\n", side_text(comparison.new_side),
                                 side_text(comparison.old_side), comparison.rules.preset);
  for (std::string const& note : comparison.notes) text += "note: " + note + '\n';
  std::string_view last_case = "\n";  // no case has this name
  std::vector<Line const*> shown = findings(comparison);
  if (all) {
    shown.clear();
    for (Line const& line : comparison.lines) shown.push_back(&line);
  }
  for (Line const* line : shown) {
    if (line->case_id != last_case) text += "\n" + line->case_id + '\n';
    last_case = line->case_id;
    text += fmt::format("  {:<14} {}\n", verdict_text(*line), line_text(*line));
  }
  text += '\n' + tier_table(comparison);
  for (std::string const& reason : not_compared_texts(comparison)) text += "not compared: " + reason + '\n';
  std::vector<std::string> const trends = trend_texts(comparison);
  if (!trends.empty()) text += "\nnew / old by family:\n";
  for (std::string const& trend : trends) text += "  " + trend + '\n';
  return text + fmt::format("\n{}\n{}\n", headline(comparison), final_line(comparison));
}

std::string as_markdown(Comparison const& comparison) {
  constexpr std::size_t most_findings = 20, most_trends = 16, most_notes = 6;  // so that 60 lines are enough
  std::string text = fmt::format("### Retrace: {}\n\nnew: `{}` ({}), old: `{}` ({}), rules: {}\n\n",
                                 headline(comparison), comparison.new_side.path, comparison.new_side.generator,
                                 comparison.old_side.path, comparison.old_side.generator, comparison.rules.preset);
  text += "| lines |";
  for (Verdict const verdict : all_verdicts) text += fmt::format(" {} |", name_of(verdict));
  text += " gates |\n| --- |" + std::string(" ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n");
  for (Tier const tier : all_tiers) {
    text += fmt::format("| {} |", name_of(tier));
    for (Verdict const verdict : all_verdicts) text += fmt::format(" {} |", comparison.count(tier, verdict));
    text += fmt::format(" {} |\n", gate_text(comparison.rules, tier));
  }

  std::vector<Line const*> const found = findings(comparison);
  if (!found.empty())
    text +=
        "\n| verdict | case | quantity | old | new | limit | reason |\n| --- | --- | --- | ---: | ---: | ---: | --- "
        "|\n";
  for (std::size_t i = 0; i < std::min(found.size(), most_findings); ++i) {
    Line const& line = *found[i];
    text +=
        fmt::format("| {} | `{}` | {} | {} | {} | {} | {} |\n", verdict_text(line), line.case_id, cell(line.quantity),
                    cell(value_text(line.old_value, line.unit)), cell(value_text(line.new_value, line.unit)),
                    cell(value_text(line.limit, line.unit)), line.reason);
  }
  if (found.size() > most_findings) text += fmt::format("\n… and {} more lines.\n", found.size() - most_findings);

  std::vector<std::string> remarks = comparison.notes;
  for (std::string const& reason : not_compared_texts(comparison)) remarks.push_back("not compared: " + reason);
  if (!remarks.empty()) text += '\n';
  for (std::size_t i = 0; i < std::min(remarks.size(), most_notes); ++i) text += "- " + remarks[i] + '\n';

  std::vector<std::string> const trends = trend_texts(comparison);
  if (!trends.empty()) text += "\n```\nnew / old by family\n";
  for (std::size_t i = 0; i < std::min(trends.size(), most_trends); ++i) text += trends[i] + '\n';
  if (!trends.empty()) text += "```\n";
  return text;
}

}  // namespace retrace::compare
