#include "verification/checks/declarations.hpp"
#include "verification/witness/rounding_limits.hpp"

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace retrace::checks {

/// Ensembles only: a field has its parts nowhere.
CheckResult reduction(CheckedGradient const& g) {
  std::size_t const p = g.result.dloss_dp.size();
  bool const has_parts = g.comm.all_sum(static_cast<std::int64_t>(g.result.dloss_dp_each.size())) > 0;
  if (p == 0 || !has_parts) return skipped("the gradient is not a sum over trajectories");
  std::vector<double> local(2 * p, 0.0);  // sums, then sums of magnitudes
  for (std::size_t i = 0; i < g.result.dloss_dp_each.size(); ++i) {
    local[i % p] += g.result.dloss_dp_each[i];
    local[p + i % p] += std::abs(g.result.dloss_dp_each[i]);
  }
  std::vector<double> sums(2 * p, 0.0);
  std::vector<double> const all = g.comm.all_gather(local);
  for (std::size_t i = 0; i < all.size(); ++i) sums[i % (2 * p)] += all[i];
  double worst = 0.0;
  for (std::size_t j = 0; j < p; ++j) {
    double const scale = sums[p + j] > 0.0 ? sums[p + j] : 1.0;
    worst = larger_or_nan(worst, std::abs(g.result.dloss_dp[j] - sums[j]) / scale);
  }
  // Sums in double in two orders: a rounding for each term, at most.
  double const terms = static_cast<double>(g.problem.batch());
  return at_most("reduction", worst, 2.0 * limits::double_round_off * (terms + 8.0),
                 "sum over " + std::to_string(g.problem.batch()) + " trajectories in another order");
}

}  // namespace retrace::checks
