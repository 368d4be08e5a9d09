#include "verification/selftest/false_alarms.hpp"

#include "core/error.hpp"
#include "verification/selftest/examined.hpp"

#include <optional>

namespace retrace::selftest {

namespace {
/// Of checks that hold a gradient against the flow: how far the part that they look at is from the flow's; else 0.
double error_that_is_judged(std::string_view check, Examined& examined) {
  if (check == "consistency") return examined.error().relative_l2;
  if (check == "invariants") return examined.error().y0_relative_l2;
  if (check == "adjoint_growth") return examined.worst_error_in_y0();
  return 0.0;
}
}  // namespace

FalseAlarms count_false_alarms(std::int64_t configurations, std::uint64_t first_seed, Communicator const& comm,
                               std::function<void(std::int64_t)> const& each) {
  FalseAlarms found;
  constexpr double of_its_own_size = 0.5;
  auto const wanted = [](std::string_view name) { return name != "order"; };
  for (std::uint64_t seed = first_seed; found.configurations < configurations; ++seed) {
    RandomCase const one = random_case(seed);
    std::optional<Examined> made;
    try {
      made.emplace(one, comm);
    } catch (UsageError const&) {
      ++found.refused;
      continue;
    }
    Examined& examined = *made;
    ++found.configurations;
    if (examined.gradient().status != SolveStatus::success) {
      ++found.unsolved;
    } else {
      for (CheckResult const& check : examined.checks(wanted)) {
        Verdicts& verdicts = found.by_check[check.check];
        verdicts.pass += check.verdict == CheckVerdict::pass ? 1 : 0;
        verdicts.inconclusive += check.verdict == CheckVerdict::inconclusive ? 1 : 0;
        if (check.verdict != CheckVerdict::fail) continue;
        FalseAlarm const alarm{seed, one.describe(), check.check, check.message, check.value, check.threshold};
        if (!(error_that_is_judged(check.check, examined) <= of_its_own_size)) {
          found.deserved.push_back(alarm);
          continue;
        }
        ++verdicts.fail;
        found.alarms.push_back(alarm);
      }
    }
    if (each) each(found.configurations);
  }
  return found;
}

}  // namespace retrace::selftest
