#include "results/tables.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace retrace::results {

namespace {

template <class Row>
RowsOfTable<Row> all_of(std::vector<Row> const& rows) {
  RowsOfTable<Row> found;
  found.rows.reserve(rows.size());
  for (Row const& row : rows) found.rows.push_back(&row);
  return found;
}

/// One row of each case.
template <class Row>
RowsOfTable<Row> one_of_each(ResultDocument const& document, Row CaseRecord::*member) {
  RowsOfTable<Row> found;
  found.rows.reserve(document.cases.size());
  for (CaseRecord const& record : document.cases) found.rows.push_back(&(record.*member));
  return found;
}

template <class Row>
RowsOfTable<Row> all_of_each(ResultDocument const& document, std::vector<Row> CaseRecord::*member) {
  RowsOfTable<Row> found;
  for (std::int64_t index = 0; CaseRecord const& record : document.cases) {
    for (Row const& row : record.*member) {
      found.rows.push_back(&row);
      found.cases.push_back(index);
    }
    ++index;
  }
  return found;
}

/// Gives each row to its case, in order. Returns what is wrong, or nothing.
template <class Row>
std::string distribute(Tables& tables, std::vector<CaseRecord>& cases, std::vector<Row> CaseRecord::*member) {
  for (Row& row : std::get<std::vector<Row>>(tables)) {
    auto const index = row.case_index;
    if (index < 0 || index >= std::ssize(cases)) {
      return fmt::format("/{}/case is {}, but there are {} cases", Table<Row>::name, index, cases.size());
    }
    (cases[static_cast<std::size_t>(index)].*member).push_back(std::move(row));
  }
  return {};
}

}  // namespace

template <>
RowsOfTable<RunRow> rows_of(ResultDocument const& document) {
  return all_of(document.runs);
}
template <>
RowsOfTable<EnvironmentRow> rows_of(ResultDocument const& document) {
  return all_of(document.environment);
}
template <>
RowsOfTable<RankRow> rows_of(ResultDocument const& document) {
  return all_of(document.ranks);
}
template <>
RowsOfTable<ConvergenceRow> rows_of(ResultDocument const& document) {
  return all_of(document.convergence);
}
template <>
RowsOfTable<CaseRow> rows_of(ResultDocument const& document) {
  return one_of_each(document, &CaseRecord::row);
}
template <>
RowsOfTable<Accuracy> rows_of(ResultDocument const& document) {
  return one_of_each(document, &CaseRecord::accuracy);
}
template <>
RowsOfTable<CostRow> rows_of(ResultDocument const& document) {
  return one_of_each(document, &CaseRecord::cost);
}
template <>
RowsOfTable<Sample> rows_of(ResultDocument const& document) {
  return all_of_each(document, &CaseRecord::samples);
}
template <>
RowsOfTable<MemoryRow> rows_of(ResultDocument const& document) {
  return all_of_each(document, &CaseRecord::memory);
}
template <>
RowsOfTable<LabelRow> rows_of(ResultDocument const& document) {
  return all_of_each(document, &CaseRecord::mem_labels);
}
template <>
RowsOfTable<CheckRow> rows_of(ResultDocument const& document) {
  return all_of_each(document, &CaseRecord::checks);
}
template <>
RowsOfTable<TaylorRow> rows_of(ResultDocument const& document) {
  return all_of_each(document, &CaseRecord::taylor);
}
template <>
RowsOfTable<TimeGradientRow> rows_of(ResultDocument const& document) {
  return all_of_each(document, &CaseRecord::time_gradients);
}

std::string assemble(Tables&& tables, ResultDocument& document) {
  auto& rows = std::get<std::vector<CaseRow>>(tables);
  auto& accuracy = std::get<std::vector<Accuracy>>(tables);
  auto& cost = std::get<std::vector<CostRow>>(tables);
  if (accuracy.size() != rows.size() || cost.size() != rows.size()) {
    return fmt::format("/cases, /accuracy and /cost have {}, {} and {} rows; they must have equal length", rows.size(),
                       accuracy.size(), cost.size());
  }
  std::vector<CaseRecord> cases(rows.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    cases[i].row = std::move(rows[i]);
    cases[i].accuracy = std::move(accuracy[i]);
    cases[i].cost = std::move(cost[i]);
  }
  for (std::string problem :
       {distribute(tables, cases, &CaseRecord::samples), distribute(tables, cases, &CaseRecord::memory),
        distribute(tables, cases, &CaseRecord::mem_labels), distribute(tables, cases, &CaseRecord::checks),
        distribute(tables, cases, &CaseRecord::taylor), distribute(tables, cases, &CaseRecord::time_gradients)}) {
    if (!problem.empty()) return problem;
  }
  document.cases = std::move(cases);
  document.runs = std::move(std::get<std::vector<RunRow>>(tables));
  document.environment = std::move(std::get<std::vector<EnvironmentRow>>(tables));
  document.ranks = std::move(std::get<std::vector<RankRow>>(tables));
  document.convergence = std::move(std::get<std::vector<ConvergenceRow>>(tables));
  return {};
}

}  // namespace retrace::results
