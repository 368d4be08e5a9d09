#include "verification/selftest/examined.hpp"

#include "verification/method_catalogue.hpp"
#include "verification/problem_catalogue.hpp"
#include "verification/witness_catalogue.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace retrace::selftest {

Examined::Examined(RandomCase const& of, Communicator const& comm)
    : case_(of),
      comm_(&comm),
      problem_(find_problem(of.problem).make(of.arguments, comm)),
      witness_(make_witness(of.problem, of.arguments, comm)),
      promise_(Promise::consistent) {
  auto const method = std::ranges::find(method_catalogue(), of.choice.method, &MethodDescription::name);
  promise_ = method->promise;
  case_.control.detached_factor = method->detaches_factor;
  auto const driver = problem_->make_gradient(case_.choice, case_.control);
  driver->run();
  result_ = driver->result();
  if (promise_ == Promise::consistent && result_.status == SolveStatus::success)
    reference_ = problem_->make_reference();
}

GradientError Examined::error() {
  if (reference_.dloss_dy0.empty() && reference_.dloss_dp.empty()) reference_ = problem_->make_reference();
  return gradient_error(*comm_, result_.dloss_dy0, result_.dloss_dp, reference_);
}

double Examined::worst_error_in_y0() {
  (void)error();  // makes the reference
  auto const size = static_cast<std::size_t>(problem_->state_dimension());
  std::span<double const> const ours = result_.dloss_dy0, theirs = reference_.dloss_dy0;
  double worst = 0.0;
  for (std::size_t first = 0; first + size <= ours.size(); first += size)
    worst = larger_or_nan(worst, relative_l2(ours.subspan(first, size), theirs.subspan(first, size)));
  return comm_->all_max(worst);
}

std::vector<CheckResult> Examined::checks(std::function<bool(std::string_view)> const& wanted, double factor) {
  GradientResult scaled = result_;
  for (std::vector<double>* block : {&scaled.dloss_dy0, &scaled.dloss_dp, &scaled.dloss_dp_each})
    for (double& x : *block) x *= factor;
  GradientError error{};
  if (!reference_.dloss_dy0.empty() || !reference_.dloss_dp.empty())
    error = gradient_error(*comm_, scaled.dloss_dy0, scaled.dloss_dp, reference_);
  CheckedGradient const checked{*problem_,
                                *witness_,
                                *comm_,
                                case_.choice,
                                case_.control,
                                promise_,
                                scaled,
                                reference_,
                                error,
                                [this](Communicator const& other) {
                                  return find_problem(case_.problem).make(case_.arguments, other); }};
  checked.rounding_ = rounding_;
  std::vector<CheckResult> results = run_checks(checked, wanted);
  rounding_ = checked.rounding_;
  return results;
}

}  // namespace retrace::selftest
