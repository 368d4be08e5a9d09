#include "benchmarks/matrix_axes.hpp"

#include "benchmarks/config_keys.hpp"
#include "benchmarks/config_reader.hpp"
#include "benchmarks/filter.hpp"
#include "benchmarks/units.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace retrace {

namespace {

using Kind = ConfigValue::Kind;
constexpr std::size_t most_combinations = 100'000;

/// The values that a table gives to one argument.
std::vector<nlohmann::json> argument_values(ConfigValue const& value, ArgumentSpec const& argument) {
  bool const one_list =
      argument.kind == ArgumentSpec::Kind::integer_list && (value.items.empty() || !value.items.front().is(Kind::list));
  if (one_list) return {argument_of(value, argument)};
  std::vector<nlohmann::json> values;
  for (ConfigValue const* item : one_or_more(value, argument.name)) values.push_back(argument_of(*item, argument));
  return values;
}

/// A tolerance as a number, or as a formula in rtol: "rtol", "rtol*1e-2", "rtol/100".
double absolute_tolerance(ConfigValue const& value, double rtol) {
  if (!value.is(Kind::text)) return number_of(value, "atol", config::positive_range);
  std::string_view rest = value.text;
  auto const skip_blanks = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size())); };
  auto const fail = [&](std::string_view why) {
    throw_at(value.position, fmt::format("'atol' is \"{}\", {}; expected a number or a formula such as \"rtol\", "
                                         "\"rtol*1e-2\" or \"rtol/100\"",
                                         value.text, why));
  };
  skip_blanks();
  if (!rest.starts_with("rtol")) fail("which does not begin with rtol");
  rest.remove_prefix(std::string_view("rtol").size());
  skip_blanks();
  double result = rtol;
  if (!rest.empty()) {
    char const operation = rest.front();
    rest.remove_prefix(1);
    skip_blanks();
    double factor = 0.0;
    auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), factor);
    if ((operation != '*' && operation != '/') || error != std::errc()) fail("which is no formula");
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    skip_blanks();
    if (!rest.empty()) fail("which is no formula");
    result = operation == '*' ? rtol * factor : rtol / factor;
  }
  if (!(result > 0.0) || !std::isfinite(result)) fail(fmt::format("which makes {}", result));
  // Rounded to 15 digits, so that 1e-3 * 1e-2 is written 1e-5 in the id and not 1.0000000000000001e-05.
  std::string const rounded = fmt::format("{:.15g}", result);
  std::from_chars(rounded.data(), rounded.data() + rounded.size(), result);
  return result;
}

/// The axis of a key that single methods look at; if it is not given, one entry, null: the default.
std::vector<ConfigValue const*> axis_or_default(TableReader const& reader, std::string_view key) {
  ConfigValue const* const value = reader.find(key);
  return value != nullptr ? one_or_more(*value, key) : std::vector<ConfigValue const*>{nullptr};
}

double damping_of(ConfigValue const& value) {
  double const damping = number_of(value, "damping", config::share_range);
  if (damping == config::useless_damping)
    throw_at(value.position,
             "'damping' is 0.5, with which a step of mali forgets its velocity and cannot be undone; "
             "expected another number in (0, 1], such as 1 (none) or 0.95");
  return damping;
}

/// States that a method with a budget keeps: a number, or bytes with their unit.
void set_checkpoints(ConfigValue const& value, ControlSpec& control) {
  control.checkpoint_bytes = 0;
  if (value.is(Kind::text)) {
    control.checkpoint_bytes = byte_size_of(value, "checkpoints");
    if (control.checkpoint_bytes <= 0)
      throw_at(value.position, "'checkpoints' is no byte; expected at least one state");
    return;
  }
  control.checkpoints = integer_of(value, "checkpoints", config::checkpoints_range);
}

/// `control` with each value on the axes of what single methods look at.
void append_for_methods(TableReader const& reader, ControlSpec control, std::vector<ControlSpec>& controls) {
  for (ConfigValue const* checkpoints : axis_or_default(reader, "checkpoints")) {
    for (ConfigValue const* damping : axis_or_default(reader, "damping")) {
      for (ConfigValue const* coupling : axis_or_default(reader, "coupling")) {
        if (checkpoints != nullptr) set_checkpoints(*checkpoints, control);
        if (damping != nullptr) control.damping = damping_of(*damping);
        if (coupling != nullptr) control.coupling = number_of(*coupling, "coupling", config::share_range);
        controls.push_back(control);
      }
    }
  }
}

std::vector<ControlSpec> adaptive_controls(ConfigValue const& table, Vocabulary const& vocabulary) {
  TableReader const reader(table, "control.adaptive", config::adaptive_keys);
  auto const axis = [&](std::string_view key) { return axis_or_default(reader, key); };
  auto const names_or_default = [&](std::string_view key, std::vector<std::string> const& valid) {
    return reader.find(key) != nullptr ? names_on_axis(*reader.find(key), key, valid)
                                       : std::vector<std::string>{valid.at(0)};
  };
  auto const controllers = names_or_default("controller", vocabulary.controllers),
             norms = names_or_default("norm", vocabulary.norms);
  std::vector<ControlSpec> controls;
  for (ConfigValue const* rtol : one_or_more(reader.require("rtol"), "rtol")) {
    for (ConfigValue const* atol : axis("atol")) {
      for (ConfigValue const* initial_step : axis("initial_step")) {
        for (ConfigValue const* max_steps : axis("max_steps")) {
          for (std::string const& controller : controllers) {
            ControlSpec control;
            control.rtol = number_of(*rtol, "rtol", config::rtol_range);
            control.atol = atol != nullptr ? absolute_tolerance(*atol, control.rtol) : control.rtol;
            if (initial_step != nullptr) {
              control.initial_step = number_of(*initial_step, "initial_step", config::initial_step_range);
            }
            if (max_steps != nullptr) {
              control.max_steps = integer_of(*max_steps, "max_steps", config::steps_range);
            }
            control.controller = controller;
            for (std::string const& norm : norms) {
              control.norm = norm;
              append_for_methods(reader, control, controls);
            }
          }
        }
      }
    }
  }
  return controls;
}

std::vector<ControlSpec> fixed_controls(ConfigValue const& table) {
  TableReader const reader(table, "control.fixed", config::fixed_keys);
  std::vector<ControlSpec> controls;
  for (ConfigValue const* steps : one_or_more(reader.require("n"), "n")) {
    ControlSpec control{.adaptive = false};
    control.steps = integer_of(*steps, "n", config::steps_range);
    control.max_steps = std::max(control.max_steps, control.steps);
    append_for_methods(reader, control, controls);
  }
  return controls;
}

std::string const& axis_of(CaseSpec const& spec, std::string_view axis) {
  if (axis == "problem") return spec.problem;
  if (axis == "method") return spec.method;
  if (axis == "solver") return spec.solver;
  if (axis == "precision") return spec.precision;
  return spec.backend;
}

/// Lets the problem refuse arguments that do not go together.
void check_together(nlohmann::json const& set, SourcePosition const& position, ProblemEntry const& problem) {
  if (!problem.validate) return;
  try {
    problem.validate(to_arguments(set));
  } catch (UsageError const& error) {
    throw_at(position, error.what());
  }
}

/// The arguments of all problems.
std::vector<std::string> argument_names(Vocabulary const& vocabulary) {
  std::vector<std::string> names;
  for (ProblemEntry const& problem : vocabulary.problems) {
    for (std::string& name : names_of(problem.arguments)) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

std::vector<nlohmann::json> argument_sets(ConfigValue const* given, SourcePosition const& position,
                                          ProblemEntry const& problem) {
  if (given != nullptr) {
    TableReader const reader(*given, fmt::format("problem_args of problem '{}'", problem.name),
                             names_of(problem.arguments));
  }
  std::vector<nlohmann::json> sets{nlohmann::json::object()};
  for (ArgumentSpec const& argument : problem.arguments) {
    ConfigValue const* value = given != nullptr ? given->find(argument.name) : nullptr;
    auto const values =
        value != nullptr ? argument_values(*value, argument) : std::vector<nlohmann::json>{argument.default_value};
    if (sets.size() * values.size() > most_combinations) {
      throw_at(given->position, fmt::format("problem_args has more than {} combinations", most_combinations));
    }
    std::vector<nlohmann::json> longer;
    for (nlohmann::json const& set : sets) {
      for (nlohmann::json const& chosen : values) {
        longer.push_back(set);
        longer.back()[argument.name] = chosen;
      }
    }
    sets = std::move(longer);
  }
  for (nlohmann::json const& set : sets) check_together(set, given != nullptr ? given->position : position, problem);
  return sets;
}

std::vector<ControlSpec> controls_of(ConfigValue const& entry, Vocabulary const& vocabulary) {
  TableReader const reader(entry, "control", config::control_keys);
  ConfigValue const* fixed = reader.find("fixed");
  ConfigValue const* adaptive = reader.find("adaptive");
  if ((fixed == nullptr) == (adaptive == nullptr)) {
    throw_at(entry.position, "'control' must hold either { fixed = { n = … } } or { adaptive = { rtol = … } }");
  }
  return fixed != nullptr ? fixed_controls(*fixed) : adaptive_controls(*adaptive, vocabulary);
}

CaseCondition::CaseCondition(ConfigValue const& table, std::string const& what, Vocabulary const& vocabulary,
                             std::vector<std::string> const& ignored_keys) {
  std::map<std::string, std::vector<std::string>> const axes{{"problem", names_of(vocabulary.problems)},
                                                             {"method", vocabulary.methods},
                                                             {"solver", names_of(vocabulary.solvers)},
                                                             {"precision", vocabulary.precisions},
                                                             {"backend", vocabulary.backends}};
  std::vector<std::string> keys(config::condition_keys.begin(), config::condition_keys.end());
  keys.insert(keys.end(), ignored_keys.begin(), ignored_keys.end());
  TableReader const reader(table, what, keys);

  for (auto const& [axis, valid] : axes) {
    if (ConfigValue const* value = reader.find(axis)) names_[axis] = names_on_axis(*value, axis, valid);
  }
  if (ConfigValue const* value = reader.find("control")) {
    for (ConfigValue const* item : one_or_more(*value, "control")) {
      std::string const text = text_of(*item, "control");
      if (!text.starts_with("fixed:") && !text.starts_with("adaptive:")) {
        throw_at(item->position, fmt::format("'control' is \"{}\"; expected \"fixed:n=64\", \"adaptive:rtol=1e-3,"
                                             "atol=1e-5\" or a glob such as \"adaptive:*\"",
                                             text));
      }
      names_["control"].push_back(text);
    }
  }
  if (ConfigValue const* value = reader.find("problem_args")) {
    TableReader const known(*value, what + ".problem_args", argument_names(vocabulary));
    for (ConfigMember const& member : value->members) {
      std::vector<nlohmann::json> wanted{to_json(member.value)};
      if (member.value.is(Kind::list)) {
        for (ConfigValue const& item : member.value.items) wanted.push_back(to_json(item));
      }
      arguments_[member.key] = std::move(wanted);
    }
  }
  if (names_.empty() && arguments_.empty()) {
    throw_at(table.position, fmt::format("{} names no axis, so it would fit every case; expected at least one of "
                                         "problem, problem_args, method, solver, control, precision, backend",
                                         what));
  }
}

bool CaseCondition::fits(CaseSpec const& spec) const {
  bool const names_fit = std::ranges::all_of(names_, [&](auto const& condition) {
    auto const& [axis, wanted] = condition;
    if (axis != "control") return std::ranges::find(wanted, axis_of(spec, axis)) != wanted.end();
    std::string const label = control_label(spec.control);
    return std::ranges::any_of(wanted, [&](std::string const& glob) { return glob_matches(glob, label); });
  });
  return names_fit && std::ranges::all_of(arguments_, [&](auto const& condition) {
           auto const& [name, wanted] = condition;
           auto const present = spec.problem_args.find(name);
           return present != spec.problem_args.end() &&
                  std::ranges::any_of(wanted, [&](auto const& value) { return value == *present; });
         });
}

}  // namespace retrace
