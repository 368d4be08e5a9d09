#include "core/precision.hpp"
#include "verification/checks/declarations.hpp"
#include "verification/checks/fall.hpp"
#include "verification/time_reference.hpp"
#include "verification/vector_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace retrace::checks {

namespace {

/// Of methods that differentiate a program: against differences of its loss in the same times.
CheckResult against_differences(CheckedGradient const& g) {
  if (g.choice.precision != F64::name) return skipped("differences need double precision");
  if (g.control.detached_factor) return skipped("the live program moves the factor that the method holds fixed");
  bool const frozen = g.promise == Promise::exact_frozen;
  DifferenceError const d = g.problem.time_difference(g.choice, g.control, frozen, g.result);
  std::string const counted = fmt::format("{} of {} times", d.compared, d.tried);
  if (d.compared == 0) return inconclusive("no usable difference (" + counted + ")");
  constexpr double bars = 3.0;          // as in difference.cpp
  constexpr double informative = 1e-3;  // likewise, of the largest derivative in a time or the loss
  // A derivative in a node is a difference of terms of that size; a rounding for each of some hundred operations.
  constexpr double round_off = 1e2 * 1.1e-16;
  CheckResult result = at_most("times", d.error, bars * d.bar + round_off * d.derivative,
                               fmt::format("three error bars of differences in the times {}; {}",
                                           frozen ? "of the frozen steps" : "of the live program", counted));
  if (d.bar > informative * d.derivative && result.verdict == CheckVerdict::pass) {
    result.verdict = CheckVerdict::inconclusive;
    result.message = "the differences' own error bars are too wide to decide; " + counted;
  }
  return result;
}

/// Of consistent ones: the error against the flow has to fall with the tolerance, as in the check `consistency`.
CheckResult against_the_flow(CheckedGradient const& g) {
  if (g.choice.precision != F64::name) return skipped("single precision has no room for a tighter tolerance");
  if (g.reference.dloss_dt.empty()) return inconclusive("there is no reference for derivatives in times");
  constexpr double beyond_reference = 10.0, round_off_floor = 1e-11, of_its_own_size = 0.1;  // as there
  double const before = time_error(g.result.dloss_dt, g.reference),
               floor = std::max(beyond_reference * g.reference.dloss_dt_uncertainty, round_off_floor);
  Fall const fall = fall_of(g, {before}, of_its_own_size, [&](StepControl const& control) {
    auto const driver = g.problem.make_gradient(g.choice, control);
    driver->run();
    return std::vector<ErrorAndFloor>{{time_error(driver->result().dloss_dt, g.reference), floor}};
  });
  return at_most("times", fall.after, fall.threshold, "against the flow: " + fall.words());
}

}  // namespace

CheckResult times(CheckedGradient const& g) {
  if (!g.control.time_gradients) return skipped("no derivatives in times are asked for");
  return g.promise == Promise::consistent ? against_the_flow(g) : against_differences(g);
}

}  // namespace retrace::checks
