#include "benchmarks/memory_use.hpp"

#include "benchmarks/check_row.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <utility>

namespace retrace {

namespace {

/// Measured peak over the method's formula, both of the largest rank. Two-sided: a formula that promises too much is
/// wrong.
CheckResult memory_model(double measured, double model) {
  if (model <= 0.0) {
    CheckResult none = skipped("this kind of problem has no formula for its bytes");
    none.check = "memory_model";
    return none;
  }
  constexpr double share = 0.02;  // of the formula
  CheckResult result =
      at_most("memory_model", measured / model, 1.0 + share, "measured peak bytes over the method's formula; 2 %");
  if (measured / model < 1.0 - share) result.verdict = CheckVerdict::fail;
  return result;
}

using Spaces = std::map<std::pair<std::string, AllocationKind>, SpaceUsage>;

/// Every space and kind that any rank has, in the same order on all of them.
Spaces spaces_of_all_ranks(Communicator const& comm, std::vector<SpaceUsage> const& own) {
  Spaces spaces;
  std::string names;
  for (SpaceUsage const& space : own) {
    spaces[{space.space, space.kind}] = space;
    names += space.space + (space.kind == AllocationKind::solver ? "\ts\n" : "\tr\n");
  }
  std::string all_names;
  for (std::string const& of_rank : comm.gather_text(names)) all_names += of_rank;
  all_names = comm.broadcast_text(all_names);
  for (std::size_t at = 0; at < all_names.size();) {
    std::size_t const tab = all_names.find('\t', at), end = all_names.find('\n', at);
    std::string const name = all_names.substr(at, tab - at);
    AllocationKind const kind = all_names[tab + 1] == 's' ? AllocationKind::solver : AllocationKind::runtime;
    SpaceUsage& entry = spaces[{name, kind}];
    entry.space = name;
    entry.kind = kind;
    at = end + 1;
  }
  return spaces;
}

/// One number of each rank as the statistics of results::MemoryStat: largest, least, median, sum.
struct Statistics {
  std::int64_t values[4];
  int rank_of_largest;
};
Statistics statistics(Communicator const& comm, std::int64_t own) {
  std::vector<double> all = comm.all_gather(std::vector<double>{static_cast<double>(own)});
  auto const largest = std::ranges::max_element(all);
  int const rank = static_cast<int>(largest - all.begin());
  double sum = 0.0;
  for (double const x : all) sum += x;
  std::ranges::sort(all);
  auto const whole = [](double x) { return static_cast<std::int64_t>(x); };
  return {{whole(all.back()), whole(all.front()), whole(all[all.size() / 2]), whole(sum)}, rank};
}

/// The labels that `rank` has, on every rank.
std::vector<LabelBytes> labels_of_rank(Communicator const& comm, int rank, std::vector<LabelBytes> const& own) {
  std::string text;
  if (comm.rank() == rank)
    for (LabelBytes const& label : own) text += std::to_string(label.bytes) + '\t' + label.label + '\0';
  std::string joined;
  for (std::string const& of_rank : comm.gather_text(text)) joined += of_rank;
  joined = comm.broadcast_text(joined);
  std::vector<LabelBytes> labels;
  for (std::size_t at = 0; at < joined.size();) {
    std::size_t const tab = joined.find('\t', at), end = joined.find('\0', at);
    LabelBytes& label = labels.emplace_back();
    std::from_chars(joined.data() + at, joined.data() + tab, label.bytes);
    label.label = joined.substr(tab + 1, end - tab - 1);
    at = end + 1;
  }
  return labels;
}

}  // namespace

MemoryUse record_memory(ProblemInstance const& problem, GradientChoice const& choice, StepControl const& control) {
  MemoryTracker& tracker = MemoryTracker::instance();
  (void)reset_process_peak_rss();
  tracker.start_recording();
  try {
    auto const driver = problem.make_gradient(choice, control);
    driver->run();
  } catch (...) {
    (void)tracker.stop_recording();  // else no later case could record
    throw;
  }
  return {tracker.stop_recording(), process_peak_rss_bytes()};
}

std::int64_t process_peak_bytes(ProblemInstance const& problem, GradientChoice const& choice,
                                StepControl const& control) {
  (void)reset_process_peak_rss();
  problem.make_gradient(choice, control)->run();
  return process_peak_rss_bytes();
}

void note_process_memory(Communicator const& comm, std::int64_t peak_rss_bytes, results::CaseRecord& record) {
  results::MemoryRow process;
  process.space = "process";
  process.kind = results::MemoryKind::process_rss;
  process.peak_bytes = statistics(comm, peak_rss_bytes).values[0];
  record.memory.push_back(process);
}

void note_memory(Communicator const& comm, MemoryUse const& use, std::int64_t model_bytes,
                 results::CaseRecord& record) {
  double leaked = 0.0, most = 0.0;  // most: solver's peak on the rank that has the largest
  for (auto const& [key, space] : spaces_of_all_ranks(comm, use.spaces)) {
    Statistics const baseline = statistics(comm, space.baseline), peak = statistics(comm, space.peak),
                     end = statistics(comm, space.end), above = statistics(comm, space.peak - space.baseline),
                     count = statistics(comm, space.count);
    std::vector<LabelBytes> const labels = labels_of_rank(comm, above.rank_of_largest, space.labels);
    bool const of_solver = space.kind == AllocationKind::solver;
    for (int stat = 0; stat < 4; ++stat) {
      results::MemoryRow row;
      row.space = space.space;
      row.kind = of_solver ? results::MemoryKind::solver : results::MemoryKind::runtime;
      row.stat = static_cast<results::MemoryStat>(stat);
      row.baseline_bytes = baseline.values[stat];
      row.peak_bytes = peak.values[stat];
      row.peak_above_baseline = above.values[stat];
      row.end_bytes = end.values[stat];
      row.alloc_count = count.values[stat];
      if (!labels.empty()) {
        row.largest_label = labels.front().label;
        row.largest_bytes = labels.front().bytes;
      }
      row.unmatched_frees = space.unmatched_frees;
      record.memory.push_back(row);
    }
    if (!of_solver) continue;
    most += static_cast<double>(above.values[0]);
    leaked += static_cast<double>(comm.all_max(space.end - space.baseline));
    for (LabelBytes const& label : labels) {
      results::LabelRow row;
      row.space = space.space;
      row.label = label.label;
      row.live_at_peak = label.bytes;
      record.mem_labels.push_back(row);
    }
  }
  note_process_memory(comm, use.peak_rss_bytes, record);

  record.checks.push_back(check_row(at_most("leak", leaked, 0.0, "bytes alive after the gradient's objects are gone"),
                                    results::not_measured));
  auto const model = static_cast<double>(comm.all_max(model_bytes));
  record.checks.push_back(check_row(memory_model(most, model), results::not_measured));
}

}  // namespace retrace
