#include "verification/checks/declarations.hpp"

namespace retrace::checks {

CheckResult repro(CheckedGradient const& g) {
  auto const again = g.problem.make_gradient(g.choice, g.control);
  again->run();
  bool const equal = again->result().digest == g.result.digest;
  return at_most("repro", equal ? 0.0 : 1.0, 0.0, "a second run has the same digest: all sums have a fixed order");
}

}  // namespace retrace::checks
