#include "results/record_json.hpp"

namespace retrace::results {

namespace {

template <class Row>
void put(nlohmann::json& json, Row const& row) {
  json[std::string(Table<Row>::name)] = row_json(row);
}
template <class Row>
void put(nlohmann::json& json, std::vector<Row> const& rows) {
  if (!rows.empty()) json[std::string(Table<Row>::name)] = rows_json(rows);
}
template <class Row>
void take(nlohmann::json const& json, Row& row) {
  row = row_of_json<Row>(json.at(std::string(Table<Row>::name)));
}
template <class Row>
void take(nlohmann::json const& json, std::vector<Row>& rows) {
  auto const found = json.find(std::string(Table<Row>::name));
  if (found != json.end()) rows = rows_of_json<Row>(*found);
}

/// `visit` for every part of a case.
template <class Record, class Visit>
void for_each_part(Record& record, Visit const& visit) {
  visit(record.row);
  visit(record.accuracy);
  visit(record.cost);
  visit(record.samples);
  visit(record.memory);
  visit(record.mem_labels);
  visit(record.checks);
  visit(record.taylor);
  visit(record.time_gradients);
}

}  // namespace

nlohmann::json record_json(CaseRecord const& record) {
  nlohmann::json json = nlohmann::json::object();
  for_each_part(record, [&](auto const& part) { put(json, part); });
  return json;
}

CaseRecord record_of_json(nlohmann::json const& json) {
  CaseRecord record;
  for_each_part(record, [&](auto& part) { take(json, part); });
  return record;
}

}  // namespace retrace::results
