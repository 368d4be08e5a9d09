#include "core/precision.hpp"
#include "verification/checks/declarations.hpp"
#include "verification/checks/fall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace retrace::checks {

/// What the flow keeps, the solve and its gradient keep up to errors that fall with the tolerance: no reference is
/// needed for that.
CheckResult invariants(CheckedGradient const& g) {
  if (g.choice.precision != F64::name) return skipped("single precision has no room for a tighter tolerance");
  std::vector<InvariantDefect> const before = g.witness.invariants(g.control, g.result);
  if (before.empty())
    return skipped(
        "nothing is known to be kept: f depends on t or the loss is not terminal, the problem names no "
        "quantity, and no derivatives in times are asked for");
  constexpr double round_off_floor = 1e-11;  // 1e5 u: what a reverse solve may make of round-off
  // A state may be off by some tolerances: errors of single steps add up. A decayed one is off by all of its size.
  constexpr double tolerances = 10.0;
  std::vector<double> errors;
  for (InvariantDefect const& defect : before) errors.push_back(defect.relative);
  SolveStatus status = SolveStatus::success;
  constexpr double always = std::numeric_limits<double>::infinity();
  Fall const fall = fall_of(g, errors, always, [&](StepControl const& control) {
    auto const driver = g.problem.make_gradient(g.choice, control);
    driver->run();
    GradientResult const tighter = driver->result();
    status = tighter.status;
    std::vector<ErrorAndFloor> after(before.size(), {std::numeric_limits<double>::quiet_NaN(), 0.0});
    if (status != SolveStatus::success) return after;
    std::vector<InvariantDefect> const defects = g.witness.invariants(control, tighter);
    for (std::size_t i = 0; i < after.size(); ++i)
      after[i] = {defects[i].relative, std::max(round_off_floor, tolerances * defects[i].of_tolerance)};
    return after;
  });
  if (status != SolveStatus::success)
    return inconclusive(
        fmt::format("the solve with a tolerance tightened by {:g} ended with {}", fall.tightening, name_of(status)));
  CheckResult result =
      at_most("invariants", fall.after, fall.threshold,
              fmt::format("{}: {}; {} looked at", before[fall.which].what, fall.words(), before.size()));
  // A defect is never larger than its terms: one of their size cannot fall before the solve comes near the flow.
  constexpr double of_its_size = 0.5, informative = 0.1;
  if (result.verdict == CheckVerdict::fail && fall.before > of_its_size) {
    result.verdict = CheckVerdict::inconclusive;
    result.message += "; it is of the size of its terms: outside the asymptotic range";
  }
  if (result.verdict == CheckVerdict::pass && fall.threshold > informative) {
    result.verdict = CheckVerdict::inconclusive;
    result.message += "; the tolerance alone allows as much";
  }
  return result;
}

}  // namespace retrace::checks
