#pragma once

#include "results/compare/launch_test.hpp"
#include "results/compare/rules.hpp"
#include "results/record.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A new result held against an old one, case by case: is it worse, by which number, by how much, against which limit?
namespace retrace::compare {

enum class Tier : std::uint8_t { status, counters, numeric, memory, time };
inline constexpr std::array<std::string_view, 5> tier_names{"status", "counters", "numeric", "memory", "time"};

/// What one line says. `worse` of a tier that gates makes the comparison red; nothing else does.
enum class Verdict : std::uint8_t { same, within, better, warning, inconclusive, not_compared, worse };
inline constexpr std::array<std::string_view, 7> verdict_names{"same",         "within",       "better", "warning",
                                                               "inconclusive", "not compared", "worse"};

[[nodiscard]] constexpr std::string_view name_of(Tier tier) {
  return tier_names[static_cast<std::size_t>(tier)];
}
[[nodiscard]] constexpr std::string_view name_of(Verdict v) {
  return verdict_names[static_cast<std::size_t>(v)];
}

/// Nothing, a word, an exact number, a real one.
using Value = std::variant<std::monostate, std::string, std::int64_t, double>;
enum class Unit : std::uint8_t { none, bytes, seconds };

/// One quantity of one case.
struct Line {
  std::string case_id{};  ///< for an observed order, the group of cases
  Tier tier = Tier::status;
  std::string quantity{};
  Value old_value{}, new_value{}, limit{};  ///< limit: the most that is not worse
  Unit unit = Unit::none;
  Verdict verdict = Verdict::same;
  std::string reason{};  ///< a code, such as "error-grew"; docs/compare.md has the list
  std::string note{};    ///< for people
  bool gates = false;    ///< the rules let this tier decide
};

[[nodiscard]] inline bool is_red(Line const& line) {
  return line.verdict == Verdict::worse && line.gates;
}

/// Ratios new / old of one quantity over the cases of a family.
struct Trend {
  std::string family, quantity;
  int cases = 0;
  double median = 0.0, geometric_mean = 0.0;
  double interval_low = 0.0, interval_high = 0.0;  ///< 95 %, of the geometric mean, cases as a sample; NaN for one case
};

/// One of the two files.
struct Side {
  std::string path, title, generator, created_utc, fingerprint_hw, fingerprint_sw;
  bool finalized = false;
  std::size_t cases = 0;
};

struct Comparison {
  Side new_side, old_side;
  Rules rules;
  std::vector<std::string> notes;  ///< of the files as a whole
  std::vector<Line> lines;         ///< by case in the order of the old file, then the new cases; tiers in order
  std::vector<Trend> trends;

  [[nodiscard]] std::int64_t count(Tier tier, Verdict verdict) const;
  /// 1: a red line of status, counters or numeric; else 3: one of memory or time; else 0.
  [[nodiscard]] int exit_code() const;
};

struct Question {
  Rules rules{};
  bool allow_removed = false;  ///< cases that only the old file has are fine
  bool must_overlap = true;    ///< without a case in both there is no answer
};

/// `new_path`, `old_path` are for messages. Throws UsageError where no case can be compared, which must never look
/// green, unless `must_overlap` is false.
[[nodiscard]] Comparison compare(results::ResultDocument const& new_document, std::string new_path,
                                 results::ResultDocument const& old_document, std::string old_path,
                                 Question const& question);

/// Cases counted by their worst line.
struct CaseCounts {
  std::int64_t passed = 0, failed = 0, skipped = 0;  ///< skipped: new, or not comparable
};
[[nodiscard]] CaseCounts count_cases(Comparison const& comparison);

/// "412 passed, 3 failed, 6 skipped": the form in which every command ends.
[[nodiscard]] std::string final_line(Comparison const& comparison);

}  // namespace retrace::compare
