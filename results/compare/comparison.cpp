#include "results/compare/comparison.hpp"

#include "core/error.hpp"
#include "results/compare/case_tiers.hpp"
#include "results/compare/time_tier.hpp"
#include "results/compare/trends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace retrace::compare {

namespace {

using results::CaseRecord;
using results::ResultDocument;

/// The records of each case id; a file with several runs may hold a case more than once, the last one counts.
class CaseIndex {
 public:
  explicit CaseIndex(ResultDocument const& document) {
    for (CaseRecord const& record : document.cases) {
      auto& records = by_id_[record.row.case_id];
      if (records.empty()) order_.push_back(record.row.case_id);
      records.push_back(&record);
    }
  }

  [[nodiscard]] std::vector<std::string> const& ids() const { return order_; }
  [[nodiscard]] std::vector<CaseRecord const*> find(std::string const& id) const {
    auto const found = by_id_.find(id);
    return found == by_id_.end() ? std::vector<CaseRecord const*>{} : found->second;
  }

 private:
  std::vector<std::string> order_;
  std::unordered_map<std::string, std::vector<CaseRecord const*>> by_id_;
};

/// The fingerprints of a file's runs, each once, sorted.
std::set<std::string> fingerprints(ResultDocument const& document, std::string results::RunRow::*kind) {
  std::set<std::string> found;
  for (results::RunRow const& run : document.runs) found.insert(run.*kind);
  return found;
}

/// Unknown ones are equal to nothing.
bool are_equal(ResultDocument const& a, ResultDocument const& b, std::string results::RunRow::*kind) {
  auto const of_a = fingerprints(a, kind), of_b = fingerprints(b, kind);
  return !of_a.empty() && of_a == of_b && !of_a.contains("");
}

std::string environment_value(ResultDocument const& document, std::string_view key) {
  auto const found = std::ranges::find(document.environment, key, &results::EnvironmentRow::key);
  return found == document.environment.end() ? std::string() : found->value;
}

Side side_of(ResultDocument const& document, std::string path) {
  auto const joined = [&](std::string results::RunRow::*kind) {
    std::string text;
    for (std::string const& one : fingerprints(document, kind)) text += (text.empty() ? "" : ", ") + one;
    return text;
  };
  return {.path = std::move(path),
          .title = document.title,
          .generator = document.generator,
          .created_utc = document.created_utc,
          .fingerprint_hw = joined(&results::RunRow::fingerprint_hw),
          .fingerprint_sw = joined(&results::RunRow::fingerprint_sw),
          .finalized = document.finalized,
          .cases = document.cases.size()};
}

Line presence_line(std::string const& id, std::string reason, Verdict verdict, bool gates, std::string note) {
  bool const is_new = reason == "new-case", is_removed = reason == "removed";
  return {.case_id = id,
          .tier = Tier::status,
          .quantity = "case",
          .old_value = std::string(is_new ? "absent" : "present"),
          .new_value = std::string(is_removed ? "absent" : "present"),
          .limit = std::string("present"),
          .verdict = verdict,
          .reason = std::move(reason),
          .note = std::move(note),
          .gates = gates};
}

class Comparer {
 public:
  Comparer(ResultDocument const& new_document, ResultDocument const& old_document, Question const& question)
      : new_document_(new_document),
        old_document_(old_document),
        question_(question),
        new_cases_(new_document),
        old_cases_(old_document) {
    surroundings_.same_software = are_equal(new_document, old_document, &results::RunRow::fingerprint_sw);
    surroundings_.same_hardware = are_equal(new_document, old_document, &results::RunRow::fingerprint_hw);
    std::string const of_new = environment_value(new_document, "vector_bytes"),
                      of_old = environment_value(old_document, "vector_bytes");
    surroundings_.same_registers = of_new.empty() || of_old.empty() || of_new == of_old;
  }

  void compare_into(Comparison& comparison) {
    add_notes(comparison.notes);
    std::map<std::string, Line> time_of_case;
    match();
    for (Line& line : all_times()) time_of_case.insert_or_assign(line.case_id, line);
    for (std::string const& id : old_cases_.ids()) {
      add_case(id, comparison.lines);
      if (auto const found = time_of_case.find(id); found != time_of_case.end())
        comparison.lines.push_back(std::move(found->second));
    }
    for (std::string const& id : new_cases_.ids()) {
      if (old_cases_.find(id).empty())
        comparison.lines.push_back(presence_line(id, "new-case", Verdict::not_compared, false, "not in the baseline"));
    }
    std::ranges::move(order_lines(new_document_, old_document_, question_.rules), std::back_inserter(comparison.lines));
    comparison.trends = trends(pairs_, surroundings_.same_hardware);
  }

  [[nodiscard]] std::size_t compared() const { return pairs_.size(); }

 private:
  void match() {
    for (std::string const& id : old_cases_.ids()) {
      auto const old_records = old_cases_.find(id), new_records = new_cases_.find(id);
      if (new_records.empty() || is_redefined(id)) continue;
      pairs_.push_back({new_records.back(), old_records.back()});
      timed_.push_back({new_records, old_records});
    }
  }

  [[nodiscard]] bool is_redefined(std::string const& id) const {
    auto const old_records = old_cases_.find(id), new_records = new_cases_.find(id);
    return !new_records.empty() && new_records.back()->row.case_hash != old_records.back()->row.case_hash;
  }

  std::vector<Line> all_times() const {
    bool const same_binding = bindings(new_document_) == bindings(old_document_);
    bool const same_machine = surroundings_.same_hardware && same_binding;
    return time_lines(timed_, same_machine, surroundings_.same_hardware ? "time-other-binding" : "time-other-hardware",
                      question_.rules);
  }

  void add_case(std::string const& id, std::vector<Line>& lines) const {
    auto const old_records = old_cases_.find(id), new_records = new_cases_.find(id);
    if (new_records.empty()) {
      bool const allowed = question_.allow_removed;
      lines.push_back(presence_line(id, "removed", allowed ? Verdict::warning : Verdict::worse, !allowed,
                                    allowed ? "" : "--allow-removed accepts it"));
      return;
    }
    if (is_redefined(id)) {
      std::string note =
          fmt::format("case_hash was {}, is {}", old_records.back()->row.case_hash, new_records.back()->row.case_hash);
      lines.push_back(presence_line(id, "changed-definition", Verdict::warning, false, std::move(note)));
      return;
    }
    CasePair const pair{*new_records.back(), *old_records.back(), surroundings_, question_.rules};
    lines.push_back(status_line(pair));
    for (auto const& tier : {counter_lines(pair), numeric_lines(pair), memory_lines(pair)})
      lines.insert(lines.end(), tier.begin(), tier.end());
  }

  void add_notes(std::vector<std::string>& notes) const {
    if (!new_document_.finalized) notes.emplace_back("the new result is not complete; resume its run");
    if (!old_document_.finalized) notes.emplace_back("the baseline is not complete");
    if (!surroundings_.same_software)
      notes.emplace_back("other software: adaptive counters and bytes have their slack");
    if (!surroundings_.same_hardware) notes.emplace_back("other hardware: times are not comparable");
    if (!surroundings_.same_registers)
      notes.emplace_back("other width of vector registers: bytes are not comparable; everything else is");
  }

  ResultDocument const& new_document_;
  ResultDocument const& old_document_;
  Question const& question_;
  CaseIndex new_cases_, old_cases_;
  Surroundings surroundings_;
  std::vector<MatchedCase> pairs_;
  std::vector<TimedCase> timed_;
};

}  // namespace

std::int64_t Comparison::count(Tier tier, Verdict verdict) const {
  return std::ranges::count_if(lines, [&](Line const& line) { return line.tier == tier && line.verdict == verdict; });
}

int Comparison::exit_code() const {
  constexpr int correctness = 1, cost = 3;
  int code = 0;
  for (Line const& line : lines) {
    if (!is_red(line)) continue;
    if (line.tier != Tier::memory && line.tier != Tier::time) return correctness;
    code = cost;
  }
  return code;
}

Comparison compare(ResultDocument const& new_document, std::string new_path, ResultDocument const& old_document,
                   std::string old_path, Question const& question) {
  Comparison comparison;
  comparison.rules = question.rules;
  Comparer comparer(new_document, old_document, question);
  comparer.compare_into(comparison);
  if (question.must_overlap && comparer.compared() == 0 && comparison.exit_code() == 0)
    throw UsageError(
        fmt::format("{}: none of its {} cases can be compared with the {} of {}: no case_id and case_hash "
                    "is in both",
                    new_path, new_document.cases.size(), old_document.cases.size(), old_path));
  comparison.new_side = side_of(new_document, std::move(new_path));
  comparison.old_side = side_of(old_document, std::move(old_path));
  return comparison;
}

CaseCounts count_cases(Comparison const& comparison) {
  enum class Outcome : std::uint8_t { skipped, passed, failed };
  std::map<std::string_view, Outcome> outcome_of;
  for (Line const& line : comparison.lines) {
    bool const is_case_line = line.quantity == "case";
    Outcome const outcome = is_red(line)                                     ? Outcome::failed
                            : is_case_line && line.verdict != Verdict::worse ? Outcome::skipped
                                                                             : Outcome::passed;
    Outcome& so_far = outcome_of.try_emplace(line.case_id, outcome).first->second;
    so_far = std::max(so_far, outcome);
  }
  CaseCounts counts;
  for (auto const& [id, outcome] : outcome_of) {
    counts.skipped += outcome == Outcome::skipped ? 1 : 0;
    counts.passed += outcome == Outcome::passed ? 1 : 0;
    counts.failed += outcome == Outcome::failed ? 1 : 0;
  }
  return counts;
}

std::string final_line(Comparison const& comparison) {
  CaseCounts const counts = count_cases(comparison);
  return fmt::format("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
}

}  // namespace retrace::compare
