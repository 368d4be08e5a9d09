// The check `times`: right derivatives in t0, T and observation times pass, wrong ones do not; and `copies` likewise.
#include "verification/tests/checked.hpp"
#include "verification/time_reference.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <string>
#include <utility>
#include <vector>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;

struct Setting {
  std::string_view problem;
  tests::Changes changes;
  std::vector<double> times;
};
std::vector<Setting> const& settings() {
  static std::vector<Setting> const all{
      {"van_der_pol_forced", {.numbers = {{"n", 3.0}, {"T", 2.0}}}, {0.1, 0.7, 1.3, 2.0}},
      {"van_der_pol_forced", {.numbers = {{"n", 2.0}, {"T", -1.0}}}, {-0.25, -0.75}},
      {"neural_mlp",
       {.numbers = {{"n", 7.0}, {"block", 3.0}, {"T", 1.0}}, .lists = {{"widths", {5, 11, 3, 5}}}},
       {0.25, 0.5, 1.0}}};
  return all;
}

class Times : public ::testing::TestWithParam<std::size_t> {
 protected:
  Setting const& of = settings()[GetParam()];
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  tests::Witnessed const witnessed{of.problem, self, of.changes};

  [[nodiscard]] StepControl control(LossKind kind) const {
    StepControl control = control_with(1e-5);
    control.time_gradients = true;
    control.objective.kind = kind;
    if (kind == LossKind::terminal || kind == LossKind::integral) return control;
    for (double const t : of.times) {
      control.objective.times[static_cast<std::size_t>(control.objective.observations)] = t;
      ++control.objective.observations;
    }
    return control;
  }
  [[nodiscard]] CheckResult judged(std::string const& method, Promise promise, StepControl const& control,
                                   GradientResult const& gradient) const {
    Reference reference;
    add_time_derivatives(*witnessed.problem, control.objective, reference);
    CheckedGradient const checked{*witnessed.problem,
                                  *witnessed.witness,
                                  self,
                                  {.method = method, .solver = "dormand_prince54"},
                                  control,
                                  promise,
                                  gradient,
                                  reference,
                                  {}};
    return run_checks(checked, [](std::string_view name) { return name == "times"; }).front();
  }
};
INSTANTIATE_TEST_SUITE_P(Everything, Times, ::testing::Range<std::size_t>(0, settings().size()),
                         [](auto const& of_case) {
                           Setting const& of = settings()[of_case.param];
                           return std::string(of.problem) + (of.times.front() < 0.0 ? "_backward" : "");
                         });

struct Judged {
  std::string method;
  Promise promise;
  std::vector<LossKind> kinds;
};

TEST_P(Times, of_every_promise_pass_and_wrong_ones_fail) {
  using enum LossKind;
  std::vector<Judged> const all{{"aca", Promise::exact_frozen, {terminal, exact, dense, integral}},
                                {"naive_detached", Promise::exact_frozen, {terminal, exact, dense}},
                                {"symplectic_adjoint", Promise::exact_frozen, {terminal, exact, integral}},
                                {"forward", Promise::exact_frozen, {terminal, exact, dense, integral}},
                                {"naive", Promise::exact_program, {terminal, exact, dense, integral}},
                                {"adjoint", Promise::consistent, {terminal, exact, dense, integral}},
                                {"adjoint_reset", Promise::consistent, {exact}}};
  for (Judged const& of_method : all) {
    if (of_method.method == "forward" && of.problem == "neural_mlp") continue;  // for ensembles
    for (LossKind const kind : of_method.kinds) {
      SCOPED_TRACE(of_method.method + ", " + std::string(name_of(kind)));
      StepControl const how = control(kind);
      GradientResult result = gradient_of(*witnessed.problem, of_method.method, "dormand_prince54", how);
      ASSERT_EQ(result.status, SolveStatus::success);

      CheckResult const right = judged(of_method.method, of_method.promise, how, result);
      EXPECT_EQ(right.verdict, CheckVerdict::pass) << right.value << " > " << right.threshold << ' ' << right.message;

      if (of_method.promise == Promise::consistent) continue;  // the check makes its own gradient
      // An observation on the dense output at T leaves no difference in T.
      std::size_t const wrong = kind == dense ? 2 + result.dloss_dt.size() / 4 : 1;
      constexpr double one_per_mille = 1.001;
      for (std::size_t i = wrong; i < result.dloss_dt_each.size(); i += result.dloss_dt.size())
        result.dloss_dt_each[i] = result.dloss_dt_each[i] * one_per_mille + 1e-3;
      result.dloss_dt[wrong] = result.dloss_dt[wrong] * one_per_mille + 1e-3;
      EXPECT_EQ(judged(of_method.method, of_method.promise, how, result).verdict, CheckVerdict::fail);
    }
  }
}

TEST(TimesOfTheFlow, that_are_approximated_by_something_else_fail) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  tests::Witnessed const of("van_der_pol_forced", self, {.numbers = {{"n", 2.0}, {"T", 2.0}}});
  StepControl control = control_with(1e-5);
  control.time_gradients = true;
  GradientResult const result = gradient_of(*of.problem, "adjoint", "dormand_prince54", control);
  Reference reference;
  add_time_derivatives(*of.problem, control.objective, reference);
  EXPECT_LE(reference.dloss_dt_uncertainty, 1e-7);
  EXPECT_LE(time_error(result.dloss_dt, reference), 1e-3);
  reference.dloss_dt[0] *= 1.1;
  CheckedGradient const checked{
      *of.problem, *of.witness, self, {.method = "adjoint", .solver = "dormand_prince54"}, control, Promise::consistent,
      result,      reference,   {}};

  CheckResult const judged = run_checks(checked, [](std::string_view name) { return name == "times"; }).front();

  EXPECT_EQ(judged.verdict, CheckVerdict::fail) << judged.value << ' ' << judged.threshold;
}

TEST(Copies, that_have_come_apart_fail_and_damped_ones_pass) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  tests::Witnessed const of("van_der_pol_forced", self, {.numbers = {{"n", 3.0}}});
  GradientChoice const choice{.method = "reversible_rk", .solver = "dormand_prince54"};
  auto const verdict = [&](StepControl const& control) {
    GradientResult const result = gradient_of(*of.problem, choice.method, choice.solver, control);
    EXPECT_EQ(result.status, SolveStatus::success);
    return tests::verdict_of("copies", of, self, choice, control, Promise::exact_frozen, result);
  };
  StepControl control = control_with(1e-6);
  CheckResult const apart = verdict(control);
  control.coupling = 0.75;
  CheckResult const together = verdict(control);
  control.fixed_steps = control.max_steps = 200;
  control.coupling = 0.95;

  EXPECT_EQ(apart.verdict, CheckVerdict::fail);
  EXPECT_NE(apart.message.find("a smaller coupling than 0.999"), std::string::npos) << apart.message;
  EXPECT_EQ(together.verdict, CheckVerdict::pass) << together.value;
  EXPECT_EQ(verdict(control).verdict, CheckVerdict::skipped) << "no tolerance to measure it by";
}

}  // namespace
}  // namespace retrace
