#include "results/merit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace retrace::results {

std::int64_t evaluations(CaseRecord const& record) {
  std::int64_t sum = 0;
  for (std::int64_t const count : {record.cost.nfe_fwd, record.cost.nfe_bwd, record.cost.n_jvp, record.cost.n_vjp})
    sum += std::max<std::int64_t>(count, 0);
  return sum;
}

std::int64_t solver_peak_bytes(CaseRecord const& record) {
  std::int64_t peak = -1;
  for (MemoryRow const& row : record.memory) {
    if (row.kind == MemoryKind::solver && row.stat == MemoryStat::max_rank)
      peak = std::max(peak, row.peak_above_baseline);
  }
  return peak;
}

std::vector<Merit> merits_of(CaseRecord const& record) {
  std::vector<Merit> merits;
  auto const add = [&merits](std::string name, double value, std::string_view unit) {
    if (!std::isnan(value)) merits.push_back({std::move(name), value, unit});
  };
  add("grad_rel_l2", record.accuracy.grad_rel_l2, "1");
  add("time_median", record.cost.time_median, "s");
  if (std::int64_t const peak = solver_peak_bytes(record); peak >= 0)
    add("peak_above_baseline", static_cast<double>(peak), "byte");
  if (std::int64_t const count = evaluations(record); count > 0) add("evaluations", static_cast<double>(count), "1");
  return merits;
}

std::vector<Merit> merits_of(ResultDocument const& document, ExitRules rules) {
  Summary const summary = summarize(document);
  std::vector<Merit> merits{{"cases_passed", static_cast<double>(summary.passed()), "1"},
                            {"cases_failed", static_cast<double>(summary.failed(rules)), "1"}};
  for (CaseRecord const& record : document.cases) {
    for (Merit& merit : merits_of(record)) {
      auto const known = std::ranges::find(merits, merit.name, &Merit::name);
      bool const is_sum = merit.name == "time_median" || merit.name == "evaluations";
      if (known == merits.end())
        merits.push_back(std::move(merit));
      else
        known->value = is_sum ? known->value + merit.value : std::max(known->value, merit.value);
    }
  }
  return merits;
}

std::string merit_lines(ResultDocument const& document, ExitRules rules) {
  std::string text;
  for (Merit const& merit : merits_of(document, rules))
    text += fmt::format("FOM {} {} {}\n", merit.name, merit.value, merit.unit);
  for (CaseRecord const& record : document.cases) {
    for (Merit const& merit : merits_of(record))
      text += fmt::format("FOM {}:{} {} {}\n", record.row.case_id, merit.name, merit.value, merit.unit);
  }
  return text;
}

std::string ctest_measurements(ResultDocument const& document, ExitRules rules) {
  std::string text;
  for (Merit const& merit : merits_of(document, rules))
    text += fmt::format("<CTestMeasurement type=\"numeric/double\" name=\"{}\">{}</CTestMeasurement>\n", merit.name,
                        merit.value);
  return text;
}

}  // namespace retrace::results
