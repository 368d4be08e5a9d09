// Gradients of other libraries, through the plain form of a problem, against tangents along tight steps of our own.
#include "core/error.hpp"
#include "gradients/external/external_method.hpp"
#include "gradients/external/plain_ensemble.hpp"
#include "problems/linear.hpp"
#include "problems/lorenz63.hpp"
#include "problems/three_body.hpp"
#include "problems/van_der_pol.hpp"
#include "solvers/registry.hpp"
#include "verification/plain_replay.hpp"
#include "verification/vector_error.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace retrace {
namespace {

template <class Problem>
std::unique_ptr<PlainEnsemble<Problem>> system_of(double end_time, int trajectories = 2) {
  Arguments arguments = Arguments::defaults(Problem::arguments());
  arguments.numbers.find("T")->second = end_time;
  arguments.numbers.find("n")->second = trajectories;
  return std::make_unique<PlainEnsemble<Problem>>(Problem(arguments), BlockPartition(trajectories, 16, 0, 1));
}

StepControl with_tolerance(double tolerance) {
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = tolerance;
  control.max_steps = 1'000'000;
  return control;
}

/// dL/dy0, then dL/dp, of the selected system: tangents along the steps of Dormand and Prince's scheme at 1e-12.
std::vector<double> tight_gradient(PlainSystem& system) {
  Tableau const& tab = tableau_of<DormandPrince54>;
  auto const steps = system.steps(tab, with_tolerance(1e-12));
  std::vector<double> gradient, dy0(static_cast<std::size_t>(system.dimension()), 0.0),
      dp(static_cast<std::size_t>(system.parameters()), 0.0);
  for (double& x : dy0) {
    x = 1.0;
    gradient.push_back(replay_with_tangent(tab, *steps, system, dy0, {}).derivative);
    x = 0.0;
  }
  for (double& x : dp) {
    x = 1.0;
    gradient.push_back(replay_with_tangent(tab, *steps, system, {}, dp).derivative);
    x = 0.0;
  }
  return gradient;
}

template <class Problem>
double error_of(std::string const& method, std::string const& solver, double end_time, double tolerance) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto system = system_of<Problem>(end_time);
  double worst = 0.0;
  auto const driver = make_external_gradient(*find_external_method(method), {Problem::name, solver, "default", "f64"},
                                             with_tolerance(tolerance), system_of<Problem>(end_time), self);
  driver->run();
  GradientResult const result = driver->result();
  EXPECT_EQ(result.status, SolveStatus::success);
  EXPECT_GT(result.work.accepted, 0);
  EXPECT_GT(result.work.rhs_forward, result.work.accepted);
  for (std::int64_t i = 0; i < system->systems(); ++i) {
    system->select(i);
    constexpr std::size_t n = Problem::dimension, p = Problem::parameters;
    auto const at = static_cast<std::size_t>(i);
    std::vector<double> gradient(result.dloss_dy0.begin() + static_cast<long>(at * n),
                                 result.dloss_dy0.begin() + static_cast<long>((at + 1) * n));
    gradient.insert(gradient.end(), result.dloss_dp_each.begin() + static_cast<long>(at * p),
                    result.dloss_dp_each.begin() + static_cast<long>((at + 1) * p));
    worst = larger_or_nan(worst, relative_l2(gradient, tight_gradient(*system)));
  }
  return worst;
}

class Cvodes : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    if (find_external_method("cvodes_adjoint")->make == nullptr)
      GTEST_SKIP() << find_external_method("cvodes_adjoint")->absent;
  }
};

// The error of a multistep method is a multiple of the tolerance: its steps add up, and the flow enlarges them (58
// times for three_body, e^(0.9 T) for lorenz63).
constexpr double multiple = 2e3;
// The close encounter of three_body enlarges the error of y by 58, and along the path that is off by so much lambda's
// again.
constexpr double multiple_of_encounter = 58.0 * multiple;

TEST_P(Cvodes, is_consistent_on_every_problem) {
  auto const& [method, solver] = GetParam();
  constexpr double tolerance = 1e-8;
  EXPECT_LE((error_of<VanDerPol>(method, solver, 5.0, tolerance)), multiple * tolerance);
  EXPECT_LE((error_of<Lorenz63>(method, solver, 1.0, tolerance)), multiple * tolerance);
  EXPECT_LE((error_of<ThreeBody>(method, solver, 1.0, tolerance)), multiple_of_encounter * tolerance);
}

TEST_P(Cvodes, error_falls_with_the_tolerance) {
  auto const& [method, solver] = GetParam();
  double const coarse = error_of<VanDerPol>(method, solver, 5.0, 1e-4),
               fine = error_of<VanDerPol>(method, solver, 5.0, 1e-8);
  EXPECT_LE(fine, 0.01 * coarse);  // of a tolerance 1e4 times smaller
}

INSTANTIATE_TEST_SUITE_P(Everything, Cvodes,
                         ::testing::Combine(::testing::Values("cvodes_adjoint", "cvodes_forward"),
                                            ::testing::Values("cvodes_adams", "cvodes_bdf")),
                         [](auto const& one) { return std::get<0>(one.param) + "_" + std::get<1>(one.param); });

TEST(External, refuses_what_it_does_not_have) {
  ExternalMethod const& method = *find_external_method("cvodes_adjoint");
  if (method.make == nullptr) GTEST_SKIP() << method.absent;
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  StepControl fixed;
  fixed.fixed_steps = 10;
  auto const refusal = [&](ExternalChoice const& choice, StepControl const& control) -> std::string {
    try {
      (void)make_external_gradient(method, choice, control, system_of<VanDerPol>(1.0), self);
    } catch (UsageError const& error) {
      return error.what();
    }
    return "nothing";
  };

  EXPECT_EQ(refusal({"van_der_pol", "cvodes_bfd", "default", "f64"}, {}),
            "method 'cvodes_adjoint' integrates by solvers of its own: unknown solver 'cvodes_bfd'; did you mean "
            "'cvodes_bdf'?");
  EXPECT_EQ(refusal({"van_der_pol", "cvodes_bdf", "default", "f32"}, {}),
            "method 'cvodes_adjoint' computes in f64, and the precision is 'f32'");
  EXPECT_EQ(refusal({"van_der_pol", "cvodes_bdf", "openmp", "f64"}, {}),
            "method 'cvodes_adjoint' runs on one thread of the host (backend default or serial), not on 'openmp'");
  EXPECT_EQ(refusal({"van_der_pol", "cvodes_bdf", "default", "f64"}, fixed),
            "method 'cvodes_adjoint' with solver 'cvodes_bdf' chooses its steps; it needs an adaptive control");
}

TEST(External, a_limit_on_steps_is_a_recorded_failure) {
  ExternalMethod const& method = *find_external_method("cvodes_adjoint");
  if (method.make == nullptr) GTEST_SKIP() << method.absent;
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  StepControl control = with_tolerance(1e-8);
  control.max_steps = 5;
  auto const driver = make_external_gradient(method, {"van_der_pol", "cvodes_adams", "default", "f64"}, control,
                                             system_of<VanDerPol>(5.0), self);

  driver->run();

  EXPECT_EQ(driver->result().status, SolveStatus::max_steps_reached);
  EXPECT_EQ(driver->result().failed_trajectories, 2);
  EXPECT_TRUE(std::isnan(driver->result().loss));
}

TEST(PlainReplay, agrees_with_a_closed_form) {
  auto const system = system_of<Linear>(2.0, 1);
  TrajectoryGradient<Linear> const exact = [&] {
    Arguments arguments = Arguments::defaults(Linear::arguments());
    arguments.numbers.find("T")->second = 2.0;
    return Linear(arguments).closed_form(0);
  }();

  std::vector<double> const gradient = tight_gradient(*system);

  constexpr double few_tolerances = 1e-11;  // ten of 1e-12: the flow grows by e^1 over this span
  EXPECT_NEAR(gradient[0], exact.dloss_dy0[0], few_tolerances * exact.dloss_dy0[0]);
  EXPECT_NEAR(gradient[1], exact.dloss_dp[0], few_tolerances * exact.dloss_dp[0]);
}

TEST(PlainReplay, halves_cover_the_same_span) {
  auto const system = system_of<Lorenz63>(0.5, 1);
  auto const steps = system->steps(tableau_of<DormandPrince54>, with_tolerance(1e-6));
  ASSERT_TRUE(steps);

  auto const halves = halved(*steps);

  ASSERT_EQ(halves.size(), 2 * steps->size());
  EXPECT_EQ(halves.back().t_next, 0.5);
  for (std::size_t i = 1; i < halves.size(); ++i) EXPECT_EQ(halves[i].t, halves[i - 1].t_next);
}

}  // namespace
}  // namespace retrace
