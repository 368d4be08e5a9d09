// Tier D: bytes and allocations.
#include "results/compare/case_tiers.hpp"
#include "results/compare/line_making.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <tuple>

namespace retrace::compare {

namespace {

using detail::decide;
using detail::decide_count;
using detail::line_of;
using detail::slack_of;

using MemoryKey = std::tuple<std::string, results::MemoryKind, results::MemoryStat>;

std::map<MemoryKey, results::MemoryRow const*> memory_by_key(results::CaseRecord const& record) {
  std::map<MemoryKey, results::MemoryRow const*> rows;
  for (results::MemoryRow const& row : record.memory) rows[{row.space, row.kind, row.stat}] = &row;
  return rows;
}

/// Bytes and allocations of one space. `limit_*`: what may be added to the old value.
void add_solver_lines(CasePair const& pair, results::MemoryRow const& old_row, results::MemoryRow const* new_row,
                      std::vector<Line>& lines) {
  MemoryRules const& rules = pair.rules.memory;
  bool const exact = pair.surroundings.same_software;
  std::string const where =
      fmt::format("{}{}", old_row.space, old_row.stat == results::MemoryStat::max_rank ? "" : ", all ranks");
  Line bytes = line_of(pair, Tier::memory, fmt::format("peak_above_baseline [{}]", where), pair.rules.gate.memory);
  bytes.unit = Unit::bytes;
  std::int64_t const old_peak = old_row.peak_above_baseline;
  std::int64_t const slack = exact ? 0 : slack_of(old_peak, rules.slack_share, 0) + rules.slack_bytes;
  if (decide_count(bytes, old_peak, new_row != nullptr ? new_row->peak_above_baseline : -1, slack, "bytes"))
    lines.push_back(std::move(bytes));

  Line count = line_of(pair, Tier::memory, fmt::format("alloc_count [{}]", where), pair.rules.gate.memory);
  std::int64_t const more = exact ? 0 : slack_of(old_row.alloc_count, rules.slack_share, rules.slack_count);
  if (decide_count(count, old_row.alloc_count, new_row != nullptr ? new_row->alloc_count : -1, more, "allocations"))
    lines.push_back(std::move(count));
}

void add_process_line(CasePair const& pair, results::MemoryRow const& old_row, results::MemoryRow const* new_row,
                      std::vector<Line>& lines) {
  MemoryRules const& rules = pair.rules.memory;
  Line line = line_of(pair, Tier::memory, fmt::format("{} peak", results::name_of(old_row.kind)), false);
  line.unit = Unit::bytes;
  std::int64_t const slack = slack_of(old_row.peak_bytes, rules.process_share, 0) + rules.process_bytes;
  if (new_row == nullptr || !decide_count(line, old_row.peak_bytes, new_row->peak_bytes, slack, "bytes")) return;
  if (line.verdict == Verdict::worse) line.verdict = Verdict::warning;
  lines.push_back(std::move(line));
}

/// Why bytes of the two runs cannot be held against each other, or nothing.
std::string_view memory_obstacle(CasePair const& pair) {
  results::CaseRow const &old_row = pair.old_record.row, &new_row = pair.new_record.row;
  if (old_row.backend != new_row.backend) return "memory-other-backend";
  if (old_row.ranks != new_row.ranks) return "memory-other-ranks";
  if (old_row.threads != new_row.threads) return "memory-other-threads";
  if (!pair.surroundings.same_registers) return "memory-other-vector-width";
  return {};
}

}  // namespace

std::vector<Line> memory_lines(CasePair const& pair) {
  std::vector<Line> lines;
  auto const old_rows = memory_by_key(pair.old_record), new_rows = memory_by_key(pair.new_record);
  if (old_rows.empty()) return lines;
  std::string_view const obstacle = memory_obstacle(pair);
  if (!obstacle.empty()) {
    Line line = line_of(pair, Tier::memory, "peak_above_baseline", pair.rules.gate.memory);
    decide(line, Verdict::not_compared, obstacle);
    return {line};
  }
  for (auto const& [key, old_row] : old_rows) {
    auto const [space, kind, stat] = key;
    auto const found = new_rows.find(key);
    results::MemoryRow const* const new_row = found == new_rows.end() ? nullptr : found->second;
    bool const several = pair.old_record.row.ranks > 1 && stat == results::MemoryStat::sum_ranks;
    if (stat != results::MemoryStat::max_rank && !several) continue;
    if (kind == results::MemoryKind::solver) add_solver_lines(pair, *old_row, new_row, lines);
    if (kind == results::MemoryKind::process_rss || kind == results::MemoryKind::device_used)
      add_process_line(pair, *old_row, new_row, lines);
  }
  return lines;
}

}  // namespace retrace::compare
