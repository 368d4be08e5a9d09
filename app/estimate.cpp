#include "app/estimate.hpp"

#include "results/merit.hpp"

#include <algorithm>

namespace retrace::app {

namespace {

/// From the likest on.
std::array<std::string, 3> likenesses(std::string const& problem, std::string const& method,
                                      std::string const& solver) {
  return {problem + '/' + method + '/' + solver, problem + '/' + method, problem};
}

}  // namespace

void Estimator::learn(std::vector<results::CaseRecord> const& measured) {
  for (results::CaseRecord const& record : measured) {
    Estimate estimate;
    if (record.row.seconds > 0.0) {
      estimate.seconds = record.row.seconds;
      estimate.seconds_from = Basis::measured;
    }
    if (std::int64_t const bytes = results::solver_peak_bytes(record); bytes >= 0) {
      estimate.bytes = bytes;
      estimate.bytes_from = Basis::measured;
    }
    by_case_[record.row.case_id + '\n' + record.row.case_hash] = estimate;
    for (std::string const& likeness : likenesses(record.row.problem, record.row.method, record.row.solver)) {
      Like& like = by_likeness_[likeness];
      if (estimate.seconds_from == Basis::measured) {
        like.seconds += estimate.seconds;
        ++like.cases_with_seconds;
      }
      like.bytes = std::max(like.bytes, estimate.bytes);
    }
  }
}

Estimate Estimator::of(CaseSpec const& spec) const {
  Estimate estimate;
  if (auto const known = by_case_.find(case_id(spec) + '\n' + case_hash(spec)); known != by_case_.end())
    estimate = known->second;
  for (std::string const& likeness : likenesses(spec.problem, spec.method, spec.solver)) {
    auto const like = by_likeness_.find(likeness);
    if (like == by_likeness_.end()) continue;
    if (estimate.seconds_from == Basis::unknown && like->second.cases_with_seconds > 0) {
      estimate.seconds = like->second.seconds / like->second.cases_with_seconds;
      estimate.seconds_from = Basis::like;
    }
    if (estimate.bytes_from == Basis::unknown && like->second.bytes >= 0) {
      estimate.bytes = like->second.bytes;
      estimate.bytes_from = Basis::like;
    }
  }
  return estimate;
}

}  // namespace retrace::app
