#pragma once

#include "results/journal.hpp"
#include "results/lock_file.hpp"
#include "results/record.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Where a run puts its results so that they survive it: the journal, case by case, and the HDF5 file, rebuilt whole
/// from memory now and then. One process, under a lock.
namespace retrace::results {

/// What earlier runs left under the name of a result.
struct EarlierResult {
  ResultDocument document;
  AttemptsById attempts;
  std::vector<std::string> remarks;  ///< of the reader of the journal
  bool file_complete = false;        ///< the HDF5 file is there and finalized
};

/// The journal's content where there is one, else the file's; nothing where there is neither, or no name. Only reads.
/// Throws UsageError when what stands there cannot be continued: it is no result, damaged, of another version, or file
/// and journal are of different runs.
[[nodiscard]] std::optional<EarlierResult> find_earlier(std::filesystem::path const& output);

class ResultStore {
 public:
  /// Checks that a result can be put at `output` and locks it. With an empty name everything stays in memory. Throws
  /// UsageError when the folder is missing, the name is taken by something else, or another run writes there;
  /// EnvironmentError when the folder cannot be written.
  explicit ResultStore(std::filesystem::path output);

  [[nodiscard]] std::optional<EarlierResult> find_earlier() const { return results::find_earlier(output_); }
  /// Whose lock this one was taken over from; empty: nobody's.
  [[nodiscard]] std::string taken_over_from() const { return lock_ ? lock_->taken_over_from() : std::string(); }

  /// Goes on from `document`, whose last run is the one that begins now: writes snapshot and journal. Cases of the
  /// result stand in the order of `planned`, others behind them.
  void begin(ResultDocument document, AttemptsById attempts, std::vector<std::string> const& planned);

  void case_begins(std::string const& case_id);
  /// Adds the record, or puts it in the place of an earlier one. Run and attempts are filled in.
  /// `convergence`: levels that became known with it; those of the same group stand no longer.
  void case_ends(CaseRecord record, std::vector<ConvergenceRow> const& convergence = {});
  /// The case was given up for a reason that is not its own, such as the end of the job's time.
  void case_abandoned(std::string const& case_id);
  /// The same for a program that has no time for more than one write: where to, and what. -1 without a file.
  [[nodiscard]] std::pair<int, std::string> words_of_abandoned(std::string const& case_id) const;

  /// Writes a snapshot when the last one is 10 s old and writing has not taken more than 5 % of the time.
  void save_if_due();
  void save();
  /// Ends the run and writes the last snapshot. A result that is finalized needs its journal no more, which goes unless
  /// `keep_journal`.
  void end(EndedBy ended_by, int exit_code, bool finalized, bool keep_journal = false);

  [[nodiscard]] ResultDocument const& document() const { return document_; }
  [[nodiscard]] AttemptsById const& attempts() const { return attempts_; }

 private:
  [[nodiscard]] std::filesystem::path beside(char const* ending) const;
  void remove_leftovers() const;
  void put_in_place(CaseRecord record);

  std::filesystem::path output_;
  std::unique_ptr<LockFile> lock_;
  std::unique_ptr<Journal> journal_;
  ResultDocument document_;
  AttemptsById attempts_;
  std::map<std::string, std::size_t> rank_in_plan_;
  std::chrono::steady_clock::time_point last_save_{};
  std::chrono::steady_clock::duration cost_of_save_{};
};

}  // namespace retrace::results
