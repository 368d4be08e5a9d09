#pragma once

#include "results/schema.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// Rows of the result's tables as JSON, by the column list of "results/schema.hpp". Codes are their words; floats have
/// the shortest form that reads back as the same number, or are one of the texts "nan", "inf", "-inf". The column
/// `case` of a case's rows is left out: they stand with their case.
namespace retrace::results {

namespace detail {

[[nodiscard]] inline bool belongs_to_case(ColumnSpec const& spec) {
  return spec.index_into == "cases";
}

template <class Value>
nlohmann::json value_json(Value const& value) {
  if constexpr (NamedCode<Value>) {
    return std::string(name_of(value));
  } else if constexpr (std::is_same_v<Value, double>) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0.0 ? "inf" : "-inf";
    return value;
  } else {
    return value;
  }
}

template <class Value>
Value value_of_json(nlohmann::json const& json) {
  if constexpr (NamedCode<Value>) {
    std::optional<Value> const code = code_named<Value>(json.get<std::string>());
    if (!code) throw std::runtime_error("'" + json.get<std::string>() + "' is none of its words");
    return *code;
  } else if constexpr (std::is_same_v<Value, double>) {
    if (!json.is_string()) return json.get<double>();
    std::string const word = json.get<std::string>();
    if (word == "inf") return std::numeric_limits<double>::infinity();
    if (word == "-inf") return -std::numeric_limits<double>::infinity();
    if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
    throw std::runtime_error("'" + word + "' is not a number");
  } else {
    return json.get<Value>();
  }
}

// One function per type of value, not one per column of every table: they are called from many places.
template <class Value>
[[gnu::noinline]] void put_value(nlohmann::json& object, std::string_view name, Value const& value) {
  object[std::string(name)] = value_json(value);
}

template <class Value>
[[gnu::noinline]] void take_value(nlohmann::json const& object, std::string_view table, std::string_view name,
                                  Value& value) {
  auto const found = object.find(std::string(name));
  if (found == object.end()) return;
  try {
    value = value_of_json<Value>(*found);
  } catch (std::exception const& error) {
    throw std::runtime_error("/" + std::string(table) + "/" + std::string(name) + ": " + error.what());
  }
}

template <class Row, class Visit>
void for_each_stored_column(Visit const& visit) {
  for (Column<Row> const& column : Table<Row>::columns) {
    if (!belongs_to_case(column.spec)) std::visit([&](auto member) { visit(column.spec.name, member); }, column.member);
  }
}

}  // namespace detail

/// One row: an object of its columns.
template <class Row>
[[nodiscard]] nlohmann::json row_json(Row const& row) {
  nlohmann::json json = nlohmann::json::object();
  detail::for_each_stored_column<Row>(
      [&](std::string_view name, auto member) { detail::put_value(json, name, row.*member); });
  return json;
}

/// Columns that `json` lacks keep their default. Throws std::runtime_error naming the column that does not fit.
template <class Row>
[[nodiscard]] Row row_of_json(nlohmann::json const& json) {
  Row row;
  detail::for_each_stored_column<Row>(
      [&](std::string_view name, auto member) { detail::take_value(json, Table<Row>::name, name, row.*member); });
  return row;
}

template <class Row>
[[nodiscard]] nlohmann::json rows_json(std::vector<Row> const& rows) {
  nlohmann::json json = nlohmann::json::array();
  for (Row const& row : rows) json.push_back(row_json(row));
  return json;
}

template <class Row>
[[nodiscard]] std::vector<Row> rows_of_json(nlohmann::json const& json) {
  std::vector<Row> rows;
  rows.reserve(json.size());
  for (nlohmann::json const& row : json) rows.push_back(row_of_json<Row>(row));
  return rows;
}

/// All of a case: {"case": …, "accuracy": …, "cost": …, "samples": [ … ], …}, keys as the tables.
[[nodiscard]] nlohmann::json record_json(CaseRecord const& record);
[[nodiscard]] CaseRecord record_of_json(nlohmann::json const& json);

}  // namespace retrace::results
