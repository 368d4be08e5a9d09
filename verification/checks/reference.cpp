#include "core/precision.hpp"
#include "verification/checks/declarations.hpp"
#include "verification/checks/tightened.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

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
  // With tolerance / 100 (or 4 times the steps) the error of a consistent method falls about as much (4^order); a tenth
  // (a half) is asked for, so that erratic step patterns do not decide. Below ten times what the reference or double
  // precision is good for, nothing can fall any more.
  // Single precision leaves room for a tenth of the tolerance at most, and none below 1e-5 = 100 u.
  bool const adaptive = g.control.adaptive(), single = g.choice.precision != F64::name;
  double const factor = adaptive ? (single ? 10.0 : 100.0) : 4.0, wanted = adaptive && !single ? 0.1 : 0.5;
  constexpr double least_single_tolerance = 1e-5, least_tolerance = 1e-13;  // 1000 u
  constexpr std::int64_t most_fixed_steps = 10'000'000;
  if (single && adaptive && g.control.relative_tolerance < factor * least_single_tolerance)
    return inconclusive("single precision has no room for a tighter tolerance");
  double const round_off_floor = single ? 6e-3 : 1e-11;  // 1e5 u: what a reverse solve may make of round-off
  double const floor = std::max(10.0 * g.reference.uncertainty, round_off_floor);
  double const before = g.error.relative_l2;
  // Nor has a method to fall below the tolerance that it was given: on a span of few steps the first error may be far
  // below its own.
  auto const wanted_error = [&](double tightening) {
    double const tolerance = std::max(g.control.relative_tolerance, g.control.absolute_tolerance);
    double const asked = adaptive ? tolerance / tightening : 0.0;
    return std::max({wanted * before, floor, asked});
  };
  double total = factor;
  double after = error_of(g, g.choice, tightened(g.control, total));
  // An error is erratic in the tolerance: this one may be large, or the first small, by accident. What converges falls
  // on with the next tightening; what does not, stays where it is, so that asking again lets nothing else pass.
  double const room = adaptive
                          ? g.control.relative_tolerance / (single ? least_single_tolerance : least_tolerance)
                          : static_cast<double>(most_fixed_steps / std::max<std::int64_t>(g.control.fixed_steps, 1));
  // Not where the first error is a tenth of the gradient: it is that of a reverse solve that grows, and no accident.
  constexpr double of_its_own_size = 0.1;
  double const further = std::min(factor * factor, room);
  if (!(after <= wanted_error(total)) && before < of_its_own_size && further > factor) {
    total = further;
    after = error_of(g, g.choice, tightened(g.control, total));
  }
  CheckResult result = at_most("consistency", after, wanted_error(total),
                               fmt::format("error after tightening by {:g}, from {:.2e}; a fall by {:g} is asked for",
                                           total, before, 1.0 / wanted));
  if (single && result.verdict == CheckVerdict::fail) {
    // The same code in double has the method's error and the fault's, if there is one, and no round-off to speak of.
    GradientChoice in_double = g.choice;
    in_double.precision = F64::name;
    double const first = error_of(g, in_double, g.control),
                 then = error_of(g, in_double, tightened(g.control, factor * factor));
    if (then <= std::max(wanted * first, floor)) {
      result.verdict = CheckVerdict::inconclusive;
      result.message += fmt::format(
          "; in double it falls from {:.2e} to {:.2e}: round-off of single precision grows in the reverse solve", first,
          then);
      return result;
    }
  }
  constexpr double moves = 0.9;  // an error that hardly moves is that of something else
  if (result.verdict == CheckVerdict::fail && before > 0.5 && after < moves * before) {
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
