#include "core/precision.hpp"
#include "verification/checks/declarations.hpp"
#include "verification/checks/fall.hpp"
#include "verification/checks/tightened.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace retrace::checks {

namespace {

double error_of(CheckedGradient const& g, GradientChoice const& choice, StepControl const& control) {
  auto const driver = g.problem.make_gradient(choice, control);
  driver->run();
  GradientResult const result = driver->result();
  return gradient_error(g.comm, result.dloss_dy0, result.dloss_dp, g.reference).relative_l2;
}

}  // namespace

CheckResult consistency(CheckedGradient const& g) {
  if (g.promise != Promise::consistent) return skipped("the method promises more; see its own check");
  if (!can_tighten(g)) return inconclusive("single precision has no room for a tighter tolerance");
  // Below ten times what the reference or the precision is good for, nothing can fall any more.
  bool const single = g.choice.precision != F64::name;
  double const round_off_floor = single ? 6e-3 : 1e-11;  // 1e5 u: what a reverse solve may make of round-off
  double const floor = std::max(10.0 * g.reference.uncertainty, round_off_floor);
  // An error of a tenth of the gradient is that of a reverse solve that grows, and no accident: not asked again.
  constexpr double of_its_own_size = 0.1;
  Fall const fall = fall_of(g, {g.error.relative_l2}, of_its_own_size, [&](StepControl const& control) {
    return std::vector<ErrorAndFloor>{{error_of(g, g.choice, control), floor}};
  });
  CheckResult result = at_most("consistency", fall.after, fall.threshold, fall.words());
  if (single && result.verdict == CheckVerdict::fail) {
    // The same code in double has the method's error and the fault's, if there is one, and no round-off to speak of.
    GradientChoice in_double = g.choice;
    in_double.precision = F64::name;
    constexpr double further = 100.0;  // twice what single precision has room for
    double const first = error_of(g, in_double, g.control),
                 then = error_of(g, in_double, tightened(g.control, g.control.adaptive() ? further : 16.0));
    if (then <= std::max(fall.wanted * first, floor)) {
      result.verdict = CheckVerdict::inconclusive;
      result.message += fmt::format(
          "; in double it falls from {:.2e} to {:.2e}: round-off of single precision grows in the reverse solve", first,
          then);
      return result;
    }
  }
  constexpr double moves = 0.9;  // an error that hardly moves is that of something else
  if (result.verdict == CheckVerdict::fail && fall.before > 0.5 && fall.after < moves * fall.before) {
    result.verdict = CheckVerdict::inconclusive;
    result.message += "; the error is of the size of the gradient: outside the asymptotic range";
  }
  return result;
}

CheckResult reference(CheckedGradient const& g) {
  // Not a verdict on the method: what a discretisation error may be depends on the flow. It says whether the distance
  // is known well enough to be drawn.
  CheckResult result =
      at_most("reference", g.reference.uncertainty, std::max(0.1 * g.error.relative_l2, 1e-13),
              fmt::format("uncertainty of the reference against a tenth of the error {:.2e}", g.error.relative_l2));
  if (result.verdict == CheckVerdict::fail) {
    result.verdict = CheckVerdict::inconclusive;
    result.message = "the reference is not good enough to measure this error";
  }
  return result;
}

}  // namespace retrace::checks
