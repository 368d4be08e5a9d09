#include "verification/checks/declarations.hpp"

#include <cmath>
#include <string>

namespace retrace::checks {

CheckResult finite(CheckedGradient const& g) {
  double local = 0.0;
  for (double const x : g.result.dloss_dy0) local += std::isfinite(x) ? 0.0 : 1.0;
  double bad = std::isfinite(g.result.loss) ? 0.0 : 1.0;
  for (double const x : g.result.dloss_dp) bad += std::isfinite(x) ? 0.0 : 1.0;
  bad += static_cast<double>(g.comm.all_sum(static_cast<std::int64_t>(local)));
  CheckResult result = at_most("finite", bad, 0.0, "every number of loss and gradient is finite");
  if (result.verdict == CheckVerdict::fail) {
    result.message = "status " + std::string(name_of(g.result.status)) + " on " +
                     std::to_string(g.result.failed_trajectories) +
                     " trajectories; numbers that are not finite counted";
  }
  return result;
}

}  // namespace retrace::checks
