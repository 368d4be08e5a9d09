#pragma once

#include "results/schema.hpp"
#include "results/tables.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

/// Documents for the tests: every column of every table filled with awkward values, and their exact comparison.
namespace retrace::results::testing {

template <class Value>
Value odd_value(std::size_t n) {
  if constexpr (std::is_same_v<Value, std::string>) {
    std::array<std::string, 5> const texts{"", "∂L/∂y₀ ≤ 1e-8 · 勾配 · 🚀", "two\nlines\tand \"quotes\" \\",
                                           std::string(5000, 'x'), "text " + std::to_string(n)};
    return texts[n % texts.size()];
  } else if constexpr (std::is_same_v<Value, double>) {
    using Limits = std::numeric_limits<double>;
    std::array<double, 8> const values{
        Limits::quiet_NaN(), -0.0, Limits::infinity(),    -Limits::infinity(), Limits::denorm_min(),
        Limits::max(),       0.1,  static_cast<double>(n)};
    return values[n % values.size()];
  } else if constexpr (NamedCode<Value>) {
    return static_cast<Value>(n % code_names<Value>.size());
  } else {
    using Limits = std::numeric_limits<Value>;
    std::array<Value, 4> const values{static_cast<Value>(-1), Limits::max(), Limits::min(), static_cast<Value>(n)};
    return values[n % values.size()];
  }
}

/// Row number `n` of any table: no two columns get the same value, so that a mix-up of columns shows.
template <class Row>
Row odd_row(std::size_t n) {
  Row row;
  for (std::size_t c = 0; c < Table<Row>::columns.size(); ++c) {
    Column<Row> const& column = Table<Row>::columns[c];
    if (!column.spec.index_into.empty()) continue;
    std::visit([&]<class Value>(Value Row::*member) { row.*member = odd_value<Value>(n + c); }, column.member);
  }
  return row;
}

template <class Row>
std::vector<Row> odd_rows(std::size_t count, std::size_t first = 0) {
  std::vector<Row> rows;
  for (std::size_t n = 0; n < count; ++n) rows.push_back(odd_row<Row>(first + n));
  return rows;
}

/// Two runs, eleven cases (one per status), and one case with more samples than fit into two chunks of the file.
inline ResultDocument sample_document() {
  ResultDocument document;
  document.title = "Sample: ∇ through y' = f(t, y; p)";
  document.created_utc = "2024-06-01T12:34:56Z";
  document.finalized = true;
  document.generator = "retrace 0.1.0";
  document.license = "";
  document.history = "made by a test";
  document.config = {"schema = 1\n", R"({"schema":1})", std::string(64, '0'), "{}"};
  document.runs = odd_rows<RunRow>(2);
  document.runs.back().ended_by = EndedBy::finished;
  document.environment = odd_rows<EnvironmentRow>(7);
  document.ranks = odd_rows<RankRow>(3);
  document.ranks.back().run = 1;
  document.convergence = odd_rows<ConvergenceRow>(5);
  for (std::size_t i = 0; i < code_names<Status>.size(); ++i) {
    CaseRecord record;
    record.row = odd_row<CaseRow>(i);
    record.row.case_id = "problem/method/solver/control/size/f64/serial " + std::to_string(i);
    record.row.run = static_cast<std::int64_t>(i % 2);
    record.row.status = static_cast<Status>(i);
    record.accuracy = odd_row<Accuracy>(i);
    record.cost = odd_row<CostRow>(i);
    record.samples = odd_rows<Sample>(i == 3 ? 2500 : i % 3, i);
    record.memory = odd_rows<MemoryRow>(i % 4, i);
    record.mem_labels = odd_rows<LabelRow>(i % 5, i);
    record.checks = odd_rows<CheckRow>(i % 3, i);
    record.taylor = odd_rows<TaylorRow>(i % 2, i);
    record.time_gradients = odd_rows<TimeGradientRow>(i % 2, i);
    document.cases.push_back(record);
  }
  return document;
}

/// Equal to the bit: NaN equals NaN, 0.0 differs from -0.0.
template <class Value>
bool same_bits(Value const& a, Value const& b) {
  if constexpr (std::is_same_v<Value, double>) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  } else {
    return a == b;
  }
}

/// Where two lists of rows differ first: "/cases/rtol, row 3", or empty.
template <class Row>
std::string difference(RowsOfTable<Row> const& a, RowsOfTable<Row> const& b) {
  std::string const table = "/" + std::string(Table<Row>::name);
  if (a.rows.size() != b.rows.size())
    return table + ": " + std::to_string(a.rows.size()) + " rows, " + std::to_string(b.rows.size());
  if (a.cases != b.cases) return table + ": rows of other cases";
  for (std::size_t row = 0; row < a.rows.size(); ++row) {
    for (Column<Row> const& column : Table<Row>::columns) {
      if (column.spec.index_into == "cases") continue;  // compared above
      bool const same =
          std::visit([&](auto member) { return same_bits(a.rows[row]->*member, b.rows[row]->*member); }, column.member);
      if (!same) return table + "/" + std::string(column.spec.name) + ", row " + std::to_string(row);
    }
  }
  return {};
}

inline std::string difference(ResultDocument const& a, ResultDocument const& b) {
  std::string found;
  for_each_table(Tables{}, [&]<class Row>(std::vector<Row> const& /*none*/) {
    if (found.empty()) found = difference(rows_of<Row>(a), rows_of<Row>(b));
  });
  return found;
}

}  // namespace retrace::results::testing
