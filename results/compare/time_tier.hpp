#pragma once

#include "results/compare/comparison.hpp"
#include "results/compare/launch_test.hpp"
#include "results/record.hpp"

#include <string>
#include <vector>

/// Tier E: seconds.
namespace retrace::compare {

/// One case in the two files, which may hold it once per run; of each side, all records of that id.
struct TimedCase {
  std::vector<results::CaseRecord const*> new_records, old_records;
};

/// Medians in seconds, one per launch: samples of the whole gradient without warm-up, by run and launch.
[[nodiscard]] std::vector<double> launch_medians(std::vector<results::CaseRecord const*> const& records);

/// What decides where the ranks of a file's runs sat: their processors and the OpenMP variables; one text per run.
[[nodiscard]] std::vector<std::string> bindings(results::ResultDocument const& document);

/// One line per case that has times on either side. `same_machine`: fingerprint and binding are equal; if not, `why`
/// has the code. False discoveries are controlled over all of them, so they are asked together.
[[nodiscard]] std::vector<Line> time_lines(std::vector<TimedCase> const& cases, bool same_machine,
                                           std::string const& why, Rules const& rules);

/// A line that says slower keeps doing so only if the fresh launches agree; else it becomes inconclusive.
void apply_second_opinion(Line& line, LaunchTest const& fresh, int launches, TimeRules const& rules);

}  // namespace retrace::compare
