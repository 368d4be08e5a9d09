#pragma once

#include "results/record.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace retrace::results {

/// What is forgiven, and what is not.
struct ExitRules {
  bool strict = false;         ///< inconclusive verdicts count
  bool allow_empty = false;    ///< no case at all is fine
  bool lenient_xpass = false;  ///< an expected failure that passes is fine
};

/// Cases counted by status.
struct Summary {
  std::array<std::int64_t, code_names<Status>.size()> by_status{};

  [[nodiscard]] std::int64_t of(Status status) const { return by_status[static_cast<std::size_t>(status)]; }
  [[nodiscard]] std::int64_t total() const;
  [[nodiscard]] std::int64_t passed() const { return of(Status::pass); }
  /// Everything that makes a run red: fail, error, timeout, nonfinite, oom, crashed, and xpass unless that is forgiven.
  [[nodiscard]] std::int64_t failed(ExitRules rules = {}) const;
  [[nodiscard]] std::int64_t skipped() const { return of(Status::skipped); }
};

[[nodiscard]] bool is_failure(Status status, ExitRules rules = {});

[[nodiscard]] Summary summarize(ResultDocument const& document);

/// "412 passed, 3 failed, 6 skipped": the last line that a command prints, always of this form.
[[nodiscard]] std::string final_line(Summary const& summary, ExitRules rules = {});
/// "421 cases: 412 pass, 2 fail, 1 timeout, 6 skipped": all counts that are not zero; the line before it.
[[nodiscard]] std::string detail_line(Summary const& summary);

/// The exit code that the content of a file deserves; the first line that applies:
/// 75 stopped early and resumable (not finalized, or the last run did not finish), 5 no cases, 77 all cases skipped,
/// 1 a failure, 4 inconclusive and strict, 0. (2, 70, 71 do not come from a file, 3 comes from comparing two.)
[[nodiscard]] int exit_code(ResultDocument const& document, ExitRules rules = {});

/// The same without the first rule: what the cases say, however the run ended.
[[nodiscard]] int exit_code_of_cases(ResultDocument const& document, ExitRules rules = {});

}  // namespace retrace::results
