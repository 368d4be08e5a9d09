#include "verification/checks.hpp"

#include "gradients/external/external_method.hpp"
#include "verification/checks/declarations.hpp"
#include "verification/step_witness.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace retrace {

std::vector<Check> const& all_checks() {
  using enum CheckSet;
  static std::vector<Check> const all{
      {"finite", "loss and gradient are finite and the solve ended well", quick, &checks::finite},
      {"tableau", "the scheme's coefficients satisfy all order conditions that it claims", quick, &checks::tableau},
      {"repro", "two runs give the same bits", quick, &checks::repro},
      {"rank_invariance", "each rank alone gets the bits that all ranks get together", standard,
       &checks::rank_invariance},
      {"thread_invariance", "one thread gets the bits that all threads get", standard, &checks::thread_invariance},
      {"reduction", "dL/dp of the whole is the sum over its trajectories", quick, &checks::reduction},
      {"replay", "the solver's final state is that of its accepted steps in plain loops, without a gap in time", quick,
       &checks::replay},
      {"error_control", "every accepted step keeps to the tolerance, its error norm formed in plain loops", quick,
       &checks::error_control},
      {"dotprod", "the right-hand side's VJP is the transpose of its derivative, and so is the loss's", quick,
       &checks::dotprod},
      {"dotprod_step", "the reverse of single steps is the transpose of their tangent (exact-frozen methods)", quick,
       &checks::dotprod_step},
      {"dual", "equal to duals through the same frozen steps (exact-frozen methods)", quick, &checks::dual},
      {"program_dual", "equal to duals through the whole adaptive program (exact-program methods)", quick,
       &checks::program_dual},
      {"complex_step", "equal to complex steps through the same steps in plain loops (exact-frozen methods)", quick,
       &checks::complex_step},
      {"program_complex_step",
       "equal to complex steps through the whole adaptive program in plain loops (exact-program methods)", quick,
       &checks::program_complex_step},
      {"methods_agree", "all exact-frozen methods have the same gradient", standard, &checks::methods_agree},
      {"taylor", "what the gradient leaves of the loss falls with the square of the step (exact methods)", standard,
       &checks::taylor},
      {"round_trip", "the way back finds y0 again (reversible methods)", quick, &checks::round_trip},
      {"copies", "the two copies of the state stay as close as the tolerance lets them (reversible_rk)", quick,
       &checks::copies},
      {"times", "dL/dt0, dL/dT and dL/dt_k are those of the same promise, by differences or the flow's", standard,
       &checks::times},
      {"difference_frozen", "within the error bar of central differences on frozen steps", standard,
       &checks::difference_frozen},
      {"difference_program", "within the error bar of central differences of the live program", standard,
       &checks::difference_program},
      {"adjoint_growth", "dL/dy0 does not owe its size to steps beyond the limit of stability (discrete methods)",
       standard, &checks::adjoint_growth},
      {"invariants", "what the flow keeps at both ends, gradient and solve keep better with the tolerance", standard,
       &checks::invariants},
      {"consistency", "the distance to the reference falls with the tolerance (consistent methods)", standard,
       &checks::consistency},
      {"order", "the distance to the reference falls with the step size as the scheme promises", full, &checks::order},
      {"reference", "the distance to the reference is of the size of the tolerance", quick, &checks::reference},
  };
  return all;
}

namespace {
/// Does the check take steps by a scheme of ours?
bool needs_scheme(std::string_view check) {
  constexpr std::array names{"replay", "error_control", "dotprod",      "dotprod_step",         "complex_step",
                             "taylor", "methods_agree", "program_dual", "program_complex_step", "order"};
  return std::ranges::find(names, check) != names.end();
}
}  // namespace

MeasuredRounding const& CheckedGradient::rounding() const {
  if (rounding_) return *rounding_;
  auto const* const along_steps = dynamic_cast<StepWitness const*>(&problem);
  bool const foreign = find_external_method(choice.method) != nullptr;
  rounding_ = foreign && along_steps != nullptr
                  ? along_steps->rounding(choice, control, result)
                  : witness.rounding(choice, control, promise == Promise::exact_program, result);
  return *rounding_;
}

std::vector<CheckResult> run_checks(CheckedGradient const& gradient,
                                    std::function<bool(std::string_view)> const& wanted) {
  std::vector<CheckResult> results;
  bool finite = true;
  bool const foreign = find_external_method(gradient.choice.method) != nullptr;
  for (Check const& check : all_checks()) {
    if (!wanted(check.name)) continue;
    auto const start = std::chrono::steady_clock::now();
    CheckResult result;
    if (finite && foreign && needs_scheme(check.name)) {
      result = skipped("the method integrates by a library's own scheme");
    } else if (finite) {
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
