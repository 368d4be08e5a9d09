#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace retrace::results {

/// One way in which a file departs from the schema.
struct Finding {
  std::string where;  ///< "/cases/rtol", "/samples", "/" for the file itself
  std::string what;

  friend bool operator==(Finding const&, Finding const&) = default;
};

/// Checks a result file against the schema: root attributes, types, lengths, units, long names, flag values and their
/// words, dimension scales and their attachment, codes and indices in range, equal rows of cases, accuracy and cost,
/// (run, case_id) unique, `finalized`. An unfinished file is not a finding; one that says finalized although its last
/// run did not finish is. Never throws because of the file: one that cannot be opened is one finding.
[[nodiscard]] std::vector<Finding> validate(std::filesystem::path const& path);

}  // namespace retrace::results
