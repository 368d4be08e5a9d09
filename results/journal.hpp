#pragma once

#include "results/record.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The result as it grows: `<out>.journal`, one JSON object per line, each on the disk before the next step. What
/// stands there survives whatever ends the program; only a last line without its end is lost.
namespace retrace::results {

/// How often a case was begun.
struct CaseAttempts {
  std::int32_t total = 0;  ///< ever
  std::int32_t open = 0;   ///< since it last ended: in a program that died of it, or with it
};
using AttemptsById = std::map<std::string, CaseAttempts>;

/// Puts `rows` in the place of those that have the same case_group.
void replace_groups(std::vector<ConvergenceRow>& all, std::vector<ConvergenceRow> const& rows);

struct JournalContent {
  ResultDocument document;  ///< a case that ended twice is there once, as it ended last
  AttemptsById attempts;
  std::vector<std::string> remarks;  ///< lines that were left out, and why
};

/// Throws UsageError when the file cannot be read, is no journal, or is of another major version of the schema.
[[nodiscard]] JournalContent read_journal(std::filesystem::path const& path);

/// Writes the journal. Every call returns when its line is on the disk; on failure the line is taken back and
/// EnvironmentError says why.
class Journal {
 public:
  /// A new file that holds `document` so far, in place of the one that stood there: complete, or not at all.
  Journal(std::filesystem::path path, ResultDocument const& document, AttemptsById const& attempts);
  ~Journal();
  Journal(Journal const&) = delete;
  Journal& operator=(Journal const&) = delete;

  void case_begins(std::string_view case_id);
  void case_ends(CaseRecord const& record, std::vector<ConvergenceRow> const& convergence = {});
  /// The case is given up before its end, for a reason that is not its own.
  void case_abandoned(std::string_view case_id);
  /// The line of that, for whom it is written elsewhere, and where.
  [[nodiscard]] static std::string words_of_abandoned(std::string_view case_id);
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// The last run of `document`, its convergence table, and whether it is finalized.
  void run_ends(ResultDocument const& document);

  /// Takes the file away: the result is complete without it.
  void remove();

 private:
  void append(std::string line);

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace retrace::results
