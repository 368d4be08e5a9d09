#include "results/compare/time_tier.hpp"

#include "results/compare/case_tiers.hpp"
#include "results/compare/launch_test.hpp"
#include "results/compare/middle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace retrace::compare {

namespace {

using results::CaseRecord;
using results::TimingQuality;

/// The middle of the launches, for people; a file without samples has its stored median.
double shown_median(std::vector<double> const& medians, std::vector<CaseRecord const*> const& records) {
  if (!medians.empty()) return median_of(medians);
  return records.empty() ? results::not_measured : records.back()->cost.time_median;
}

bool is_usable(std::vector<CaseRecord const*> const& records) {
  return std::ranges::all_of(records, [](CaseRecord const* record) {
    TimingQuality const quality = record->cost.timing_quality;
    return quality == TimingQuality::good || quality == TimingQuality::noisy;
  });
}

std::string launches_text(std::size_t new_launches, std::size_t old_launches) {
  std::size_t const fewer = std::min(new_launches, old_launches);
  return fmt::format("{} {}", fewer, fewer == 1 ? "launch" : "launches");
}

struct Obstacle {
  std::string code, note;
};

/// Why there is no verdict on this case, or nothing.
std::optional<Obstacle> obstacle(TimedCase const& timed, std::vector<double> const& new_medians,
                                 std::vector<double> const& old_medians, bool same_machine, std::string const& why,
                                 TimeRules const& rules) {
  CaseRecord const &new_record = *timed.new_records.back(), &old_record = *timed.old_records.back();
  if (new_record.row.status != results::Status::pass || old_record.row.status != results::Status::pass)
    return Obstacle{"time-not-passed", "only cases that pass have a speed"};
  if (!same_machine) return Obstacle{why, "side by side only"};
  if (new_record.row.threads != old_record.row.threads || new_record.row.ranks != old_record.row.ranks)
    return Obstacle{"time-other-binding", "other numbers of ranks or threads"};
  if (!is_usable(timed.new_records) || !is_usable(timed.old_records))
    return Obstacle{"time-quality", "timing quality is neither good nor noisy"};
  if (std::min(new_medians.size(), old_medians.size()) < static_cast<std::size_t>(rules.launches))
    return Obstacle{"time-few-launches",
                    fmt::format("informational ({}); {} on each side are needed",
                                launches_text(new_medians.size(), old_medians.size()), rules.launches)};
  return std::nullopt;
}

std::string statistics_note(LaunchTest const& test, TimeRules const& rules) {
  std::string note = fmt::format("{:+.1f} %, {:.0f} % interval {:+.1f} to {:+.1f} %", 100 * std::expm1(test.log_change),
                                 100 * rules.same_confidence, 100 * std::expm1(test.interval_low),
                                 100 * std::expm1(test.interval_high));
  if (test.verdict != TimeVerdict::inconclusive) return note;
  note += fmt::format("; smallest detectable slow-down {:.1f} %, ", 100 * test.detectable_change);
  return note + (test.launches_needed > 0 ? fmt::format("{} launches would decide", test.launches_needed)
                                          : std::string("more than 10,000 launches would be needed"));
}

void decide_time(Line& line, LaunchTest const& test, TimeRules const& rules) {
  constexpr std::array<std::pair<Verdict, std::string_view>, 4> meaning{{{Verdict::worse, "time-slower"},
                                                                         {Verdict::better, "time-faster"},
                                                                         {Verdict::same, "time-same"},
                                                                         {Verdict::inconclusive, "time-inconclusive"}}};
  auto const& [verdict, reason] = meaning[static_cast<std::size_t>(test.verdict)];
  line.verdict = verdict;
  line.reason = reason;
  line.note = statistics_note(test, rules);
}

}  // namespace

std::vector<double> launch_medians(std::vector<CaseRecord const*> const& records) {
  std::map<std::pair<std::size_t, std::int32_t>, std::vector<double>> launches;  // by record, which is one run's
  for (std::size_t r = 0; r < records.size(); ++r) {
    for (results::Sample const& sample : records[r]->samples) {
      if (sample.phase == results::Phase::total && !sample.is_warmup && sample.seconds > 0.0)
        launches[{r, sample.launch}].push_back(sample.seconds);
    }
  }
  std::vector<double> medians;
  for (auto& [launch, seconds] : launches) medians.push_back(median_of(std::move(seconds)));
  return medians;
}

std::vector<std::string> bindings(results::ResultDocument const& document) {
  constexpr std::array<std::string_view, 5> keys{"cpus_of_ranks", "OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES",
                                                 "KOKKOS_NUM_THREADS"};
  std::map<std::int64_t, std::string> of_run;
  for (results::EnvironmentRow const& row : document.environment) {
    if (std::ranges::find(keys, row.key) != keys.end()) of_run[row.run] += row.key + '=' + row.value + '\n';
  }
  std::set<std::string> distinct;
  for (auto const& [run, text] : of_run) distinct.insert(text);
  return {distinct.begin(), distinct.end()};
}

std::vector<Line> time_lines(std::vector<TimedCase> const& cases, bool same_machine, std::string const& why,
                             Rules const& rules) {
  std::vector<Line> lines;
  std::vector<LaunchTest> tests;
  std::vector<std::size_t> tested;  // index into lines
  for (TimedCase const& timed : cases) {
    std::vector<double> const new_medians = launch_medians(timed.new_records),
                              old_medians = launch_medians(timed.old_records);
    double const old_seconds = shown_median(old_medians, timed.old_records),
                 new_seconds = shown_median(new_medians, timed.new_records);
    if (std::isnan(old_seconds) && std::isnan(new_seconds)) continue;
    Line line{.case_id = timed.old_records.back()->row.case_id, .tier = Tier::time, .quantity = "seconds"};
    line.unit = Unit::seconds;
    if (!std::isnan(old_seconds)) line.old_value = old_seconds;
    if (!std::isnan(new_seconds)) line.new_value = new_seconds;
    auto const blocked = obstacle(timed, new_medians, old_medians, same_machine, why, rules.time);
    if (blocked) {
      line.verdict = Verdict::not_compared;
      line.reason = blocked->code;
      line.note = blocked->note;
    } else {
      line.limit = old_seconds * (1.0 + rules.time.slower);
      line.gates = rules.gate.time;
      tests.push_back(test_launches(old_medians, new_medians, rules.time));
      tested.push_back(lines.size());
    }
    lines.push_back(std::move(line));
  }
  control_false_discoveries(tests, rules.time.false_discovery);
  for (std::size_t i = 0; i < tests.size(); ++i) decide_time(lines[tested[i]], tests[i], rules.time);
  return lines;
}

void apply_second_opinion(Line& line, LaunchTest const& fresh, int launches, TimeRules const& rules) {
  line.note += fmt::format("; {} fresh launches: {}", launches, statistics_note(fresh, rules));
  if (fresh.verdict == TimeVerdict::slower) {
    line.reason = "time-slower-confirmed";
    return;
  }
  line.verdict = Verdict::inconclusive;
  line.reason = "time-not-confirmed";
}

}  // namespace retrace::compare
