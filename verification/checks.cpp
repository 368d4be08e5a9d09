#include "verification/checks.hpp"

#include "verification/checks/declarations.hpp"

#include <chrono>

namespace retrace {

std::vector<Check> const& all_checks() {
  static std::vector<Check> const all{
      {"finite", "loss and gradient are finite and the solve ended well", &checks::finite},
      {"repro", "two runs give the same bits", &checks::repro},
      {"dual", "equal to duals through the same frozen steps (exact-frozen methods)", &checks::dual},
      {"program_dual", "equal to duals through the whole adaptive program (exact-program methods)",
       &checks::program_dual},
      {"difference_frozen", "within the error bar of central differences on frozen steps", &checks::difference_frozen},
      {"difference_program", "within the error bar of central differences of the live program",
       &checks::difference_program},
      {"consistency", "the distance to the reference falls with the tolerance (consistent methods)",
       &checks::consistency},
      {"reference", "the distance to the reference is of the size of the tolerance", &checks::reference},
  };
  return all;
}

std::vector<CheckResult> run_checks(CheckedGradient const& gradient,
                                    std::function<bool(std::string_view)> const& wanted) {
  std::vector<CheckResult> results;
  bool finite = true;
  for (Check const& check : all_checks()) {
    if (!wanted(check.name)) continue;
    auto const start = std::chrono::steady_clock::now();
    CheckResult result;
    if (finite) {
      result = check.run(gradient);
    } else {
      result.message = "there is no finite gradient to look at";
    }
    result.check = check.name;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (check.name == "finite") finite = result.verdict == CheckVerdict::pass;
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace retrace
