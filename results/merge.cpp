#include "results/merge.hpp"

#include "core/error.hpp"
#include "results/timing_statistics.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace retrace::results {

namespace {

struct Entry {
  CaseRecord record;
  std::string started;  ///< of its run
  std::string file;
};

std::string started_of(ResultDocument const& document, CaseRecord const& record) {
  return document.runs.at(static_cast<std::size_t>(record.row.run)).started_utc;
}

/// Which column says that the two are not launches of one thing; empty: none.
std::string conflict_between(CaseRecord const& a, CaseRecord const& b) {
  if (a.row.case_hash != b.row.case_hash) return "case_hash";
  if (a.row.status != b.row.status) return "status";
  if (a.accuracy.grad_digest != b.accuracy.grad_digest) return "grad_digest";
  for (auto const& [name, member] : std::initializer_list<std::pair<char const*, std::int64_t CostRow::*>>{
           {"nfe_fwd", &CostRow::nfe_fwd},
           {"nfe_bwd", &CostRow::nfe_bwd},
           {"n_jvp", &CostRow::n_jvp},
           {"n_vjp", &CostRow::n_vjp},
           {"steps_accepted", &CostRow::steps_accepted},
           {"steps_rejected", &CostRow::steps_rejected}}) {
    if (a.cost.*member != b.cost.*member) return name;
  }
  return {};
}

void check_alike(MergeInput const& first, MergeInput const& other) {
  if (first.document.runs.empty() || other.document.runs.empty())
    throw UsageError(fmt::format("'{}' has no run", first.document.runs.empty() ? first.name : other.name));
  if (first.document.config.sha256 != other.document.config.sha256)
    throw UsageError(
        fmt::format("'{}' and '{}' are of different configurations; --prefer newest merges them all the same",
                    first.name, other.name));
  if (first.document.runs.back().fingerprint_sw != other.document.runs.back().fingerprint_sw)
    throw UsageError(fmt::format("'{}' and '{}' are of different builds; --prefer newest merges them all the same",
                                 first.name, other.name));
}

/// "2/8" -> {2, 8}
std::optional<std::pair<int, int>> shard_of(std::string const& text) {
  int index = 0, count = 0;
  if (std::sscanf(text.c_str(), "%d/%d", &index, &count) != 2 || index < 1 || count < 1) return std::nullopt;
  return std::pair{index, count};
}

class Merger {
 public:
  explicit Merger(bool prefer_newest) : prefer_newest_(prefer_newest) {}

  void add(MergeInput input) {
    ResultDocument& document = input.document;
    bool const has_launches = std::ranges::any_of(document.cases, [&](CaseRecord const& record) {
      auto const found = cases_.find(record.row.case_id);
      return found != cases_.end() && !same_run(found->second, document, record);
    });
    std::int32_t const first_launch = has_launches ? launches_ : 0;
    std::vector<std::int64_t> const new_index = add_runs(document, first_launch);
    for (CaseRecord& record : document.cases) {
      std::string const started = started_of(document, record);
      std::string const uuid = document.runs[static_cast<std::size_t>(record.row.run)].run_uuid;
      record.row.run = new_index[static_cast<std::size_t>(record.row.run)];
      for (Sample& sample : record.samples) {
        sample.launch += first_launch;
        launches_ = std::max(launches_, sample.launch + 1);
      }
      add_case({std::move(record), started, input.name});
    }
    std::ranges::move(document.convergence, std::back_inserter(merged_.document.convergence));
    finalized_ = finalized_ && document.finalized;
    if (document.planned_cases > 0)
      missing_ += std::max<std::int64_t>(document.planned_cases - std::ssize(document.cases), 0);
    if (auto const shard = shard_of(document.runs.back().shard)) {
      shards_[shard->second].insert(shard->first);
    }
  }

  Merged finished() && {
    for (auto& [id, entry] : cases_) merged_.document.cases.push_back(std::move(entry.record));
    for (auto const& [count, present] : shards_) {
      if (static_cast<int>(present.size()) == count) continue;
      std::string absent;
      for (int index = 1; index <= count; ++index) {
        if (!present.contains(index)) absent += fmt::format("{}{}", absent.empty() ? "" : ", ", index);
      }
      merged_.notes.push_back(fmt::format("shards {} of {} are missing", absent, count));
      finalized_ = false;
    }
    if (missing_ > 0) merged_.notes.push_back(fmt::format("{} planned cases have not been run", missing_));
    auto request = nlohmann::json::parse(merged_.document.config.request_json, nullptr, false);
    if (request.is_object()) {
      request.erase("shard");
      merged_.document.config.request_json = request.dump();
    }
    merged_.document.finalized = finalized_ && missing_ == 0;
    merged_.document.planned_cases = std::ssize(merged_.document.cases) + missing_;
    return std::move(merged_);
  }

  Merged& result() { return merged_; }

 private:
  [[nodiscard]] bool same_run(Entry const& entry, ResultDocument const& document, CaseRecord const& record) const {
    return merged_.document.runs[static_cast<std::size_t>(entry.record.row.run)].run_uuid ==
           document.runs.at(static_cast<std::size_t>(record.row.run)).run_uuid;
  }

  /// Returns where each run of `document` stands now.
  std::vector<std::int64_t> add_runs(ResultDocument& document, std::int32_t first_launch) {
    std::vector<std::int64_t> new_index;
    for (std::size_t i = 0; i < document.runs.size(); ++i) {
      RunRow run = document.runs[i];
      auto const old = static_cast<std::int64_t>(i);
      auto const known = run_index_.find(run.run_uuid);
      if (known != run_index_.end()) {
        new_index.push_back(known->second);
        continue;
      }
      auto const index = std::ssize(merged_.document.runs);
      run_index_.emplace(run.run_uuid, index);
      new_index.push_back(index);
      run.launch_index += first_launch;
      launches_ = std::max(launches_, run.launch_index + 1);
      merged_.document.runs.push_back(std::move(run));
      copy_rows(document.environment, old, index, merged_.document.environment);
      copy_rows(document.ranks, old, index, merged_.document.ranks);
    }
    return new_index;
  }

  template <class Row>
  static void copy_rows(std::vector<Row> const& from, std::int64_t old, std::int64_t index, std::vector<Row>& to) {
    for (Row row : from) {
      if (row.run != old) continue;
      row.run = index;
      to.push_back(std::move(row));
    }
  }

  void add_case(Entry entry) {
    std::string const id = entry.record.row.case_id;
    auto const found = cases_.find(id);
    if (found == cases_.end()) {
      cases_.emplace(id, std::move(entry));
      return;
    }
    Entry& known = found->second;
    if (known.record.row.run == entry.record.row.run) return;  // the same run, given twice
    std::string const conflict = conflict_between(known.record, entry.record);
    if (!conflict.empty() && !prefer_newest_)
      throw UsageError(fmt::format("'{}' and '{}' differ in {} of the case {}; --prefer newest takes the later one",
                                   known.file, entry.file, conflict, id));
    if (!conflict.empty()) {
      if (known.started < entry.started) known = std::move(entry);
      return;
    }
    std::ranges::move(entry.record.samples, std::back_inserter(known.record.samples));
    // Quality is that of the launches' own: what surrounded them is not known here.
    std::string const reason = known.record.cost.timing_reason;
    TimingQuality const quality = std::max(known.record.cost.timing_quality, entry.record.cost.timing_quality);
    summarize_times(known.record.samples, {}, known.record.cost);
    if (quality > known.record.cost.timing_quality) {
      known.record.cost.timing_quality = quality;
      known.record.cost.timing_reason = reason.empty() ? entry.record.cost.timing_reason : reason;
    }
  }

  bool prefer_newest_;
  Merged merged_;
  std::map<std::string, Entry> cases_;
  std::map<std::string, std::int64_t> run_index_;
  std::map<int, std::set<int>> shards_;
  std::int32_t launches_ = 0;
  std::int64_t missing_ = 0;
  bool finalized_ = true;
};

}  // namespace

Merged merge(std::vector<MergeInput> inputs, bool prefer_newest) {
  if (inputs.empty()) throw UsageError("nothing to merge");
  for (MergeInput const& input : inputs) {
    if (!prefer_newest) check_alike(inputs.front(), input);
  }
  Merger merger(prefer_newest);
  ResultDocument& document = merger.result().document;
  ResultDocument const& first = inputs.front().document;
  document.title = first.title;
  document.generator = first.generator;
  document.license = first.license;
  document.config = first.config;
  document.history = first.history;
  for (MergeInput& input : inputs) merger.add(std::move(input));
  return std::move(merger).finished();
}

}  // namespace retrace::results
