#include "benchmarks/matrix.hpp"

#include "benchmarks/config_keys.hpp"
#include "benchmarks/config_reader.hpp"
#include "benchmarks/matrix_axes.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace retrace {

namespace {

using Kind = ConfigValue::Kind;

/// An entry of `exclude` or `expect`.
struct Rule {
  CaseCondition condition;
  std::string reason;
};

struct Axes {
  std::vector<ProblemEntry const*> problems;
  std::vector<std::vector<nlohmann::json>> arguments;  ///< of each problem
  std::vector<std::string> precisions, backends, methods;
  std::vector<SolverEntry const*> solvers;
  std::vector<ControlSpec> controls;
  std::vector<LossSpec> losses{LossSpec{}};

  [[nodiscard]] std::size_t size() const {
    std::size_t sets = 0;
    for (auto const& of_problem : arguments) sets += of_problem.size();
    return sets * precisions.size() * backends.size() * methods.size() * solvers.size() * controls.size() *
           losses.size();
  }
};

bool is_empty_list(ConfigValue const& value) {
  return value.is(Kind::list) && value.items.empty();
}

std::vector<Rule> exclusions(ConfigValue const* list, Vocabulary const& vocabulary) {
  std::vector<Rule> rules;
  if (list == nullptr || is_empty_list(*list)) return rules;
  for (ConfigValue const* entry : one_or_more(*list, "exclude")) {
    CaseCondition condition(*entry, "exclude", vocabulary, {"reason"});
    ConfigValue const* reason = entry->find("reason");
    if (reason == nullptr) throw_at(entry->position, "exclude needs the key 'reason', which the report prints");
    rules.push_back({std::move(condition), prose_of(*reason, "reason")});
  }
  return rules;
}

std::vector<Rule> expectations(ConfigValue const* list, Vocabulary const& vocabulary) {
  std::vector<Rule> rules;
  if (list == nullptr || is_empty_list(*list)) return rules;
  for (ConfigValue const* entry : one_or_more(*list, "expect")) {
    TableReader const reader(*entry, "expect", config::expect_keys);
    CaseCondition condition(reader.require("where"), "expect.where", vocabulary, {});
    static_cast<void>(name_of(reader.require("status"), "status", config::expected_statuses));
    rules.push_back({std::move(condition), prose_of(reader.require("reason"), "reason")});
  }
  return rules;
}

std::optional<std::string> first_reason(std::vector<Rule> const& rules, CaseSpec const& spec) {
  for (Rule const& rule : rules) {
    if (rule.condition.fits(spec)) return rule.reason;
  }
  return std::nullopt;
}

/// A scheme without error estimate takes fixed steps only. One with an estimate takes both; but in a product that
/// offers it adaptive control, and holds schemes without estimate, the fixed steps are meant for those.
bool go_together(SolverEntry const& solver, ControlSpec const& control, Axes const& axes) {
  if (solver.adaptive == control.adaptive) return true;
  bool const for_the_others = std::ranges::any_of(axes.controls, &ControlSpec::adaptive) &&
                              !std::ranges::all_of(axes.solvers, &SolverEntry::adaptive);
  return solver.adaptive && !for_the_others;
}

/// As above, of methods and solvers: a library's method has integrators of its own.
void check_methods_used(ConfigValue const& matrix, Axes const& axes, Vocabulary const& vocabulary) {
  for (std::string const& method : axes.methods) {
    auto const fits = [&](SolverEntry const* solver) { return go_together(vocabulary, method, *solver); };
    if (std::ranges::any_of(axes.solvers, fits)) continue;
    std::string names;
    for (SolverEntry const& solver : vocabulary.solvers) {
      if (go_together(vocabulary, method, solver)) names += (names.empty() ? "" : ", ") + solver.name;
    }
    throw_at(
        matrix.find("method")->position,
        fmt::format("method '{}' integrates by none of this matrix's solvers; those that it takes: {}", method, names));
  }
  for (SolverEntry const* solver : axes.solvers) {
    auto const fits = [&](std::string const& method) { return go_together(vocabulary, method, *solver); };
    if (std::ranges::any_of(axes.methods, fits)) continue;
    std::string names;
    for (std::string const& method : vocabulary.methods) {
      if (go_together(vocabulary, method, *solver)) names += (names.empty() ? "" : ", ") + method;
    }
    throw_at(matrix.find("solver")->position,
             fmt::format("solver '{}' goes with none of this matrix's methods; those that take it: {}", solver->name,
                         names));
  }
}

/// Leaving out pairs is silent only where each solver and each control is used by another pair.
void check_all_used(ConfigValue const& matrix, Axes const& axes) {
  bool const any_fixed = !std::ranges::all_of(axes.controls, &ControlSpec::adaptive);
  bool const any_estimate = std::ranges::any_of(axes.solvers, &SolverEntry::adaptive);
  for (SolverEntry const* solver : axes.solvers) {
    if (solver->adaptive || any_fixed) continue;
    throw_at(
        matrix.find("solver")->position,
        fmt::format("solver '{}' has no error estimate, so it needs a fixed control such as {{ fixed = {{ n = 64 }} "
                    "}}; this matrix has only adaptive ones",
                    solver->name));
  }
  for (ControlSpec const& control : axes.controls) {
    if (!control.adaptive || any_estimate) continue;
    throw_at(matrix.find("control")->position,
             fmt::format("no solver of this matrix has an error estimate, so none can use the control {}",
                         control_label(control)));
  }
}

Axes read_axes(ConfigValue const& matrix, TableReader const& reader, Vocabulary const& vocabulary) {
  Axes axes;
  ConfigValue const& problems = reader.require("problem");
  for (std::string const& name : names_on_axis(problems, "problem", names_of(vocabulary.problems))) {
    axes.problems.push_back(find_entry(vocabulary.problems, name));
    axes.arguments.push_back(argument_sets(reader.find("problem_args"), problems.position, *axes.problems.back()));
  }
  axes.methods = names_on_axis(reader.require("method"), "method", vocabulary.methods);
  for (std::string const& name : names_on_axis(reader.require("solver"), "solver", names_of(vocabulary.solvers))) {
    axes.solvers.push_back(find_entry(vocabulary.solvers, name));
  }
  for (ConfigValue const* entry : one_or_more(reader.require("control"), "control")) {
    std::ranges::move(controls_of(*entry, vocabulary), std::back_inserter(axes.controls));
  }
  auto const names_or_first = [&](std::string_view key, std::vector<std::string> const& valid) {
    ConfigValue const* value = reader.find(key);
    return value != nullptr ? names_on_axis(*value, key, valid) : std::vector<std::string>{valid.at(0)};
  };
  if (ConfigValue const* value = reader.find("loss")) axes.losses = losses_of(*value);
  if (ConfigValue const* value = reader.find("time_gradients")) {
    bool const wanted = boolean_of(*value, "time_gradients");
    for (LossSpec& loss : axes.losses) loss.time_gradients = wanted;
  }
  axes.precisions = names_or_first("precision", vocabulary.precisions);
  axes.backends = names_or_first("backend", vocabulary.backends);
  check_all_used(matrix, axes);
  check_methods_used(matrix, axes, vocabulary);
  constexpr std::size_t most_cases = 100'000;  // beyond any suite that ends; rather a slip such as a list too many
  if (axes.size() > most_cases) {
    throw_at(matrix.position,
             fmt::format("this matrix has {} combinations; at most {} are allowed", axes.size(), most_cases));
  }
  return axes;
}

/// One case for each combination that goes together; methods vary fastest, so that they are run side by side.
std::vector<CaseSpec> product(Axes const& axes, CaseSpec const& common, Vocabulary const& vocabulary) {
  std::vector<CaseSpec> cases;
  CaseSpec spec = common;
  for (std::size_t i = 0; i < axes.problems.size(); ++i) {
    spec.problem = axes.problems[i]->name;
    for (nlohmann::json const& arguments : axes.arguments[i]) {
      spec.problem_args = arguments;
      spec.size = size_label(arguments, axes.problems[i]->arguments);
      for (std::string const& precision : axes.precisions) {
        spec.precision = precision;
        for (std::string const& backend : axes.backends) {
          spec.backend = backend;
          for (SolverEntry const* solver : axes.solvers) {
            spec.solver = solver->name;
            for (ControlSpec const& control : axes.controls) {
              if (!go_together(*solver, control, axes)) continue;
              spec.control = control;
              for (LossSpec const& loss : axes.losses) {
                spec.loss = loss;
                for (std::string const& method : axes.methods) {
                  if (!go_together(vocabulary, method, *solver)) continue;
                  spec.method = method;
                  cases.push_back(spec);
                }
              }
            }
          }
        }
      }
    }
  }
  return cases;
}

void append_once(std::vector<std::string>& tags, std::string const& tag) {
  if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
}

std::vector<std::string> tags_of(ProblemEntry const& problem, std::vector<std::string> const& matrix_tags) {
  std::vector<std::string> tags;
  append_once(tags, problem.family);
  for (std::string const& tag : problem.tags) append_once(tags, tag);
  for (std::string const& tag : matrix_tags) append_once(tags, tag);
  return tags;
}

std::map<std::string, double> limits_of(CaseSpec const& spec, MatrixContext const& context) {
  std::map<std::string, double> limits;
  auto const of_problem = context.limits.find(spec.problem);
  if (of_problem == context.limits.end()) return limits;
  for (auto const& [quantity, by_method] : of_problem->second) {
    auto const own = by_method.find(spec.method), common = by_method.find("");
    if (own != by_method.end())
      limits[quantity] = own->second;
    else if (common != by_method.end())
      limits[quantity] = common->second;
  }
  return limits;
}

}  // namespace

nlohmann::json check_settings(ConfigValue const* table, nlohmann::json base, Vocabulary const& vocabulary) {
  if (base.is_null()) {
    base = nlohmann::json::object();
    for (CheckEntry const& check : vocabulary.checks) {
      base[check.name]["enable"] = check.enabled;
      for (ArgumentSpec const& option : check.options) base[check.name][option.name] = option.default_value;
    }
  }
  if (table == nullptr) return base;
  TableReader const reader(*table, "[checks]", names_of(vocabulary.checks));
  for (ConfigMember const& member : table->members) {
    CheckEntry const& check = *find_entry(vocabulary.checks, member.key);
    std::vector<std::string> keys = names_of(check.options);
    keys.insert(keys.begin(), "enable");
    TableReader const settings(member.value, fmt::format("[checks.{}]", check.name), keys);
    if (ConfigValue const* enable = settings.find("enable")) base[check.name]["enable"] = boolean_of(*enable, "enable");
    for (ArgumentSpec const& option : check.options) {
      if (ConfigValue const* value = settings.find(option.name))
        base[check.name][option.name] = argument_of(*value, option);
    }
  }
  return base;
}

void expand_matrix(ConfigValue const& matrix, MatrixContext const& context, Suite& suite) {
  Vocabulary const& vocabulary = context.vocabulary;
  TableReader const reader(matrix, "[[matrix]]", config::matrix_keys);
  CaseSpec common;
  common.matrix = word_of(reader.require("name"), "name");
  common.origin = matrix.position.text();
  common.seed = context.seed;
  common.checks = check_settings(reader.find("checks"), context.checks, vocabulary);
  common.own_checks = common.checks != context.checks;
  if (ConfigValue const* value = reader.find("reference"))
    common.reference = name_of(*value, "reference", vocabulary.references);
  std::vector<std::string> tags;
  if (ConfigValue const* value = reader.find("tags"); value != nullptr && !is_empty_list(*value)) {
    for (ConfigValue const* tag : one_or_more(*value, "tags")) tags.push_back(word_of(*tag, "tags"));
  }
  Axes const axes = read_axes(matrix, reader, vocabulary);
  for (ProblemEntry const* problem : axes.problems) {
    if (common.reference != "quad" || problem->has_quad_reference) continue;
    throw_at(reader.find("reference")->position,
             fmt::format(
                 "problem '{}' has no reference in quadruple precision in this build; ensembles and small fields have, "
                 "compiled by GCC with libquadmath; use reference = \"auto\"",
                 problem->name));
  }
  std::vector<Rule> const excluded = exclusions(reader.find("exclude"), vocabulary);
  std::vector<Rule> const expected = expectations(reader.find("expect"), vocabulary);

  std::size_t const cases_before = suite.cases.size();
  bool any_absent = false;
  for (CaseSpec& spec : product(axes, common, vocabulary)) {
    if (auto const reason = first_reason(excluded, spec)) {
      suite.excluded.push_back({case_id(spec), *reason, spec.matrix});
      continue;
    }
    if (auto const absent = vocabulary.absent_methods.find(spec.method); absent != vocabulary.absent_methods.end()) {
      suite.excluded.push_back({case_id(spec), absent->second, spec.matrix});
      any_absent = true;
      continue;
    }
    if (auto const reason = first_reason(expected, spec)) spec.expected = {"xfail", *reason};
    spec.tags = tags_of(*find_entry(vocabulary.problems, spec.problem), tags);
    spec.limits = limits_of(spec, context);
    suite.cases.push_back(std::move(spec));
  }
  if (suite.cases.size() == cases_before && !any_absent) {
    throw_at(matrix.position, fmt::format("matrix '{}' yields no case: its exclusions leave nothing", common.matrix));
  }
}

}  // namespace retrace
