#include "benchmarks/suite.hpp"

#include "benchmarks/config_keys.hpp"
#include "benchmarks/config_reader.hpp"
#include "benchmarks/matrix.hpp"
#include "benchmarks/settings_json.hpp"
#include "benchmarks/toml_reader.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

namespace retrace {

namespace {

using Kind = ConfigValue::Kind;

RunSettings run_settings(ConfigValue const* table) {
  RunSettings run;
  if (table == nullptr) return run;
  TableReader const reader(*table, "[run]", config::run_keys);
  if (auto const* value = reader.find("seed")) {
    run.seed = static_cast<std::uint64_t>(integer_of(*value, "seed", config::seed_range));
  }
  if (auto const* value = reader.find("repeat")) {
    run.repeat = static_cast<int>(integer_of(*value, "repeat", config::repeat_range));
  }
  if (auto const* value = reader.find("warmup")) {
    run.warmup = static_cast<int>(integer_of(*value, "warmup", config::warmup_range));
  }
  if (auto const* value = reader.find("min_time")) run.min_time_seconds = duration_of(*value, "min_time");
  if (auto const* value = reader.find("case_timeout")) {
    run.case_timeout_seconds = duration_of(*value, "case_timeout");
    if (!(run.case_timeout_seconds > 0.0)) throw_at(value->position, "'case_timeout' must be longer than 0");
  }
  if (auto const* value = reader.find("order")) run.order = name_of(*value, "order", config::run_orders);
  return run;
}

ReportSettings report_settings(ConfigValue const* table, Vocabulary const& vocabulary) {
  ReportSettings report;
  if (table == nullptr) return report;
  TableReader const reader(*table, "[report]", config::report_keys);
  if (auto const* value = reader.find("error")) report.error = name_of(*value, "error", vocabulary.report_errors);
  if (auto const* value = reader.find("cost")) report.cost = name_of(*value, "cost", vocabulary.report_costs);
  return report;
}

double limit_of(ConfigValue const& value, QuantityEntry const& quantity) {
  if (quantity.bytes) return static_cast<double>(byte_size_of(value, quantity.name));
  return number_of(value, quantity.name, config::positive_range);
}

/// [limits.PROBLEM]: QUANTITY = value, or QUANTITY = { METHOD = value, … }.
auto limits(ConfigValue const* table, Vocabulary const& vocabulary) {
  decltype(MatrixContext::limits) all;
  if (table == nullptr) return all;
  std::vector<std::string> const problems = names_of(vocabulary.problems), quantities = names_of(vocabulary.quantities);
  TableReader const by_problem(*table, "[limits]", problems);
  for (ConfigMember const& problem : table->members) {
    TableReader const by_quantity(problem.value, fmt::format("[limits.{}]", problem.key), quantities);
    for (ConfigMember const& member : problem.value.members) {
      QuantityEntry const& quantity = *find_entry(vocabulary.quantities, member.key);
      auto& by_method = all[problem.key][member.key];
      if (!member.value.is(Kind::table)) {
        by_method[""] = limit_of(member.value, quantity);
        continue;
      }
      TableReader const methods(member.value, fmt::format("[limits.{}.{}]", problem.key, member.key),
                                vocabulary.methods);
      for (ConfigMember const& method : member.value.members) by_method[method.key] = limit_of(method.value, quantity);
    }
  }
  return all;
}

/// The merged configuration with every default of [run], [checks] and [report] written out.
nlohmann::json effective_config(ConfigValue const& config, Suite const& suite, nlohmann::json const& checks) {
  nlohmann::json effective = to_json(config);
  effective["title"] = suite.title;
  effective["run"] = settings_json(suite.run);
  effective["checks"] = checks;
  effective["report"] = {{"error", suite.report.error}, {"cost", suite.report.cost}};
  return effective;
}

/// No two cases may share an id: results are matched by it.
void check_ids(Suite const& suite) {
  std::map<std::string, CaseSpec const*> seen;
  for (CaseSpec const& spec : suite.cases) {
    auto const [earlier, is_new] = seen.emplace(case_id(spec), &spec);
    if (is_new) continue;
    CaseSpec const& other = *earlier->second;
    throw UsageError(
        spec.origin == other.origin
            ? fmt::format("{}: matrix '{}' yields the case {} twice", spec.origin, spec.matrix, earlier->first)
            : fmt::format("{}: matrix '{}' yields the case {}, which matrix '{}' at {} has already", spec.origin,
                          spec.matrix, earlier->first, other.matrix, other.origin));
  }
}

}  // namespace

nlohmann::json settings_json(RunSettings const& run) {
  return {{"seed", run.seed},
          {"repeat", run.repeat},
          {"warmup", run.warmup},
          {"min_time", fmt::format("{}s", run.min_time_seconds)},
          {"case_timeout", fmt::format("{}s", run.case_timeout_seconds)},
          {"order", run.order}};
}

Suite parse_suite(std::span<ConfigText const> files, std::span<std::string const> overrides,
                  Vocabulary const& vocabulary) {
  ConfigValue const config = merged_config(files, overrides);
  TableReader const reader(config, "the suite", config::suite_keys);

  Suite suite;
  suite.sources.assign(files.begin(), files.end());
  suite.overrides.assign(overrides.begin(), overrides.end());
  if (auto const* title = reader.find("title")) suite.title = text_of(*title, "title");
  suite.run = run_settings(reader.find("run"));
  suite.report = report_settings(reader.find("report"), vocabulary);
  MatrixContext const context{.vocabulary = vocabulary,
                              .seed = suite.run.seed,
                              .checks = check_settings(reader.find("checks"), nullptr, vocabulary),
                              .limits = limits(reader.find("limits"), vocabulary)};
  ConfigValue const& matrices = reader.require("matrix");
  if (!matrices.is(Kind::list) || matrices.items.empty()) {
    throw_at(matrices.position, "'matrix' must be a list of tables, each begun by [[matrix]]");
  }
  for (ConfigValue const& matrix : matrices.items) expand_matrix(matrix, context, suite);
  check_ids(suite);
  suite.effective = effective_config(config, suite, context.checks);
  return suite;
}

Suite parse_suite(std::string_view text, std::string_view source_name, Vocabulary const& vocabulary) {
  std::array const files{ConfigText{std::string(source_name), std::string(text)}};
  return parse_suite(files, {}, vocabulary);
}

Suite load_suite(std::string const& path, Vocabulary const& vocabulary) {
  std::array const files{read_config(path)};
  return parse_suite(files, {}, vocabulary);
}

}  // namespace retrace
