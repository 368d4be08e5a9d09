#include "benchmarks/check_row.hpp"

#include "results/three_digits.hpp"

#include <utility>

namespace retrace {

namespace {

results::Verdict verdict_of(CheckVerdict verdict) {
  return static_cast<results::Verdict>(verdict);
}
static_assert(static_cast<int>(CheckVerdict::skipped) == static_cast<int>(results::Verdict::skipped));

}  // namespace

results::CheckRow check_row(CheckResult check, double seconds) {
  results::CheckRow row;
  row.check = std::move(check.check);
  if (check.verdict != CheckVerdict::skipped) {
    row.value = check.value;
    row.threshold = check.threshold;
  }
  row.op = std::move(check.op);
  row.verdict = verdict_of(check.verdict);
  row.message = std::move(check.message);
  row.seconds = results::three_digits(seconds);
  return row;
}

void append_taylor_rows(std::vector<TaylorTest> const& tests, std::vector<results::TaylorRow>& rows) {
  for (TaylorTest const& test : tests) {
    for (TaylorPoint const& point : test.points) {
      results::TaylorRow row;
      row.direction = point.direction;
      row.eps = point.eps;
      row.remainder0 = point.remainder0;
      row.remainder1 = point.remainder1;
      row.noise_floor = point.noise_floor;
      row.rate = point.rate;
      row.used = point.used;
      rows.push_back(row);
    }
  }
}

}  // namespace retrace
