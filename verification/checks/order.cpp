#include "solvers/registry.hpp"
#include "verification/checks/declarations.hpp"
#include "verification/witness/rounding_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace retrace::checks {

namespace {

/// The case's control on another level: twice as many steps, or a tenth of the tolerances, for each.
std::optional<StepControl> on_level(StepControl control, int level) {
  if (control.adaptive()) {
    double const factor = std::pow(10.0, -level);
    control.relative_tolerance *= factor;
    control.absolute_tolerance *= factor;
    control.max_steps *= 10;
    return control;
  }
  double const steps = std::ldexp(static_cast<double>(control.fixed_steps), level);
  if (steps < 1.0 || steps != std::floor(steps)) return std::nullopt;
  control.fixed_steps = control.max_steps = static_cast<std::int64_t>(steps);
  return control;
}
double size_of(CheckedGradient const& g, StepControl const& control) {
  return control.adaptive()
             ? control.relative_tolerance
             : std::abs(g.problem.final_time() - g.problem.initial_time()) / static_cast<double>(control.fixed_steps);
}
std::optional<double> error_on(CheckedGradient const& g, StepControl const& control) {
  auto const driver = g.problem.make_gradient(g.choice, control);
  driver->run();
  GradientResult const result = driver->result();
  if (result.status != SolveStatus::success) return std::nullopt;
  return gradient_error(g.comm, result.dloss_dy0, result.dloss_dp, g.reference).relative_l2;
}

}  // namespace

/// Finer levels first, since they are nearer to the limit; coarser ones where the reference is not good enough for
/// these.
CheckResult order(CheckedGradient const& g) {
  bool const adaptive = g.control.adaptive();
  Tableau const& tab = tableau_named(g.choice.solver);
  if (g.choice.precision != "f64") return skipped("single precision has no room for a series of step sizes");
  // Error per step with local extrapolation: tolerance^(p / (q + 1)); the steps of different tolerances are no smooth
  // family, so that only half of it is asked for.
  double const expected = adaptive ? tab.order * tab.controller_exponent : tab.order;
  double const wanted = adaptive ? 0.5 * expected : expected - 0.2;
  constexpr double ceiling = 0.1;            // relative: beyond it, nothing is asymptotic
  constexpr double beyond_reference = 10.0;  // the reference must be so much better than the errors that are compared
  constexpr double round_off_floor = 1e-12;  // 1e4 u: of a gradient over some thousand steps
  double const floor = std::max(beyond_reference * g.reference.uncertainty, round_off_floor);

  std::vector<ConvergenceLevel> levels;
  auto const usable = [&] {
    return std::ranges::count_if(levels,
                                 [&](auto const& level) { return level.error > floor && level.error < ceiling; });
  };
  auto const add = [&](int level) {
    std::optional<StepControl> const control = on_level(g.control, level);
    if (!control) return false;
    std::optional<double> const error = level == 0 ? g.error.relative_l2 : error_on(g, *control);
    if (!error) return false;
    levels.push_back({.level = level, .h = size_of(g, *control), .error = *error});
    return *error > floor;
  };
  constexpr int finest = 2, coarsest = -3;
  constexpr std::ptrdiff_t needed = 3;
  bool go_on = add(0);
  for (int level = 1; level <= finest && go_on; ++level) go_on = add(level);
  for (int level = -1; level >= coarsest && usable() < needed; --level) (void)add(level);

  std::optional<FittedOrder> const fitted = fitted_order(levels, floor, ceiling);
  CheckResult result;
  if (!fitted) {
    result = inconclusive(fmt::format(
        "no three levels with errors between {:.1e} (ten times the reference's own) and {}", floor, ceiling));
  } else {
    result.check = "order";
    result.value = fitted->slope;
    result.threshold = wanted;
    result.op = ">=";
    result.verdict = fitted->slope >= wanted ? CheckVerdict::pass : CheckVerdict::fail;
    result.message = fmt::format("slope of the error over three levels of {}; {:.3g} expected",
                                 adaptive ? "the tolerance" : "the step size", expected);
    // Slopes that rise from level to level have not arrived yet; ones that fall mean an error that stays.
    constexpr double straight = 0.4;
    if (result.verdict == CheckVerdict::fail && fitted->bend > straight) {
      result.verdict = CheckVerdict::inconclusive;
      result.message += "; still rising: these step sizes are too large to tell";
    }
  }
  result.convergence = with_slopes(std::move(levels));
  return result;
}

}  // namespace retrace::checks
