#include "results/csv.hpp"

#include "results/merit.hpp"
#include "results/schema.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <type_traits>
#include <variant>

namespace retrace::results {

namespace {

std::string field(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (char const c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

template <class Value>
std::string cell(ColumnSpec const& spec, Value const& value) {
  if constexpr (NamedCode<Value>) {
    return std::string(name_of(value));
  } else if constexpr (std::is_same_v<Value, std::string>) {
    return field(value);
  } else if constexpr (std::is_same_v<Value, double>) {
    return std::isnan(value) ? std::string() : fmt::format("{}", value);
  } else {
    if constexpr (std::is_signed_v<Value>) {
      if (value == -1 && may_be_missing(spec)) return {};
    }
    return fmt::format("{}", value);
  }
}

/// What defines a case beside the columns is for programs, and long.
template <class Row>
bool is_shown(Column<Row> const& column) {
  return column.spec.name != "case_json";
}

template <class Row>
void add_names(std::string& line) {
  for (Column<Row> const& column : Table<Row>::columns) {
    if (is_shown(column)) line += (line.empty() ? "" : ",") + std::string(column.spec.name);
  }
}

template <class Row>
void add_cells(std::string& line, Row const& row) {
  bool first = line.empty();
  for (Column<Row> const& column : Table<Row>::columns) {
    if (!is_shown(column)) continue;
    if (!first) line += ',';
    first = false;
    std::visit([&](auto member) { line += cell(column.spec, row.*member); }, column.member);
  }
}

std::string bytes_cell(std::int64_t bytes) {
  return bytes < 0 ? std::string() : fmt::format("{}", bytes);
}

std::int64_t process_peak(CaseRecord const& record) {
  for (MemoryRow const& row : record.memory) {
    if (row.kind == MemoryKind::process_rss && row.stat == MemoryStat::max_rank) return row.peak_bytes;
  }
  return -1;
}

}  // namespace

std::string as_csv(ResultDocument const& document) {
  std::string text;
  add_names<CaseRow>(text);
  add_names<Accuracy>(text);
  add_names<CostRow>(text);
  text += ",peak_above_baseline,process_rss\n";
  for (CaseRecord const& record : document.cases) {
    std::string line;
    add_cells(line, record.row);
    add_cells(line, record.accuracy);
    add_cells(line, record.cost);
    text += line + ',' + bytes_cell(solver_peak_bytes(record)) + ',' + bytes_cell(process_peak(record)) + '\n';
  }
  return text;
}

}  // namespace retrace::results
