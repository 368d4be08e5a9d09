#include "app/commands.hpp"
#include "benchmarks/builtin_suites.hpp"
#include "benchmarks/registered_vocabulary.hpp"
#include "benchmarks/suite.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "core/precision.hpp"
#include "gradients/external/external_method.hpp"
#include "solvers/registry.hpp"
#include "verification/checks.hpp"
#include "verification/execution_spaces.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/method_choice.hpp"
#include "verification/problem_catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace retrace::app {

namespace {

using Json = nlohmann::ordered_json;

Json problems() {
  Json all = Json::array();
  for (ProblemDescription const& problem : problem_catalogue()) {
    Json arguments = Json::array();
    for (ArgumentSpec const& argument : argument_specs(problem.arguments)) {
      arguments.push_back({{"name", argument.name},
                           {"default", argument.default_value},
                           {"unit", argument.unit},
                           {"description", argument.description}});
    }
    all.push_back({{"name", problem.name},
                   {"family", problem.family},
                   {"state", problem.state},
                   {"summary", problem.summary},
                   {"arguments", arguments}});
  }
  return all;
}

std::string losses_of(LossSupport const& has) {
  std::string text(name_of(LossKind::terminal));
  auto const append = [&text](bool present, std::string_view name) {
    if (present) text += ", " + std::string(name);
  };
  append(has.exact, name_of(LossKind::exact));
  append(has.dense, name_of(LossKind::dense));
  append(has.integral, name_of(LossKind::integral));
  append(has.times, "times");
  return text;
}

Json methods() {
  Json all = Json::array();
  for (MethodDescription const& method : method_catalogue()) {
    Json entry{{"name", method.name},
               {"promise", name_of(method.promise)},
               {"memory", method.memory},
               {"states", method.fields ? "ensembles, fields" : "ensembles"},
               {"losses", losses_of(method.losses)}};
    if (method.steps_with != nullptr)
      entry["solvers"] = fmt::format("{}", fmt::join(solvers_of(method.steps_with), ", "));
    if (method.double_only) entry["precision"] = F64::name;
    entry["summary"] =
        method.absent.empty() ? std::string(method.summary) : fmt::format("{}; {}", method.summary, method.absent);
    all.push_back(std::move(entry));
  }
  return all;
}

Json solvers() {
  Json all = Json::array();
  for (auto const& [name, tab] : tableau_catalogue()) {
    all.push_back({{"name", name},
                   {"order", tab.order},
                   {"stages", tab.stages},
                   {"steps", tab.adaptive ? "adaptive" : "fixed"},
                   {"summary", tab.fsal ? "first same as last" : ""}});
  }
  for (ExternalMethod const& method : external_methods()) {
    for (ExternalSolver const& solver : method.solvers) {
      bool const listed = std::ranges::any_of(all, [&](Json const& one) { return one["name"] == solver.name; });
      if (!listed)
        all.push_back({{"name", solver.name},
                       {"order", solver.order},
                       {"stages", solver.stages},
                       {"steps", solver.adaptive_too ? "adaptive" : "fixed"},
                       {"summary", solver.summary}});
    }
  }
  return all;
}

Json controllers() {
  Json all = Json::array();
  for (NamedStepSizeRule const& rule : step_size_rules) all.push_back({{"name", rule.name}, {"summary", rule.summary}});
  return all;
}

Json checks() {
  Json all = Json::array();
  for (Check const& check : all_checks())
    all.push_back({{"name", check.name}, {"set", name_of(check.set)}, {"summary", check.summary}});
  return all;
}

Json backends_of_this_build() {
  Json all = Json::array();
  for (Backend const& backend : backends()) all.push_back({{"name", backend.name}, {"summary", backend.summary}});
  return all;
}

Json suites() {
  Json all = Json::array();
  Vocabulary vocabulary = registered_vocabulary();
  for (ProblemEntry& problem : vocabulary.problems) problem.validate = {};  // it makes problems, which need MPI
  for (BuiltinSuite const& suite : builtin_suites()) {
    ConfigText const text{std::string("suite:") + std::string(suite.name), std::string(suite.text)};
    Suite const parsed = parse_suite({&text, 1}, {}, vocabulary);
    all.push_back({{"name", suite.name}, {"cases", parsed.cases.size()}, {"summary", parsed.title}});
  }
  return all;
}

void print(std::string const& title, Json const& entries) {
  fmt::print("{}\n", title);
  for (Json const& entry : entries) {
    std::string details;
    for (auto const& [key, value] : entry.items()) {
      if (key == "name" || key == "summary" || key == "arguments") continue;
      details += fmt::format("{}{} {}", details.empty() ? "" : ", ", key,
                             value.is_string() ? value.get<std::string>() : value.dump());
    }
    fmt::print("  {:20} {}{}{}\n", entry["name"].get<std::string>(), details, details.empty() ? "" : "; ",
               entry["summary"].get<std::string>());
    if (!entry.contains("arguments")) continue;
    for (Json const& argument : entry["arguments"]) {
      fmt::print("      {} = {}: {}\n", argument["name"].get<std::string>(), argument["default"].dump(),
                 argument["description"].get<std::string>());
    }
  }
}

}  // namespace

int list_registered(Options const& options, bool speaks) {
  struct Section {
    char const* name;
    Json (*entries)();
  };
  std::vector<Section> const sections{{"problems", problems}, {"methods", methods},
                                      {"solvers", solvers},   {"controllers", controllers},
                                      {"checks", checks},     {"backends", backends_of_this_build},
                                      {"suites", suites}};
  std::vector<std::string> names;
  for (Section const& section : sections) names.emplace_back(section.name);
  if (!options.what.empty() && std::ranges::find(names, options.what) == names.end())
    throw UsageError(unknown_name_message("list", options.what, names));
  if (!speaks) return 0;
  Json all = Json::object();
  for (Section const& section : sections) {
    if (!options.what.empty() && options.what != section.name) continue;
    all[section.name] = section.entries();
    if (!options.json) print(section.name, all[section.name]);
  }
  if (options.json) fmt::print("{}\n", all.dump(2));
  return 0;
}

}  // namespace retrace::app
