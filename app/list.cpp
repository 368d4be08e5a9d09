#include "app/commands.hpp"
#include "benchmarks/builtin_suites.hpp"
#include "benchmarks/case_runner.hpp"
#include "benchmarks/suite.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "gradients/registry.hpp"
#include "solvers/registry.hpp"
#include "verification/checks.hpp"
#include "verification/execution_spaces.hpp"
#include "verification/problem_catalogue.hpp"

#include <fmt/format.h>
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

Json methods() {
  Json all = Json::array();
  for_each_type(AllGradientMethods{}, [&]<class Method>() {
    all.push_back({{"name", Method::name}, {"promise", name_of(Method::promise)}, {"summary", Method::summary}});
  });
  return all;
}

Json solvers() {
  Json all = Json::array();
  for_each_type(AllTableaus{}, [&]<class Tab>() {
    all.push_back({{"name", Tab::name},
                   {"order", Tab::order},
                   {"stages", Tab::stages},
                   {"steps", Tab::adaptive ? "adaptive" : "fixed"},
                   {"summary", Tab::fsal ? "first same as last" : ""}});
  });
  return all;
}

Json checks() {
  Json all = Json::array();
  for (Check const& check : all_checks()) all.push_back({{"name", check.name}, {"summary", check.summary}});
  return all;
}

Json backends_of_this_build() {
  Json all = Json::array();
  for (Backend const& backend : backends()) all.push_back({{"name", backend.name}, {"summary", backend.summary}});
  return all;
}

Json suites() {
  Json all = Json::array();
  for (BuiltinSuite const& suite : builtin_suites()) {
    ConfigText const text{std::string("suite:") + std::string(suite.name), std::string(suite.text)};
    Suite const parsed = parse_suite({&text, 1}, {}, registered_vocabulary());
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
  std::vector<Section> const sections{{"problems", problems},
                                      {"methods", methods},
                                      {"solvers", solvers},
                                      {"checks", checks},
                                      {"backends", backends_of_this_build},
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
