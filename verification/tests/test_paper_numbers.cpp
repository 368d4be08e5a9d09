// Numbers of the ACA paper's small experiments (docs/methods.md), by the paper's step size rule: the toy of its Fig. 6,
// the gradients of its oscillator, and the reverse-time trajectory of its Fig. 4.
#include "problems/van_der_pol_paper.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/integrate.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"
#include "verification/tests/instances.hpp"
#include "verification/vector_error.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

namespace retrace {
namespace {

using tests::gradient_of;

/// What the published reference values promise: they come from another program with the same rules, of which the
/// order of operations and the treatment of ties are unknown.
constexpr double factor_two = 2.0;

StepControl paper_control(double relative, double absolute) {
  StepControl control = tests::control_with(relative, absolute);
  control.rule = StepSizeRule::paper();
  return control;
}

/// dz/dt = k z, L = z(T)^2: errors and values of both derivatives at one end time.
class Toy {
 public:
  explicit Toy(double end_time)
      : problem_(tests::make_instance("linear", self_, {.numbers = {{"k", 0.25}, {"T", end_time}}})),
        exact_(problem_->make_reference()) {}

  struct Derivatives {
    double dz0, dk;
  };
  [[nodiscard]] Derivatives gradient(std::string_view method, std::string_view solver,
                                     StepControl const& control) const {
    GradientResult const result = gradient_of(*problem_, method, solver, control);
    EXPECT_EQ(result.status, SolveStatus::success);
    return {result.dloss_dy0.at(0), result.dloss_dp.at(0)};
  }
  /// Absolute errors.
  [[nodiscard]] Derivatives error(std::string_view method, std::string_view solver, StepControl const& control) const {
    Derivatives const g = gradient(method, solver, control);
    return {std::abs(g.dz0 - exact_.dloss_dy0.at(0)), std::abs(g.dk - exact_.dloss_dp.at(0))};
  }

 private:
  Communicator self_ = Communicator::duplicate_of(MPI_COMM_SELF);
  std::unique_ptr<ProblemInstance> problem_;
  Reference exact_;
};

/// T = 9.5, 10, ..., 19.5.
std::vector<double> end_times() {
  std::vector<double> times;
  for (int i = 0; i < 21; ++i) times.push_back(9.5 + 0.5 * i);
  return times;
}

TEST(Toy, acas_errors_are_the_published_ones) {
  struct Published {
    double end_time, error;
  };
  for (auto const& [end_time, error] : {Published{14.0, .024}, Published{18.0, .227}, Published{19.5, .529}}) {
    SCOPED_TRACE(end_time);

    double const measured = Toy(end_time).error("aca", "dormand_prince54", paper_control(1e-5, 1e-6)).dz0;

    EXPECT_LE(measured, factor_two * error);
    EXPECT_GE(measured, error / factor_two);
  }
}

using ToyCase = std::tuple<std::string, double>;
class ToyTolerances : public ::testing::TestWithParam<ToyCase> {
 protected:
  std::string const solver = std::get<0>(GetParam());
  StepControl const control = paper_control(std::get<1>(GetParam()), 1e-6);
};
std::string name_of_toy(::testing::TestParamInfo<ToyCase> const& info) {
  return std::get<0>(info.param) + (std::get<1>(info.param) > 1e-4 ? "_1em3" : "_1em5");
}

class ToyLanding : public ToyTolerances {};
TEST_P(ToyLanding, aca_is_closer_than_the_adjoint_to_dz0_at_every_end_time) {
  for (double const end_time : end_times()) {
    SCOPED_TRACE(end_time);
    Toy const toy(end_time);

    EXPECT_LT(toy.error("aca", solver, control).dz0, toy.error("adjoint", solver, control).dz0);
  }
}
TEST_P(ToyLanding, aca_is_closer_than_the_adjoint_to_dk_with_exceptions) {
  // The published claim is about "the gradient", its numbers are errors of dL/dz0. For dL/dk it does not hold with
  // Bogacki-Shampine: there ACA was the closer one at 17 (1e-3) and 12 (1e-5) of the 21 end times, with Heun-Euler at
  // all.
  int const measured = solver == "heun_euler21" ? 21 : control.relative_tolerance > 1e-4 ? 17 : 12;
  constexpr int other_roundings = 1;  // may decide a tie

  int closer = 0;
  for (double const end_time : end_times()) {
    Toy const toy(end_time);
    if (toy.error("aca", solver, control).dk < toy.error("adjoint", solver, control).dk) ++closer;
  }

  EXPECT_NEAR(closer, measured, other_roundings);
}
INSTANTIATE_TEST_SUITE_P(Fig6, ToyLanding,
                         ::testing::Combine(::testing::Values("heun_euler21", "bogacki_shampine32"),
                                            ::testing::Values(1e-3, 1e-5)),
                         name_of_toy);

class ToyController : public ToyTolerances {};
TEST_P(ToyController, adds_next_to_nothing_to_naives_gradient) {
  constexpr double next_to_nothing = 1e-4;  // the published bound; 5e-6 or less was seen there
  // The exception: dL/dk at 1e-3, where the controller added 8e-4 (Heun-Euler), 4e-3 (Bogacki-Shampine) and 3e-4
  // (Dormand-Prince). k changes the steps, and a loose tolerance makes the steps matter.
  bool const loose = control.relative_tolerance > 1e-4;
  double const limit_dk = loose ? 1e-2 : next_to_nothing;
  double largest_dk = 0.0;
  for (double const end_time : end_times()) {
    SCOPED_TRACE(end_time);
    Toy const toy(end_time);

    auto const aca = toy.gradient("aca", solver, control), naive = toy.gradient("naive", solver, control);

    EXPECT_NEAR(naive.dz0, aca.dz0, next_to_nothing * std::abs(aca.dz0));
    EXPECT_NEAR(naive.dk, aca.dk, limit_dk * std::abs(aca.dk));
    largest_dk = std::max(largest_dk, std::abs(naive.dk / aca.dk - 1.0));
  }
  EXPECT_EQ(largest_dk > next_to_nothing, loose) << "no exception is needed";
}
INSTANTIATE_TEST_SUITE_P(Fig6, ToyController,
                         ::testing::Combine(::testing::Values("heun_euler21", "bogacki_shampine32", "dormand_prince54"),
                                            ::testing::Values(1e-3, 1e-5)),
                         name_of_toy);

/// A row of the published table: relative errors of the gradient in y(0) and the damping constant.
struct OscillatorRow {
  std::string solver;
  double relative, absolute;
  double aca, adjoint;
};
std::ostream& operator<<(std::ostream& out, OscillatorRow const& row) {
  return out << row.solver << ' ' << row.relative << '/' << row.absolute;
}

class OscillatorTable : public ::testing::TestWithParam<OscillatorRow> {};
TEST_P(OscillatorTable, is_reproduced) {
  OscillatorRow const& row = GetParam();
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance("van_der_pol_paper", self, {.numbers = {{"T", 20.0}}});
  Reference const reference = problem->make_reference();
  auto const error_of = [&](std::string_view method) {
    GradientResult const result = gradient_of(*problem, method, row.solver, paper_control(row.relative, row.absolute));
    EXPECT_EQ(result.status, SolveStatus::success);
    return gradient_error(self, result.dloss_dy0, result.dloss_dp, reference).relative_l2;
  };

  double const aca = error_of("aca"), adjoint = error_of("adjoint");

  EXPECT_EQ(aca < adjoint, row.aca < row.adjoint) << aca << " and " << adjoint;
  EXPECT_LE(aca, factor_two * row.aca);
  EXPECT_GE(aca, row.aca / factor_two);
  EXPECT_LE(adjoint, factor_two * row.adjoint);
  EXPECT_GE(adjoint, row.adjoint / factor_two);
}
INSTANTIATE_TEST_SUITE_P(Published, OscillatorTable,
                         ::testing::Values(OscillatorRow{"bogacki_shampine32", 1e-3, 1e-6, 2.0e-3, 2.0e-2},
                                           OscillatorRow{"dormand_prince54", 1e-5, 1e-5, 8.7e-5, 3.5e-4},
                                           OscillatorRow{"dormand_prince54", 1e-7, 1e-9, 1.7e-8, 2.1e-6},
                                           OscillatorRow{"dormand_prince54", 1e-3, 1e-6, 2.3e-2, 2.7e-3},
                                           OscillatorRow{"heun_euler21", 1e-3, 1e-3, 2.0e-3, 3.8e-2}));

/// Where the oscillator ends that runs to T = 20 and back.
Vec<double, 2> after_the_way_back(StepControl const& control) {
  using Model = EnsembleModel<VanDerPolPaper, double>;
  VanDerPolPaper const problem(Arguments::defaults(VanDerPolPaper::arguments()));
  Model model{};
  model.p = problem.parameter_values(0);
  Vec<double, 2> y = problem.initial_state(0);
  StepWorkspace<Model> work(tableau_of<DormandPrince54>, model);
  NoObserver observer;
  IntegrationCounts<> counts;
  EXPECT_EQ(integrate(tableau_of<DormandPrince54>, model, control, problem.t0, problem.t1, y, work, observer, counts),
            SolveStatus::success);
  EXPECT_EQ(integrate(tableau_of<DormandPrince54>, model, control, problem.t1, problem.t0, y, work, observer, counts),
            SolveStatus::success);
  return y;
}
double distance_after_the_way_back(double relative, double absolute) {
  Vec<double, 2> const y = after_the_way_back(paper_control(relative, absolute));
  return std::hypot(y[0] - 2.0, y[1]);
}

TEST(ReverseTime, does_not_lead_back_at_a_loose_tolerance) {
  constexpr double visibly_elsewhere = 0.5;  // the published claim; the state itself is of size 2
  EXPECT_GT(distance_after_the_way_back(1e-3, 1e-6), visibly_elsewhere);
}

TEST(ReverseTime, leads_back_at_a_tight_tolerance) {
  constexpr double back = 1e-2;  // the published claim
  EXPECT_LT(distance_after_the_way_back(1e-7, 1e-9), back);
}

TEST(ReverseTime, ends_where_it_was_published_under_the_standard_rule) {
  constexpr double half_a_digit = 0.005;  // printed with two decimals
  Vec<double, 2> const y = after_the_way_back(tests::control_with(1e-3, 1e-6));
  EXPECT_NEAR(y[0], 0.36, half_a_digit);
  EXPECT_NEAR(y[1], 1.18, half_a_digit);
}

}  // namespace
}  // namespace retrace
