#pragma once

#include "problems/arguments.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// One value that a suite file may set: an argument of a problem or an option of a check. Data for validation and help.
struct ArgumentSpec {
  enum class Kind { number, integer, integer_list, text, boolean };

  std::string name;
  Kind kind = Kind::number;
  nlohmann::json default_value{};
  /// Bounds of a number, of an integer, or of each entry of a list.
  double minimum = std::numeric_limits<double>::lowest();
  double maximum = std::numeric_limits<double>::max();
  bool minimum_excluded = false;
  bool maximum_excluded = false;
  /// Words that are valid: for a text the only ones (any text if empty), else beside the numbers, such as "auto".
  std::vector<std::string> words{};
  std::string unit = "1";
  std::string description{};
};

struct ProblemEntry {
  std::string name;
  std::string family{};                   ///< becomes a tag of its cases
  std::vector<std::string> tags{};        ///< further tags of its cases
  std::vector<ArgumentSpec> arguments{};  ///< in the order in which a case id names them
  /// Throws UsageError when arguments that are valid one by one do not go together; the reader adds the position.
  std::function<void(Arguments const&)> validate{};
  bool has_quad_reference = false;  ///< in quadruple precision
};

struct SolverEntry {
  std::string name;
  bool adaptive = true;  ///< has an error estimate, so that it can choose its steps
  int order = 0;
  std::vector<std::string> methods{};  ///< the only methods that integrate by it, and by no other; empty: the others
};

struct CheckEntry {
  std::string name;
  bool enabled = true;                  ///< unless a suite says otherwise
  std::vector<ArgumentSpec> options{};  ///< beside `enable`
};

/// A measured quantity that [limits] may bound.
struct QuantityEntry {
  std::string name;
  bool bytes = false;  ///< then its limit is a size with unit
};

/// Every name that a suite file may use. The caller fills it from the registries; the reader of suites knows no
/// problem, solver or method of its own.
struct Vocabulary {
  std::vector<ProblemEntry> problems;
  std::vector<std::string> methods;
  std::vector<SolverEntry> solvers;
  std::map<std::string, std::string> absent_methods{};  ///< known, but not in this build: why not
  std::vector<std::string> precisions{"f64"};
  std::vector<std::string> backends{"default", "serial", "openmp", "cuda"};  ///< in this build or not
  std::vector<std::string> controllers{"standard", "paper", "plain"};        ///< the first is the default
  std::vector<std::string> norms{"rms", "max", "per_sample"};                ///< the first is the default
  std::vector<std::string> references{"auto", "quad"};                       ///< the first is the default
  std::vector<CheckEntry> checks{};
  std::vector<QuantityEntry> quantities{{"grad_rel_l2"},     {"grad_rel_linf"},  {"grad_abs_linf"},
                                        {"grad_cos_defect"}, {"grad_y0_rel_l2"}, {"grad_theta_rel_l2"},
                                        {"loss_rel"},        {"state_rel_l2"},   {"peak_bytes", true}};
  std::vector<std::string> report_errors{"grad_rel_l2",    "grad_rel_linf",     "grad_abs_linf", "grad_cos_defect",
                                         "grad_y0_rel_l2", "grad_theta_rel_l2", "loss_rel",      "state_rel_l2"};
  std::vector<std::string> report_costs{"time", "nfe", "bytes"};
};

/// The names of a list of entries, for messages.
template <class Entry>
[[nodiscard]] std::vector<std::string> names_of(std::vector<Entry> const& entries) {
  std::vector<std::string> names;
  for (Entry const& entry : entries) names.push_back(entry.name);
  return names;
}

/// The entry of that name, or null.
template <class Entry>
[[nodiscard]] Entry const* find_entry(std::vector<Entry> const& entries, std::string_view name) {
  for (Entry const& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

/// Whether a method integrates by a solver: one of its own, or for a method that has none, one that is nobody's.
[[nodiscard]] inline bool go_together(Vocabulary const& vocabulary, std::string_view method,
                                      SolverEntry const& solver) {
  auto const owns = [&](SolverEntry const& entry) {
    return std::ranges::find(entry.methods, method) != entry.methods.end();
  };
  if (!solver.methods.empty()) return owns(solver);
  return std::ranges::none_of(vocabulary.solvers, owns);
}

/// A problem's own description of an argument, as the reader of suites wants it.
[[nodiscard]] inline ArgumentSpec argument_spec(Argument const& argument) {
  ArgumentSpec spec{.name = std::string(argument.name),
                    .minimum = argument.minimum,
                    .maximum = argument.maximum,
                    .minimum_excluded = argument.minimum_excluded,
                    .unit = std::string(argument.unit),
                    .description = std::string(argument.description)};
  switch (argument.kind) {
    case Argument::Kind::number:
      spec.kind = ArgumentSpec::Kind::number;
      spec.default_value = argument.default_number;
      break;
    case Argument::Kind::integer:
      spec.kind = ArgumentSpec::Kind::integer;
      spec.default_value = static_cast<std::int64_t>(argument.default_number);
      break;
    case Argument::Kind::integer_list:
      spec.kind = ArgumentSpec::Kind::integer_list;
      spec.default_value = argument.default_list;
      break;
  }
  return spec;
}

[[nodiscard]] inline std::vector<ArgumentSpec> argument_specs(std::vector<Argument> const& arguments) {
  std::vector<ArgumentSpec> specs;
  for (Argument const& argument : arguments) specs.push_back(argument_spec(argument));
  return specs;
}

}  // namespace retrace
