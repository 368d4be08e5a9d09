#include "results/tables.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace retrace::results {

namespace {

template <class Row>
void append(std::vector<Row> const& rows, std::int64_t case_index, Tables& tables) {
  auto& all = std::get<std::vector<Row>>(tables);
  for (Row const& row : rows) {
    all.push_back(row);
    all.back().case_index = case_index;
  }
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

Tables flatten(ResultDocument const& document) {
  Tables tables;
  std::get<std::vector<RunRow>>(tables) = document.runs;
  std::get<std::vector<EnvironmentRow>>(tables) = document.environment;
  std::get<std::vector<RankRow>>(tables) = document.ranks;
  std::get<std::vector<ConvergenceRow>>(tables) = document.convergence;
  for (std::int64_t index = 0; CaseRecord const& record : document.cases) {
    std::get<std::vector<CaseRow>>(tables).push_back(record.row);
    std::get<std::vector<Accuracy>>(tables).push_back(record.accuracy);
    std::get<std::vector<CostRow>>(tables).push_back(record.cost);
    append(record.samples, index, tables);
    append(record.memory, index, tables);
    append(record.mem_labels, index, tables);
    append(record.checks, index, tables);
    append(record.taylor, index, tables);
    append(record.time_gradients, index, tables);
    ++index;
  }
  return tables;
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
