#include "results/json_text.hpp"

#include "results/merit.hpp"
#include "results/record_json.hpp"

#include <nlohmann/json.hpp>

namespace retrace::results {

std::string as_json(ResultDocument const& document, ExitRules rules) {
  nlohmann::json root;
  root["schema_name"] = schema_name;
  root["schema_version"] = schema_version;
  root["title"] = document.title;
  root["generator"] = document.generator;
  root["finalized"] = document.finalized;
  root["planned_cases"] = document.planned_cases;
  root["exit_code"] = document.finalized ? exit_code_of_cases(document, rules) : exit_code(document, rules);
  Summary const summary = summarize(document);
  nlohmann::json counts{
      {"passed", summary.passed()}, {"failed", summary.failed(rules)}, {"skipped", summary.skipped()}};
  for (std::size_t value = 0; value < summary.by_status.size(); ++value)
    counts["by_status"][std::string(name_of(static_cast<Status>(value)))] = summary.by_status[value];
  root["counts"] = std::move(counts);
  root["merits"] = nlohmann::json::object();
  for (Merit const& merit : merits_of(document, rules))
    root["merits"][merit.name] = {{"value", detail::value_json(merit.value)}, {"unit", merit.unit}};
  root["runs"] = rows_json(document.runs);
  root["cases"] = nlohmann::json::array();
  for (CaseRecord const& record : document.cases) root["cases"].push_back(record_json(record));
  return root.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace retrace::results
