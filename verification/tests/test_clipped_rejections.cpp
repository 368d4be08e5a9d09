// Naive's gradient where the step that was to end at T is rejected so hard that its factor sits at the bound. That
// trial has h = T - t, not the proposal: the next proposal, 0.2 h, depends on t alone, and all that reaches the trial's
// size has to go on to t.
#include "problems/van_der_pol_forced.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/integrate.hpp"
#include "solvers/registry.hpp"
#include "verification/tests/instances.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <ostream>
#include <string>

namespace retrace {
namespace {

// The gradient and its witness divide by error estimates, whose own rounding errors are relatively larger.
constexpr double program_round_off = 1e-10;

struct Situation {
  std::string solver;
  StepSizeRule rule;
  double tolerance, initial_step, end_time;

  [[nodiscard]] StepControl control() const {
    StepControl control = tests::control_with(tolerance);
    control.initial_step = initial_step;
    control.rule = rule;
    return control;
  }
};
std::ostream& operator<<(std::ostream& out, Situation const& s) {
  return out << s.solver << ", tolerance " << s.tolerance << ", first step " << s.initial_step << ", T " << s.end_time;
}

/// Counts the trials that this test is about. Those of the first step do not matter: t0 is a constant.
struct HardRejections {
  double t0;
  int count = 0;
  void on_start(InitialStep<double> const&) {}
  template <class TrialType>
  void on_trial(TrialType const& trial) {
    if (trial.clipped && !trial.accepted && trial.factor_is_constant && trial.span.t > t0) ++count;
  }
};

int hard_rejections_at_the_end(Situation const& s) {
  using Model = EnsembleModel<VanDerPolForced, double>;
  Arguments arguments = Arguments::defaults(VanDerPolForced::arguments());
  arguments.numbers["T"] = s.end_time;
  VanDerPolForced const problem(arguments);
  HardRejections seen{problem.t0};
  Tableau const& tab = tableau_named(s.solver);
  Model model{};
  model.p = problem.parameter_values(0);
  Vec<double, 2> y = problem.initial_state(0);
  StepWorkspace<Model> work(tab, model);
  IntegrationCounts<> counts;
  EXPECT_EQ(integrate(tab, model, s.control(), problem.t0, problem.t1, y, work, seen, counts), SolveStatus::success);
  return seen.count;
}

class ClippedRejections : public ::testing::TestWithParam<Situation> {};

TEST_P(ClippedRejections, send_the_adjoint_of_their_size_to_the_time) {
  Situation const& s = GetParam();
  ASSERT_GE(hard_rejections_at_the_end(s), 1) << "not the situation that this test is for";
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance("van_der_pol_forced", self, {.numbers = {{"T", s.end_time}}});

  GradientResult const naive = tests::gradient_of(*problem, "naive", s.solver, s.control());
  WitnessError const witness = problem->program_dual({.method = "naive", .solver = s.solver}, s.control(), naive);

  ASSERT_EQ(naive.status, SolveStatus::success);
  EXPECT_EQ(witness.compared, 1);
  EXPECT_LE(witness.relative_error, program_round_off);
}

INSTANTIATE_TEST_SUITE_P(Everything, ClippedRejections,
                         ::testing::Values(Situation{"dormand_prince54", StepSizeRule::standard(), 1e-3, 1e-1, 3.21},
                                           Situation{"dormand_prince54", StepSizeRule::paper(), 1e-3, 1e-2, 3.22},
                                           Situation{"dormand_prince54", StepSizeRule::plain(), 1e-3, 1e-1, 3.30}));

}  // namespace
}  // namespace retrace
