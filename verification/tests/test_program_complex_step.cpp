// The adaptive program written down a second time, in plain loops of complex numbers, has the derivative that naive
// has, whatever the rules of its steps; a gradient that is a little off, and a solver with other rules, are found.
#include "verification/tests/checked.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <string>
#include <vector>

namespace retrace {
namespace {

using tests::gradient_of;
using tests::verdict_of;
using tests::Witnessed;

class ProgramComplexStep : public ::testing::Test {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Witnessed const oscillator{"van_der_pol_forced", self, {.numbers = {{"n", 2.0}}}};
  StepControl control = tests::control_with(1e-4);

  [[nodiscard]] CheckResult verdict(Witnessed const& of, std::string const& solver, StepControl const& under,
                                    double factor = 1.0, std::string const& method = "naive") const {
    GradientChoice const choice{.method = method, .solver = solver};
    GradientResult gradient = gradient_of(*of.problem, method, solver, control);
    for (double& g : gradient.dloss_dy0) g *= factor;
    for (double& g : gradient.dloss_dp_each) g *= factor;
    for (double& g : gradient.dloss_dp) g *= factor;
    return verdict_of("program_complex_step", of, self, choice, under, Promise::exact_program, gradient);
  }
  void expect_pass(Witnessed const& of, std::string const& solver, std::string const& what) const {
    CheckResult const result = verdict(of, solver, control);
    EXPECT_EQ(result.verdict, CheckVerdict::pass)
        << what << ' ' << result.value << " > " << result.threshold << ' ' << result.message;
  }
};

TEST_F(ProgramComplexStep, agrees_with_naive_under_every_rule_for_the_step_size) {
  for (NamedStepSizeRule const& rule : step_size_rules) {
    control.rule = rule.rule;
    for (double const first : {0.0, 0.5}) {  // chosen, and too large, so that trials are rejected
      control.initial_step = first;
      expect_pass(oscillator, "dormand_prince54", std::string(rule.name));
    }
  }
}
TEST_F(ProgramComplexStep, is_as_close_as_the_worked_numbers_say) {
  Witnessed const worked("van_der_pol_forced", self, {.numbers = {{"n", 1.0}}});
  control.rule = StepSizeRule::plain();
  control.initial_step = 0.5;
  CheckResult const result = verdict(worked, "bogacki_shampine32", control);
  constexpr double published = 6e-15;  // of single entries; see docs/methods.md, worked numbers
  EXPECT_LE(result.value, published);
}
TEST_F(ProgramComplexStep, agrees_with_naive_for_every_scheme) {
  for (NamedTableau const& scheme : tableau_catalogue()) {
    control.fixed_steps = scheme.tableau.adaptive ? 0 : 50;
    control.max_steps = scheme.tableau.adaptive ? 100'000 : 50;
    expect_pass(oscillator, std::string(scheme.name), std::string(scheme.name));
  }
}
TEST_F(ProgramComplexStep, agrees_with_naive_in_every_norm_on_fields) {
  Witnessed const field("neural_mlp", self,
                        {.numbers = {{"n", 5.0}, {"block", 2.0}}, .lists = {{"widths", {3, 7, 3}}}});
  for (ErrorNorm const norm : {ErrorNorm::rms, ErrorNorm::max, ErrorNorm::per_sample}) {
    control.norm = norm;
    expect_pass(field, "bogacki_shampine32", std::to_string(static_cast<int>(norm)));
  }
}
TEST_F(ProgramComplexStep, holds_the_factor_fixed_where_the_method_does) {
  control.detached_factor = true;
  CheckResult const half = verdict(oscillator, "bogacki_shampine32", control, 1.0, "naive_half");
  EXPECT_EQ(half.verdict, CheckVerdict::pass) << half.value << ' ' << half.message;
  control.detached_factor = false;
  EXPECT_EQ(verdict(oscillator, "bogacki_shampine32", control, 1.0, "naive_half").verdict, CheckVerdict::fail);
}
TEST_F(ProgramComplexStep, sees_one_part_in_ten_billion) {
  CheckResult const wrong = verdict(oscillator, "bogacki_shampine32", control, 1.0 + 1e-10);
  EXPECT_EQ(wrong.verdict, CheckVerdict::fail) << wrong.value << " <= " << wrong.threshold;
}
TEST_F(ProgramComplexStep, does_not_accept_steps_by_other_rules) {
  StepControl other = control;
  other.rule.safety = 0.85;
  CheckResult const wrong = verdict(oscillator, "bogacki_shampine32", other);
  EXPECT_EQ(wrong.verdict, CheckVerdict::fail) << wrong.value << " <= " << wrong.threshold;
}
TEST_F(ProgramComplexStep, asks_nothing_of_other_promises_and_precisions) {
  GradientChoice choice{.method = "aca", .solver = "bogacki_shampine32"};
  GradientResult const gradient = gradient_of(*oscillator.problem, "aca", choice.solver, control);
  EXPECT_EQ(
      verdict_of("program_complex_step", oscillator, self, choice, control, Promise::exact_frozen, gradient).verdict,
      CheckVerdict::skipped);
  choice.precision = "f32";
  EXPECT_EQ(
      verdict_of("program_complex_step", oscillator, self, choice, control, Promise::exact_program, gradient).verdict,
      CheckVerdict::skipped);
}

}  // namespace
}  // namespace retrace
