#include "benchmarks/config_schema.hpp"

#include "benchmarks/config_keys.hpp"
#include "benchmarks/settings_json.hpp"
#include "benchmarks/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace retrace {

namespace {

using Json = nlohmann::ordered_json;

struct Property {
  std::string_view key;
  Json schema;
};

Json described(Json schema, std::string_view description) {
  schema["description"] = description;
  return schema;
}

Json with_default(Json schema, Json value) {
  schema["default"] = std::move(value);
  return schema;
}

/// A table whose keys are known. `keys` is what the reader goes by: a property too many or too few is a mistake here.
Json table(std::span<std::string_view const> keys, std::vector<Property> properties,
           std::span<std::string_view const> required = {}) {
  Json schema{{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  for (std::string_view const key : keys) {
    auto const found = std::ranges::find(properties, key, &Property::key);
    if (found == properties.end()) throw std::logic_error(fmt::format("the schema says nothing of the key '{}'", key));
    schema["properties"][std::string(key)] = std::move(found->schema);
    properties.erase(found);
  }
  if (!properties.empty())
    throw std::logic_error(fmt::format("the schema has the key '{}', which nobody reads", properties.front().key));
  if (!required.empty()) schema["required"] = std::vector<std::string>(required.begin(), required.end());
  return schema;
}

/// The same with keys that are known at run time only.
Json table_of(std::vector<std::pair<std::string, Json>> const& properties) {
  Json schema{{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  for (auto const& [key, property] : properties) schema["properties"][key] = property;
  return schema;
}

Json any_of(std::vector<Json> const& choices) {
  return Json{{"anyOf", choices}};
}

/// An axis: the value, or a list of at least one.
Json one_or_more(Json const& value, bool unique = false) {
  Json list{{"type", "array"}, {"items", value}, {"minItems", 1}};
  if (unique) list["uniqueItems"] = true;
  return any_of({value, list});
}

Json names(std::vector<std::string> const& valid) {
  return Json{{"enum", valid}};
}

/// 1 instead of 1.0, where that is the same.
Json bound(double value) {
  constexpr double exact = 9e15;
  if (std::abs(value) < exact && value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

Json number(NumberRange const& range, char const* type = "number") {
  Json schema{{"type", type}};
  if (range.minimum > std::numeric_limits<double>::lowest())
    schema[range.minimum_excluded ? "exclusiveMinimum" : "minimum"] = bound(range.minimum);
  if (range.maximum < std::numeric_limits<double>::max())
    schema[range.maximum_excluded ? "exclusiveMaximum" : "maximum"] = bound(range.maximum);
  return schema;
}

Json integer(NumberRange const& range) {
  return number(range, "integer");
}

Json text() {
  return Json{{"type", "string"}};
}

Json pattern(std::string const& regular_expression) {
  return Json{{"type", "string"}, {"pattern", regular_expression}};
}

Json boolean() {
  return Json{{"type", "boolean"}};
}

/// A text that says something, such as a reason.
Json prose() {
  return pattern("[^ \\t\\n]");
}

Json word() {
  return pattern("^[A-Za-z0-9_.-]+$");
}

/// One value of an argument.
Json argument(ArgumentSpec const& spec) {
  NumberRange const range{spec.minimum, spec.maximum, spec.minimum_excluded, spec.maximum_excluded};
  Json schema;
  switch (spec.kind) {
    case ArgumentSpec::Kind::boolean:
      schema = boolean();
      break;
    case ArgumentSpec::Kind::text:
      schema = spec.words.empty() ? text() : names(spec.words);
      break;
    case ArgumentSpec::Kind::number:
      schema = number(range);
      break;
    case ArgumentSpec::Kind::integer:
      schema = integer(range);
      break;
    case ArgumentSpec::Kind::integer_list:
      schema = Json{{"type", "array"}, {"items", integer(range)}, {"minItems", 1}};
      break;
  }
  if (spec.words.empty() || spec.kind == ArgumentSpec::Kind::text) return schema;
  return any_of({schema, names(spec.words)});
}

Json arguments_of(ProblemEntry const& problem) {
  std::vector<std::pair<std::string, Json>> properties;
  for (ArgumentSpec const& spec : problem.arguments) {
    std::string const unit = spec.unit == "1" || spec.unit.empty() ? "" : fmt::format(" [{}]", spec.unit);
    properties.emplace_back(spec.name, with_default(described(one_or_more(argument(spec)), spec.description + unit),
                                                    Json(spec.default_value)));
  }
  return table_of(properties);
}

/// "if this problem is one of the matrix, then problem_args are its own"
Json rule_of(ProblemEntry const& problem) {
  Json const is_it{{"const", problem.name}};
  Json const named = any_of({is_it, Json{{"type", "array"}, {"contains", is_it}}});
  return Json{{"if", {{"properties", {{"problem", named}}}, {"required", {"problem"}}}},
              {"then", {{"properties", {{"problem_args", arguments_of(problem)}}}}}};
}

Json control(Vocabulary const& vocabulary) {
  ControlSpec const standard{};
  Json const checkpoints = any_of({integer(config::checkpoints_range), pattern(byte_size_pattern())});
  Json damping = number(config::share_range);
  damping["not"] = Json{{"const", config::useless_damping}};
  std::vector<Property> const of_methods{
      {"checkpoints", with_default(described(one_or_more(checkpoints),
                                             "states that a method with a budget keeps, or "
                                             "as many as fit into bytes per trajectory"),
                                   standard.checkpoints)},
      {"damping", with_default(described(one_or_more(damping), "eps of mali"), standard.damping)},
      {"coupling",
       with_default(described(one_or_more(number(config::share_range)), "kappa of reversible_rk"), standard.coupling)}};
  std::vector<Property> fixed = of_methods, adaptive = of_methods;
  fixed.push_back({"n", described(one_or_more(integer(config::steps_range)), "number of equal steps")});
  Json const formula = pattern("^ *rtol *([*/] *[0-9.eE+-]+ *)?$");
  for (Property& property : std::vector<Property>{
           {"rtol", described(one_or_more(number(config::rtol_range)), "relative tolerance")},
           {"atol", described(one_or_more(any_of({number(config::positive_range), formula})),
                              "absolute tolerance, or a formula such as \"rtol*1e-2\"; default: rtol")},
           {"initial_step", with_default(described(one_or_more(number(config::initial_step_range)),
                                                   "first step tried; 0: chosen by Hairer, Nørsett & Wanner II.4"),
                                         standard.initial_step)},
           {"max_steps",
            with_default(described(one_or_more(integer(config::steps_range)), "limit on trials"), standard.max_steps)},
           {"controller", with_default(described(one_or_more(names(vocabulary.controllers), true), "step-size rule"),
                                       vocabulary.controllers.at(0))},
           {"norm", with_default(described(one_or_more(names(vocabulary.norms), true), "norm of the error estimate"),
                                 vocabulary.norms.at(0))}})
    adaptive.push_back(std::move(property));
  constexpr std::array<std::string_view, 1> of_fixed{"n"}, of_adaptive{"rtol"};
  Json schema =
      table(config::control_keys, {{"fixed", table(config::fixed_keys, std::move(fixed), of_fixed)},
                                   {"adaptive", table(config::adaptive_keys, std::move(adaptive), of_adaptive)}});
  schema["minProperties"] = schema["maxProperties"] = 1;
  return schema;
}

Json loss() {
  Json const times =
      any_of({integer(config::observations_range),
              Json{{"type", "array"}, {"items", number({})}, {"maxItems", bound(config::observations_range.maximum)}}});
  Json observed = table(config::loss_keys, {{"exact", described(times, "steps end at the observations")},
                                            {"dense", described(times, "observed through the dense output")}});
  observed["minProperties"] = observed["maxProperties"] = 1;
  return any_of({names(config::whole_losses), observed});
}

/// [checks], or the same of one matrix.
Json checks(Vocabulary const& vocabulary) {
  std::vector<std::pair<std::string, Json>> properties;
  for (CheckEntry const& check : vocabulary.checks) {
    std::vector<std::pair<std::string, Json>> settings{{"enable", with_default(boolean(), check.enabled)}};
    for (ArgumentSpec const& option : check.options)
      settings.emplace_back(option.name,
                            with_default(described(argument(option), option.description), Json(option.default_value)));
    properties.emplace_back(check.name, table_of(settings));
  }
  return table_of(properties);
}

/// Of an `exclude`, with `reason` beside it, or of `expect.where`.
Json condition(Vocabulary const& vocabulary, bool with_reason) {
  std::vector<std::pair<std::string, Json>> arguments;
  for (ProblemEntry const& problem : vocabulary.problems) {
    for (ArgumentSpec const& spec : problem.arguments) arguments.emplace_back(spec.name, Json::object());
  }
  auto const axis = [](std::vector<std::string> const& valid) { return one_or_more(names(valid), true); };
  Json const known =
      table(config::condition_keys,
            {{"control", described(one_or_more(pattern("^(fixed|adaptive):")),
                                   "such as \"fixed:n=64\", or a glob such as \"adaptive:rtol=1e-3,*\"")},
             {"problem_args", table_of(arguments)},
             {"problem", axis(names_of(vocabulary.problems))},
             {"method", axis(vocabulary.methods)},
             {"solver", axis(names_of(vocabulary.solvers))},
             {"precision", axis(vocabulary.precisions)},
             {"backend", axis(vocabulary.backends)}});
  Json schema = known;
  if (with_reason) {
    schema["properties"]["reason"] = described(prose(), "why; the report prints it");
    schema["required"] = {"reason"};
  }
  schema["minProperties"] = with_reason ? 2 : 1;
  return schema;
}

Json expect(Vocabulary const& vocabulary) {
  return table(config::expect_keys,
               {{"where", condition(vocabulary, false)},
                {"status", described(names(config::expected_statuses), "what is expected instead of a pass")},
                {"reason", described(prose(), "why; the report prints it")}},
               config::expect_keys);
}

/// A list that may be empty, or one entry without its list.
Json list_of(Json const& entry) {
  return any_of({entry, Json{{"type", "array"}, {"items", entry}}});
}

Json matrix(Vocabulary const& vocabulary) {
  auto const axis = [](std::vector<std::string> const& valid, std::string_view what) {
    return described(one_or_more(names(valid), true), what);
  };
  auto const axis_with_default = [&](std::vector<std::string> const& valid, std::string_view what) {
    return with_default(axis(valid, what), valid.at(0));
  };
  Json schema = table(
      config::matrix_keys,
      {{"name", described(word(), "of this product of axes; unique")},
       {"problem", axis(names_of(vocabulary.problems), "what is integrated")},
       {"problem_args", Json{{"type", "object"}, {"description", "arguments of the problem; a list multiplies"}}},
       {"method", axis(vocabulary.methods, "how the gradient is obtained")},
       {"solver", axis(names_of(vocabulary.solvers), "the Runge-Kutta scheme")},
       {"control", described(one_or_more(Json{{"$ref", "#/definitions/control"}}), "fixed or adaptive steps")},
       {"loss", with_default(described(one_or_more(loss()), "what the loss is made of"), config::whole_losses.at(0))},
       {"time_gradients", with_default(described(boolean(), "derivatives in the times, too"), false)},
       {"precision", axis_with_default(vocabulary.precisions, "of the numbers")},
       {"backend", axis_with_default(vocabulary.backends, "where it runs")},
       {"reference", with_default(described(names(vocabulary.references), "what errors are measured against"),
                                  vocabulary.references.at(0))},
       {"tags", described(list_of(word()), "for filters: -k tag:NAME")},
       {"checks", Json{{"$ref", "#/definitions/checks"}}},
       {"exclude", described(list_of(condition(vocabulary, true)), "cases that are left out, and why")},
       {"expect", described(list_of(expect(vocabulary)), "known limits: cases that are expected to fail, and why")}},
      config::required_matrix_keys);
  for (ProblemEntry const& problem : vocabulary.problems) schema["allOf"].push_back(rule_of(problem));
  return schema;
}

Json run() {
  RunSettings const standard{};
  nlohmann::json const settings = settings_json(standard);
  auto const property = [&](Json schema, char const* key, char const* what) {
    return Property{key, with_default(described(std::move(schema), what), Json(settings[key]))};
  };
  return table(config::run_keys,
               {property(integer(config::seed_range), "seed", "of directions and random checks"),
                property(integer(config::repeat_range), "repeat", "timed samples at least"),
                property(integer(config::warmup_range), "warmup", "untimed repetitions before them"),
                property(pattern(duration_pattern()), "min_time", "a sample lasts at least so long"),
                property(pattern(duration_pattern()), "case_timeout", "a case that takes longer is cut off"),
                property(names(config::run_orders), "order",
                         "of the cases: the methods of a problem in turn, as written, or those with most work first")});
}

Json limits_of_problem(Vocabulary const& vocabulary) {
  std::vector<std::pair<std::string, Json>> quantities;
  for (QuantityEntry const& quantity : vocabulary.quantities) {
    Json const limit = quantity.bytes ? pattern(byte_size_pattern()) : number(config::positive_range);
    std::vector<std::pair<std::string, Json>> by_method;
    for (std::string const& method : vocabulary.methods) by_method.emplace_back(method, limit);
    quantities.emplace_back(quantity.name, any_of({limit, table_of(by_method)}));
  }
  return table_of(quantities);
}

Json limits(Vocabulary const& vocabulary) {
  std::vector<std::pair<std::string, Json>> problems;
  for (ProblemEntry const& problem : vocabulary.problems)
    problems.emplace_back(problem.name, Json{{"$ref", "#/definitions/limits_of_problem"}});
  return table_of(problems);
}

}  // namespace

Json config_schema(Vocabulary const& vocabulary) {
  constexpr std::array<std::string_view, 2> required{"schema", "matrix"};
  Json const matrices{{"type", "array"}, {"items", {{"$ref", "#/definitions/matrix"}}}, {"minItems", 1}};
  Json const properties =
      table(config::suite_keys,
            {{"schema", described(Json{{"const", config::schema}}, "version of this format")},
             {"title", described(text(), "of the suite and its report")},
             {"run", described(run(), "how cases are repeated and timed")},
             {"checks", described(Json{{"$ref", "#/definitions/checks"}}, "settings of the checks, for every matrix")},
             {"report", described(table(config::report_keys, {{"error", names(vocabulary.report_errors)},
                                                              {"cost", names(vocabulary.report_costs)}}),
                                  "axes that the report draws unless told otherwise")},
             {"matrix", described(matrices, "products of axes, which become cases")},
             {"limits", described(limits(vocabulary), "absolute limits by problem, quantity and method")}},
            required);
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "Suite of retrace"}};
  schema.update(properties);
  schema["definitions"] = Json{{"matrix", matrix(vocabulary)},
                               {"control", control(vocabulary)},
                               {"checks", checks(vocabulary)},
                               {"limits_of_problem", limits_of_problem(vocabulary)}};
  return schema;
}

}  // namespace retrace
