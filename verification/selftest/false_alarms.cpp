#include "verification/selftest/false_alarms.hpp"

#include "core/error.hpp"
#include "verification/selftest/examined.hpp"

#include <optional>

namespace retrace::selftest {

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
        bool const of_the_flow = check.check == "adjoint_growth" || check.check == "consistency";
        if (of_the_flow && !(examined.error() <= of_its_own_size)) {
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
