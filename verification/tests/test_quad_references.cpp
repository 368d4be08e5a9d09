// References in quadruple precision: the integrator against closed forms to thirty digits, gradients against closed
// forms, against numbers that this project had no part in, and against what is refined in double precision.
#include "core/error.hpp"
#include "problems/linear.hpp"
#include "verification/quad_references.hpp"
#include "verification/tests/instances.hpp"
#include "verification/vector_error.hpp"

#include <gtest/gtest.h>
#include <mpi.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

namespace retrace {
namespace {

Arguments arguments_of(std::string_view problem, tests::Changes const& changes) {
  Arguments arguments = Arguments::defaults(find_problem(problem).arguments);
  for (auto const& [name, value] : changes.numbers) arguments.numbers.find(name)->second = value;
  return arguments;
}
Reference quad_reference(std::string_view problem, tests::Changes const& changes) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  return make_quad_reference(problem, arguments_of(problem, changes), self);
}

TEST(QuadReferences, are_there_for_every_problem_or_for_none) {
#ifdef RETRACE_HAS_QUAD
  std::vector<std::string> all, with_reference = quad_reference_problems();
  for (ProblemDescription const& problem : problem_catalogue()) all.emplace_back(problem.name);
  std::ranges::sort(all);
  std::ranges::sort(with_reference);
  EXPECT_EQ(with_reference, all);
#else
  EXPECT_TRUE(quad_reference_problems().empty());
#endif
}

TEST(QuadReferences, of_a_large_field_are_refused_with_its_size) {
  try {
    (void)quad_reference("neural_mlp", {});
    FAIL() << "not refused";
  } catch (UsageError const& error) {
#ifdef RETRACE_HAS_QUAD
    EXPECT_NE(std::string(error.what()).find("with 8 components of a sample and 552 parameters is too large"),
              std::string::npos)
        << error.what();
#endif
  }
}

#ifdef RETRACE_HAS_QUAD

/// y'' = -y, in either direction: cos(t), -sin(t).
Extrapolated oscillation(double t1, double tolerance) {
  QuadRhs const rhs = [](Quad const&, Quad const* y, Quad* dydt) {
    dydt[0] = y[1];
    dydt[1] = -y[0];
  };
  return extrapolate(rhs, Quad(0.0), Quad(t1), {Quad(1.0), Quad(0.0)}, 1, tolerance);
}

TEST(Extrapolation, is_as_good_as_its_tolerance) {
  for (double const tolerance : {1e-16, 1e-20, 1e-26}) {
    for (double const end : {20.0, -20.0}) {
      Extrapolated const solved = oscillation(end, tolerance);
      double const error =
          std::max(std::abs(value_of(solved.x[0] - cos(Quad(end)))), std::abs(value_of(solved.x[1] + sin(Quad(end)))));

      ASSERT_TRUE(solved.success);
      // Local errors of at most the tolerance add up; the entry that goes on is better than the one estimated.
      EXPECT_LE(error, tolerance * static_cast<double>(solved.steps)) << "tolerance " << tolerance << ", to " << end;
    }
  }
}

TEST(Extrapolation, counts_its_evaluations) {
  std::int64_t evaluations = 0;
  QuadRhs const rhs = [&evaluations](Quad const& t, Quad const*, Quad* dydt) {
    ++evaluations;
    dydt[0] = Quad(1.0) / (Quad(1.0) + t * t);
  };
  Extrapolated const solved = extrapolate(rhs, Quad(-5.0), Quad(5.0), {Quad(0.0)}, 1, 1e-24);

  ASSERT_TRUE(solved.success);
  EXPECT_EQ(solved.evaluations, evaluations);
  double const two_arctan_5 = 2.0 * std::atan(5.0);
  constexpr double two_last_places = 2 * 4.5e-16;  // of a double between 2 and 4: the value's own, and the arctangent's
  EXPECT_NEAR(value_of(solved.x[0]), two_arctan_5, two_last_places);
}

TEST(Extrapolation, gives_up_at_a_pole_and_at_its_limit_of_steps) {
  QuadRhs const blows_up = [](Quad const&, Quad const* y, Quad* dydt) { dydt[0] = y[0] * y[0]; };
  EXPECT_FALSE(extrapolate(blows_up, Quad(0.0), Quad(2.0), {Quad(1.0)}, 1, 1e-20, 200).success);
  QuadRhs const decay = [](Quad const&, Quad const* y, Quad* dydt) { dydt[0] = -y[0]; };
  EXPECT_FALSE(extrapolate(decay, Quad(0.0), Quad(50.0), {Quad(1.0)}, 1, 1e-26, 2).success);
}

TEST(QuadReferences, of_the_linear_problem_are_its_closed_form_to_all_digits) {
  // z' = k z, L = z(T)^2: dL/dz0 = 2 z0 exp(2 k T), dL/dk = 2 T z0^2 exp(2 k T).
  Arguments const arguments = arguments_of("linear", {.numbers = {{"n", 2.0}, {"T", 3.0}}});
  Linear const problem(arguments);
  for (std::int64_t i = 0; i < 2; ++i) {
    QuadGradient const g = make_quad_trajectories("linear", arguments)->gradient(i, 1e-28);
    Quad const z0 = Quad(problem.initial_state(i)[0]), k = Quad(problem.parameter_values(i)[0]), t1 = Quad(problem.t1),
               growth = exp(Quad(2.0) * k * (t1 - Quad(problem.t0)));
    Quad const dloss_dz0 = Quad(2.0) * z0 * growth, dloss_dk = Quad(2.0) * (t1 - Quad(problem.t0)) * z0 * z0 * growth,
               dloss_dt1 = Quad(2.0) * k * z0 * z0 * growth;

    ASSERT_TRUE(g.success);
    constexpr double tolerance_and_steps = 1e-26;
    EXPECT_LE(std::abs(value_of(g.dloss_dy0[0] / dloss_dz0 - Quad(1.0))), tolerance_and_steps);
    EXPECT_LE(std::abs(value_of(g.dloss_dp[0] / dloss_dk - Quad(1.0))), tolerance_and_steps);
    EXPECT_LE(std::abs(value_of(g.dloss_dt1 / dloss_dt1 - Quad(1.0))), tolerance_and_steps);
    EXPECT_LE(std::abs(value_of(g.dloss_dt0 / dloss_dt1 + Quad(1.0))), tolerance_and_steps) << "autonomous";
  }
}

class OtherReferences : public ::testing::TestWithParam<std::string> {};

TEST_P(OtherReferences, agree_to_their_digits) {
  std::ifstream file(std::string(RETRACE_REFERENCE_GRADIENTS) + "/" + GetParam() + ".json");
  nlohmann::json const other = nlohmann::json::parse(file);
  auto const values = [&other](char const* of) { return other.at(of).at("values").get<std::vector<double>>(); };
  std::string const problem = GetParam() == "three_body" ? "three_body" : "van_der_pol";
  Reference const reference = quad_reference(problem, {.numbers = {{"T", other.at("T").get<double>()}}});

  // They were made with a tolerance of 1e-13 over some hundred steps, and the flow's own growth (58 for three_body); a
  // gradient is ten times worse where it is the small rest of terms that cancel.
  constexpr double digits = 1e-10;
  EXPECT_EQ(reference.kind, Reference::Kind::extended);
  EXPECT_LE(reference.uncertainty, 1.2e-16) << "the rounding to doubles, and nothing that shows beside it";
  EXPECT_LE(relative_l2(std::vector{reference.loss}, values("L")), digits);
  EXPECT_LE(relative_l2(reference.final_state, values("zT")), digits);
  EXPECT_LE(relative_l2(reference.dloss_dy0, values("dLdz0")), digits);
  EXPECT_LE(relative_l2(reference.dloss_dp, values("dLdp")), digits);
}
INSTANTIATE_TEST_SUITE_P(All, OtherReferences, ::testing::Values("van_der_pol_mu0.15", "three_body"),
                         [](auto const& test) { return test.param.substr(0, test.param.find('.')); });

/// Fields whose unknowns are more than one sweep takes along.
tests::Changes const small_net{.numbers = {{"n", 3.0}, {"block", 2.0}}, .lists = {{"widths", {2, 5, 2}}}},
    small_grid{.numbers = {{"n", 2.0}, {"grid", 3.0}, {"T", 0.5}}};

class FieldReferences : public ::testing::TestWithParam<std::pair<std::string, tests::Changes>> {};

TEST_P(FieldReferences, are_what_gradients_converge_to_from_both_ends) {
  auto const& [name, changes] = GetParam();
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance(name, self, changes);
  Reference const extended = make_quad_reference(name, tests::changed_arguments(name, changes), self),
                  refined = problem->make_reference();

  EXPECT_EQ(extended.kind, Reference::Kind::extended);
  EXPECT_LE(extended.uncertainty, 1.2e-16);
  EXPECT_LE(gradient_error(self, refined.dloss_dy0, refined.dloss_dp, extended).relative_l2,
            std::max(refined.uncertainty, 1e-13));
  EXPECT_LE(relative_l2(refined.final_state, extended.final_state), 1e-10);
  EXPECT_NEAR(refined.loss / extended.loss, 1.0, 1e-10);

  // dL/dT and dL/dt0 of the flow, from its own formulas.
  auto const samples = make_quad_trajectories(name, tests::changed_arguments(name, changes));
  double dt0 = 0.0, dt1 = 0.0;
  for (std::int64_t i = 0; i < samples->trajectories(); ++i) {
    QuadGradient const g = samples->gradient(i, 1e-22);
    dt0 += value_of(g.dloss_dt0);
    dt1 += value_of(g.dloss_dt1);
  }
  StepControl control = tests::control_with(1e-10);
  control.time_gradients = true;
  GradientResult const adjoint = tests::gradient_of(*problem, "adjoint", "dormand_prince54", control);
  EXPECT_NEAR(adjoint.dloss_dt[0], dt0, 1e-7 * std::abs(dt0));
  EXPECT_NEAR(adjoint.dloss_dt[1], dt1, 1e-7 * std::abs(dt1));
}
INSTANTIATE_TEST_SUITE_P(All, FieldReferences,
                         ::testing::Values(std::pair<std::string, tests::Changes>{"neural_mlp", small_net},
                                           std::pair<std::string, tests::Changes>{"brusselator", small_grid}),
                         [](auto const& test) { return test.param.first; });

class RefinedReferences : public ::testing::TestWithParam<std::string> {};

TEST_P(RefinedReferences, lie_within_their_uncertainty) {
  tests::Changes const changes{.numbers = {{"n", 3.0}, {"T", GetParam() == "lorenz63" ? 2.0 : 5.0}}};
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Reference const refined = tests::make_instance(GetParam(), self, changes)->make_reference(),
                  extended = quad_reference(GetParam(), changes);

  // The refined one's bar is its distance to ten times the tolerance, so about ten times its error.
  EXPECT_LE(gradient_error(self, refined.dloss_dy0, refined.dloss_dp, extended).relative_l2,
            std::max(refined.uncertainty, 1e-13));
  EXPECT_LT(extended.uncertainty, std::max(refined.uncertainty, 1e-13));
}
INSTANTIATE_TEST_SUITE_P(All, RefinedReferences,
                         ::testing::Values("linear", "van_der_pol", "van_der_pol_paper", "van_der_pol_forced",
                                           "lorenz63"));

#endif

}  // namespace
}  // namespace retrace
