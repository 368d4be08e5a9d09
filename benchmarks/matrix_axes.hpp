#pragma once

#include "benchmarks/case_spec.hpp"
#include "benchmarks/toml_reader.hpp"
#include "benchmarks/vocabulary.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace retrace {

/// Every combination of the arguments that `given` (a table, or null for none) allows for the problem, complete with
/// defaults. A list multiplies; for an integer list a list of lists does. `position` is that of the problem's name.
[[nodiscard]] std::vector<nlohmann::json> argument_sets(ConfigValue const* given, SourcePosition const& position,
                                                        ProblemEntry const& problem);

/// The controls that one entry of the axis `control` stands for: { fixed = {…} } or { adaptive = {…} }.
[[nodiscard]] std::vector<ControlSpec> controls_of(ConfigValue const& entry, Vocabulary const& vocabulary);

/// The condition of an `exclude` or `expect`: a case fits when each axis that is named holds one of the values given.
class CaseCondition {
 public:
  /// `ignored_keys` stand in the same table but are no part of the condition, such as `reason`.
  CaseCondition(ConfigValue const& table, std::string const& what, Vocabulary const& vocabulary,
                std::vector<std::string> const& ignored_keys);

  [[nodiscard]] bool fits(CaseSpec const& spec) const;

 private:
  std::map<std::string, std::vector<std::string>> names_;         ///< by axis; globs for `control`
  std::map<std::string, std::vector<nlohmann::json>> arguments_;  ///< by argument of the problem
};

}  // namespace retrace
