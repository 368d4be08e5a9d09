#pragma once

#include "benchmarks/case_spec.hpp"
#include "results/record.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace retrace::app {

/// Where a number of the plan is from: the same case, like ones, nowhere.
enum class Basis { measured, like, unknown };
[[nodiscard]] constexpr std::string_view name_of(Basis basis) {
  constexpr std::array<std::string_view, 3> names{"measured", "like", "unknown"};
  return names[static_cast<std::size_t>(basis)];
}

/// What a case will take.
struct Estimate {
  double seconds = results::not_measured;  ///< of the whole case: checks, memory and repetitions
  Basis seconds_from = Basis::unknown;
  std::int64_t bytes = -1;  ///< peak of the gradient's own allocations on the fullest rank
  Basis bytes_from = Basis::unknown;
};

/// Estimates cases from those that were measured. A case that has the same id and definition is taken as it was; else
/// the mean time and the largest peak of those of the same problem, method and solver; else of problem and method; else
/// of the problem. There is no guess behind that: what a method keeps depends on the steps that only a run knows.
class Estimator {
 public:
  void learn(std::vector<results::CaseRecord> const& measured);
  [[nodiscard]] Estimate of(CaseSpec const& spec) const;

 private:
  struct Like {
    double seconds = 0.0;
    int cases_with_seconds = 0;
    std::int64_t bytes = -1;
  };
  std::map<std::string, Estimate> by_case_;  ///< id and hash
  std::map<std::string, Like> by_likeness_;
};

}  // namespace retrace::app
