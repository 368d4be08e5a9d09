#include "core/precision.hpp"
#include "gradients/external/external_method.hpp"
#include "verification/checks/declarations.hpp"

#include <cmath>
#include <string>

namespace retrace::checks {

namespace {

CheckResult judged(CheckedGradient const& g, std::string_view name, bool frozen) {
  if (g.choice.precision != F64::name) return skipped("differences need double precision");
  DifferenceError const d = g.problem.finite_difference(g.choice, g.control, frozen, g.result);
  std::string const counted = std::to_string(d.compared) + " of " + std::to_string(d.tried) + " directions";
  if (d.compared == 0) {
    return inconclusive("no usable difference (" + counted + "): the step pattern changes with the input");
  }
  constexpr double bars = 3.0;          // the bar is an estimate; three of them make a chance miss rare
  constexpr double informative = 1e-3;  // a bar above a thousandth of the derivative decides nothing
  // The gradient itself may be off by what a way back has lost (see dual.cpp): more than such a bar allows.
  constexpr double growth_downstream = 1e2;
  double const lost = g.result.round_trip.lost;
  double const of_way_back = std::isnan(lost) ? 0.0 : growth_downstream * lost * d.derivative;
  CheckResult result = at_most(name, d.error, bars * d.bar + of_way_back,
                               std::string("three error bars of the difference") +
                                   (of_way_back > 0.0 ? " and round-off of the way back; " : "; ") + counted);
  // A difference of which not a digit is known is no witness against a gradient either: the steps may all be too large.
  constexpr double not_a_digit = 0.5;
  bool const says_nothing = d.bar > (result.verdict == CheckVerdict::pass ? informative : not_a_digit) * d.derivative;
  if (says_nothing) {
    result.verdict = CheckVerdict::inconclusive;
    result.message = "the difference's own error bar is too wide to decide; " + counted;
  }
  return result;
}

}  // namespace

CheckResult difference_frozen(CheckedGradient const& g) {
  if (g.promise != Promise::exact_frozen) return skipped("the method does not promise the frozen-step derivative");
  if (find_external_solver(g.choice.solver) != nullptr)
    return skipped("the steps are a library's; the check 'dual' goes through them");
  return judged(g, "difference_frozen", true);
}

CheckResult difference_program(CheckedGradient const& g) {
  if (g.promise != Promise::exact_program) return skipped("the method does not promise the derivative of the program");
  if (g.control.detached_factor) return skipped("the live program moves the factor that the method holds fixed");
  return judged(g, "difference_program", false);
}

}  // namespace retrace::checks
