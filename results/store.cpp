#include "results/store.hpp"

#include "core/error.hpp"
#include "results/atomic_file.hpp"
#include "results/reader.hpp"
#include "results/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace retrace::results {

namespace fs = std::filesystem;

namespace {

/// Not exists(): a link that points nowhere is in the way too.
bool stands(fs::path const& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

/// What a link to a file points to; anything else as it is.
fs::path behind_link(fs::path const& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored) && fs::exists(path, ignored) ? fs::canonical(path) : path;
}

fs::path with_ending(fs::path path, char const* ending) {
  return path += ending;
}

std::string first_run(ResultDocument const& document) {
  return document.runs.empty() ? std::string() : document.runs.front().run_uuid;
}

}  // namespace

std::optional<EarlierResult> find_earlier(fs::path const& name) {
  if (name.empty()) return std::nullopt;
  fs::path const output = behind_link(name);
  fs::path const journal = with_ending(output, ".journal");
  bool const has_file = stands(output), has_journal = stands(journal);
  if (!has_file && !has_journal) return std::nullopt;
  EarlierResult earlier;
  if (has_file) {
    try {
      earlier.document = read_result(output);
      earlier.file_complete = earlier.document.finalized;
    } catch (UsageError const& error) {
      throw UsageError(
          fmt::format("output '{}' exists and is not overwritten; choose another with -o or remove it{} ({})",
                      output.string(), has_journal ? ", its journal has everything" : "", error.what()));
    }
  }
  if (has_journal) {
    JournalContent content = read_journal(journal);
    if (has_file && first_run(content.document) != first_run(earlier.document)) {
      throw UsageError(
          fmt::format("'{}' and '{}' are of different runs; move one of them away", output.string(), journal.string()));
    }
    earlier.document = std::move(content.document);
    earlier.attempts = std::move(content.attempts);
    earlier.remarks = std::move(content.remarks);
  } else {
    for (CaseRecord const& record : earlier.document.cases)
      earlier.attempts[record.row.case_id].total = record.row.attempts;
  }
  return earlier;
}

ResultStore::ResultStore(fs::path output) : output_(std::move(output)) {
  if (output_.empty()) return;
  output_ = behind_link(output_);
  check_output_name(output_);
  lock_ = std::make_unique<LockFile>(beside(".lock"));
  remove_leftovers();
}

fs::path ResultStore::beside(char const* ending) const {
  return with_ending(output_, ending);
}

/// What killed writers of snapshots left. Nobody else writes here now.
void ResultStore::remove_leftovers() const {
  fs::path const folder = output_.parent_path().empty() ? fs::path(".") : output_.parent_path();
  std::string const file = output_.filename().string();
  std::vector<fs::path> leftovers;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string const name = at->path().filename().string();
    if (AtomicFile::is_temporary_of(file, name) || AtomicFile::is_temporary_of(file + ".journal", name))
      leftovers.push_back(at->path());
  }
  for (fs::path const& path : leftovers) fs::remove(path, error);
}

void ResultStore::begin(ResultDocument document, AttemptsById attempts, std::vector<std::string> const& planned) {
  document_ = std::move(document);
  attempts_ = std::move(attempts);
  rank_in_plan_.clear();
  for (std::string const& id : planned) rank_in_plan_.emplace(id, rank_in_plan_.size());
  document_.planned_cases = static_cast<std::int64_t>(planned.size());
  for (CaseRecord const& record : document_.cases)
    document_.planned_cases += rank_in_plan_.contains(record.row.case_id) ? 0 : 1;
  std::ranges::stable_sort(document_.cases, {}, [this](CaseRecord const& record) {
    auto const place = rank_in_plan_.find(record.row.case_id);
    return place == rank_in_plan_.end() ? rank_in_plan_.size() : place->second;
  });
  document_.finalized = false;
  if (document_.created_utc.empty()) document_.created_utc = utc_now();
  if (output_.empty()) return;
  save();  // also the first attempt to write at all
  journal_ = std::make_unique<Journal>(beside(".journal"), document_, attempts_);
}

void ResultStore::case_begins(std::string const& case_id) {
  CaseAttempts& attempts = attempts_[case_id];
  ++attempts.total;
  ++attempts.open;
  if (journal_) journal_->case_begins(case_id);
}

void ResultStore::case_ends(CaseRecord record, std::vector<ConvergenceRow> const& convergence) {
  CaseAttempts& attempts = attempts_[record.row.case_id];
  attempts.open = 0;
  record.row.attempts = std::max(attempts.total, 1);
  record.row.run = static_cast<std::int64_t>(document_.runs.size()) - 1;
  if (journal_) journal_->case_ends(record, convergence);
  put_in_place(std::move(record));
  replace_groups(document_.convergence, convergence);
}

void ResultStore::put_in_place(CaseRecord record) {
  auto const place_of = [this](CaseRecord const& known) {
    auto const place = rank_in_plan_.find(known.row.case_id);
    return place == rank_in_plan_.end() ? rank_in_plan_.size() : place->second;
  };
  auto const same = std::ranges::find(document_.cases, record.row.case_id,
                                      [](CaseRecord const& known) -> std::string const& { return known.row.case_id; });
  if (same != document_.cases.end()) {
    *same = std::move(record);
    return;
  }
  auto const behind = std::ranges::upper_bound(document_.cases, place_of(record), {}, place_of);
  document_.cases.insert(behind, std::move(record));
}

void ResultStore::case_abandoned(std::string const& case_id) {
  CaseAttempts& attempts = attempts_[case_id];
  attempts.open = std::max(attempts.open - 1, 0);
  if (journal_) journal_->case_abandoned(case_id);
}

std::pair<int, std::string> ResultStore::words_of_abandoned(std::string const& case_id) const {
  return journal_ ? std::pair{journal_->descriptor(), Journal::words_of_abandoned(case_id)}
                  : std::pair{-1, std::string()};
}

void ResultStore::save_if_due() {
  constexpr auto period = std::chrono::seconds(10);
  constexpr int inverse_share = 20;  // 5 % of the time
  auto const since = std::chrono::steady_clock::now() - last_save_;
  if (since > period && since > inverse_share * cost_of_save_) save();
}

void ResultStore::save() {
  if (output_.empty()) return;
  auto const begin = std::chrono::steady_clock::now();
  write_snapshot(output_, document_);
  last_save_ = std::chrono::steady_clock::now();
  cost_of_save_ = last_save_ - begin;
}

void ResultStore::end(EndedBy ended_by, int exit_code, bool finalized, bool keep_journal) {
  RunRow& run = document_.runs.back();
  run.ended_utc = utc_now();
  run.ended_by = ended_by;
  run.exit_code = exit_code;
  document_.finalized = finalized;
  if (journal_) journal_->run_ends(document_);
  save();
  if (journal_ && finalized && !keep_journal) journal_->remove();
  journal_.reset();
  if (lock_) lock_->release();
}

}  // namespace retrace::results
