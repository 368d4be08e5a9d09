// Methods that undo their steps: order of their schemes, how well they find y0 again, their derivative against duals
// through the same scheme and steps, what they count and keep, and what they say when round-off has eaten the digits.
#include "core/tests/typed.hpp"
#include "gradients/registry.hpp"
#include "gradients/tests/gradient_of.hpp"
#include "gradients/tests/reversible_pairings.hpp"
#include "problems/linear.hpp"
#include "problems/lorenz63.hpp"
#include "problems/van_der_pol_forced.hpp"
#include "solvers/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace retrace {
namespace {

using tests::control_with;
using tests::fixed;
using tests::gradient_of;
using tests::make_problem;
using tests::observed;
using tests::Pairing;

constexpr double unit_round_off = 1.1e-16;

using Pairings = TypeList<Pairing<Mali, MidpointEuler21>, Pairing<ReversibleRk, HeunEuler21>,
                          Pairing<ReversibleRk, BogackiShampine32>, Pairing<ReversibleRk, DormandPrince54>>;

VanDerPolForced one_oscillator(double end = 4.0) {
  return make_problem<VanDerPolForced>({{"n", 1.0}, {"T", end}});
}

double distance(std::vector<double> const& x, std::vector<double> const& reference) {
  double sum = 0.0, size = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += (x[i] - reference[i]) * (x[i] - reference[i]);
    size += reference[i] * reference[i];
  }
  return std::sqrt(sum / size);
}

/// d loss / d (y0, p) of the first trajectory by duals through the accepted steps that the method's program takes.
template <class Program, class Problem>
std::vector<double> by_duals(Problem const& problem, Tableau const& tab, StepControl const& control) {
  constexpr int n = Problem::dimension, p = Problem::parameters;
  struct Steps {
    std::vector<StepSpan<double>> spans;
    void on_start(InitialStep<double> const&) {}
    void on_trial(Trial<EnsembleModel<Problem, double>> const& trial) {
      if (trial.accepted) spans.push_back(trial.span);
    }
  } steps;
  EnsembleModel<Problem, double> plain{};
  plain.p = problem.parameter_values(0);
  Vec<double, n> y = problem.initial_state(0);
  IntegrationCounts<> counts;
  double plain_loss = 0.0;
  EXPECT_EQ(Program::solve(tab, plain, control, problem.t0, problem.t1, y, steps, counts, plain_loss),
            SolveStatus::success);

  auto const tangent = plain.tangent();
  Vec<Dual<double, n + p>, n> x;
  Vec<double, n> const y0 = problem.initial_state(0);
  for (int d = 0; d < n; ++d) x[d] = Dual<double, n + p>::variable(y0[d], d);
  auto const loss = Program::template replay<Dual<double, n + p>>(tab, tangent, control, steps.spans, x);
  return std::vector<double>(loss.tangent, loss.tangent + n + p);
}

std::vector<double> both_blocks(GradientResult const& result) {
  std::vector<double> all = result.dloss_dy0;
  all.insert(all.end(), result.dloss_dp_each.begin(), result.dloss_dp_each.end());
  return all;
}

template <class PairingType, class Problem>
void expect_the_gradient_of_duals(Problem const& problem, StepControl const& control) {
  using Method = typename PairingType::Method;
  using Scheme = typename PairingType::Scheme;
  GradientResult const result = gradient_of<Method, Scheme>(problem, control);

  ASSERT_EQ(result.status, SolveStatus::success);
  std::vector<double> const duals = by_duals<typename Method::Program>(problem, tableau_of<Scheme>, control);
  // Round-off of the steps and of the way back, and their growth through later steps.
  constexpr double roundings_a_step = 10.0, growth = 1e2;
  double const steps = static_cast<double>(result.work.accepted);
  EXPECT_LE(distance(both_blocks(result), duals),
            growth * (roundings_a_step * unit_round_off * steps + result.round_trip.lost));
}

template <class PairingType>
class Reversible : public ::testing::Test {};

TYPED_TEST_SUITE(Reversible, tests::Typed<Pairings>, tests::PairingName);

TYPED_TEST(Reversible, gradient_is_that_of_duals_through_the_same_steps) {
  expect_the_gradient_of_duals<TypeParam>(one_oscillator(), control_with(1e-5));
  expect_the_gradient_of_duals<TypeParam>(one_oscillator(), fixed(150));
  expect_the_gradient_of_duals<TypeParam>(make_problem<Lorenz63>({{"n", 1.0}, {"T", 0.5}}), control_with(1e-5));
}

TYPED_TEST(Reversible, gradient_is_that_of_duals_with_damping_and_strong_coupling) {
  StepControl control = fixed(60);
  control.damping = 0.97;
  control.coupling = 0.9;
  expect_the_gradient_of_duals<TypeParam>(one_oscillator(1.0), control);
}

TYPED_TEST(Reversible, gradient_of_observations_is_that_of_duals_forwards_and_backwards) {
  VanDerPolForced const forwards = one_oscillator(1.5), backwards = one_oscillator(-1.0);
  std::vector<double> const ahead{forwards.t0, 0.5, 0.50001, 1.1, 1.5}, behind{backwards.t0, -0.3, -0.30001, -1.0};
  for (StepControl control : {control_with(1e-5), fixed(150)}) {
    control.max_steps = 10'000;  // observations add to fixed steps
    control.objective = observed(ahead);
    expect_the_gradient_of_duals<TypeParam>(forwards, control);
    control.objective = observed({0.5, 1.1});
    expect_the_gradient_of_duals<TypeParam>(forwards, control);
    control.objective = observed(behind);
    expect_the_gradient_of_duals<TypeParam>(backwards, control);
    control.objective = {};
    expect_the_gradient_of_duals<TypeParam>(backwards, control);
  }
}

TYPED_TEST(Reversible, observing_the_end_alone_is_the_terminal_loss_and_nothing_gives_nothing) {
  using Method = typename TypeParam::Method;
  using Scheme = typename TypeParam::Scheme;
  auto const problem = one_oscillator(1.5);
  StepControl control = control_with(1e-5);
  GradientResult const terminal = gradient_of<Method, Scheme>(problem, control);

  control.objective = observed({problem.t1});
  EXPECT_EQ((gradient_of<Method, Scheme>(problem, control).digest), terminal.digest);
  control.objective = observed({});
  GradientResult const nothing = gradient_of<Method, Scheme>(problem, control);
  EXPECT_EQ(nothing.status, SolveStatus::success);
  EXPECT_EQ(nothing.loss, 0.0);
  for (double const x : both_blocks(nothing)) EXPECT_EQ(x, 0.0);
  EXPECT_EQ(nothing.final_state, terminal.final_state);
}

TYPED_TEST(Reversible, order_of_state_and_gradient_is_that_of_the_scheme) {
  using Method = typename TypeParam::Method;
  using Scheme = typename TypeParam::Scheme;
  auto const problem = one_oscillator(1.5);
  GradientResult const exact = gradient_of<Aca, DormandPrince54>(problem, control_with(1e-13));
  auto const result_of = [&](double coupling, std::int64_t steps) {
    StepControl control = fixed(steps);
    control.coupling = coupling;
    return gradient_of<Method, Scheme>(problem, control);
  };
  auto const order = [](double before, double after) { return std::log2(before / after); };
  std::int64_t const coarse = Scheme::order > 3 ? 40 : 320;
  constexpr double next_term = 0.25;  // its share of the error at these step sizes

  // Weakly coupled: the way back would fail, the way there has the order of the scheme and no more.
  constexpr double weak = 0.6;
  auto const state_error = [&](std::int64_t steps) {
    return distance(result_of(weak, steps).final_state, exact.final_state);
  };
  // (Dormand and Prince minimised the leading term, so at steps above round-off some of the next order shows.)
  double const of_state = order(state_error(coarse), state_error(2 * coarse));
  EXPECT_GE(of_state, Scheme::order - next_term);
  EXPECT_LE(of_state, Scheme::order + (Scheme::order > 3 ? 1.0 : 0.0) + next_term);

  // With kappa near 1 the pair is nearly symmetric, so of an odd order the leading term is nearly absent.
  auto const gradient_error = [&](std::int64_t steps) {
    return distance(both_blocks(result_of(StepControl{}.coupling, steps)), both_blocks(exact));
  };
  double const of_gradient = order(gradient_error(coarse), gradient_error(2 * coarse));
  EXPECT_GE(of_gradient, Scheme::order - next_term);
  EXPECT_LE(of_gradient, Scheme::order + Scheme::order % 2 + next_term);
}

TEST(Mali, with_damping_is_of_first_order_with_the_constant_of_its_lag) {
  // docs/methods/mali.md: the velocity lags, so y' is off by h (1 - eps) / (2 eps) y''. On y' = p y, y(T) = y0 e^(p T)
  // is off by the factor exp(-h p^2 T (1 - eps) / (2 eps)).
  constexpr double damping = 0.8, k = 0.5, end = 1.0;
  auto const problem = make_problem<Linear>({{"n", 1.0}, {"k", k}, {"T", end}});
  for (std::int64_t const steps : {400, 800}) {
    StepControl control = fixed(steps);
    control.damping = damping;
    double const h = end / static_cast<double>(steps), lag = h * k * k * end * (1.0 - damping) / (2.0 * damping);

    double const factor = gradient_of<Mali, Midpoint>(problem, control).final_state[0] / std::exp(k * end);

    EXPECT_NEAR((1.0 - factor) / lag, 1.0, 10.0 * h) << "the next term is of second order";
  }
}

TYPED_TEST(Reversible, work_and_memory_are_counted) {
  using Method = typename TypeParam::Method;
  using Scheme = typename TypeParam::Scheme;
  constexpr bool leapfrog = std::is_same_v<Method, Mali>;
  constexpr std::int64_t s = Scheme::stages, used = tableau_of<Scheme>.last_used_stage;

  for (StepControl const& control : {control_with(1e-4), fixed(50)}) {
    GradientResult const result = gradient_of<Method, Scheme>(one_oscillator(), control);
    WorkCounts const& work = result.work;
    std::int64_t const n = work.accepted, trials = n + work.rejected, first_step = control.adaptive() ? 1 : 0;

    ASSERT_EQ(result.status, SolveStatus::success);
    EXPECT_EQ(work.rhs_forward, leapfrog ? trials + 1 + first_step
                                         : n + trials * ((control.adaptive() ? s : used) - 1) + n * used + first_step);
    EXPECT_EQ(work.rhs_backward, leapfrog ? n : 2 * n * used);
    EXPECT_EQ(work.vjp, leapfrog ? n + 1 : 2 * n * used);
    EXPECT_EQ(work.reverse_accepted, n);
    EXPECT_EQ(result.checkpoint_bytes, n * 2 * static_cast<std::int64_t>(sizeof(double))) << "(t, h) and no state";
  }
}

TEST(RoundTrip, of_the_leapfrog_without_damping_is_round_off) {
  constexpr double roundings = 100.0;  // of 400 steps, a random walk with a reserve of five

  GradientResult const result = gradient_of<Mali, Midpoint>(one_oscillator(), fixed(400));

  EXPECT_LE(result.round_trip.error, roundings * unit_round_off);
  EXPECT_EQ(result.round_trip.growth, 1.0);
}

/// docs/methods/reversible_rk.md: 1.5e-11 after 800 steps with kappa = 0.99.
TEST(RoundTrip, of_coupled_schemes_grows_like_the_inverse_power_of_the_coupling) {
  constexpr std::int64_t steps = 800;
  StepControl control = fixed(steps);
  control.coupling = 0.99;

  GradientResult const result = gradient_of<ReversibleRk, BogackiShampine32>(one_oscillator(1.0), control);

  EXPECT_NEAR(result.round_trip.growth, std::pow(0.99, -800.0), 1e-10 * result.round_trip.growth);
  // Two states are rounded, each a few times a step.
  EXPECT_GE(result.round_trip.error, 0.1 * unit_round_off * result.round_trip.growth);
  EXPECT_LE(result.round_trip.error, 1e3 * unit_round_off * result.round_trip.growth);
}

/// R(w): what one step of the scheme does to y' = k y, w = h k.
double stability_function(Tableau const& tab, double w) {
  std::vector<double> k;
  double sum = 1.0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(tab.stages); ++i) {
    double u = 1.0;
    for (std::size_t j = 0; j < i; ++j) u += w * tab.a[i][j] * k[j];
    k.push_back(u);
    sum += w * tab.b[i] * u;
  }
  return sum;
}

/// The scheme of McCallum & Foster on y' = k y is a matrix: with P = R(w) - 1 and Q = 1 - R(-w)
///   (y', z') = (kappa y + (1 - kappa + P) z, z + Q y').
/// Of its two modes one follows the flow, the other, the difference of the copies, is multiplied by about kappa / R(w):
/// where the flow contracts faster than kappa it grows, whatever the step size.
template <class Scheme>
void expect_the_powers_of_the_matrix(double k, double coupling) {
  constexpr std::int64_t steps = 40;
  constexpr double end = 2.0;
  Tableau const& tab = tableau_of<Scheme>;
  auto const problem = make_problem<Linear>({{"n", 1.0}, {"k", k}, {"T", end}});
  StepControl control = fixed(steps);
  control.coupling = coupling;
  double const w = k * end / static_cast<double>(steps), p = stability_function(tab, w) - 1.0,
               q = 1.0 - stability_function(tab, -w), y0 = problem.initial_state(0)[0];
  double y = y0, z = y0;
  for (std::int64_t n = 0; n < steps; ++n) {
    y = coupling * y + (1.0 - coupling + p) * z;
    z += q * y;
  }
  double const determinant = coupling, trace = coupling + 1.0 + q * (1.0 - coupling + p),
               larger_mode = 0.5 * (trace + std::sqrt(trace * trace - 4.0 * determinant));

  GradientResult const result = gradient_of<ReversibleRk, Scheme>(problem, control);

  ASSERT_EQ(result.status, SolveStatus::success) << Scheme::name;
  // Some roundings a step, which grow as the larger mode does: the flow, or the difference of the copies.
  double const roundings = 100.0 * unit_round_off * std::max(1.0, std::pow(larger_mode, static_cast<double>(steps)));
  EXPECT_NEAR(result.final_state[0], y, roundings * std::abs(y0)) << Scheme::name << ' ' << coupling;
  // L = y^2 and y is linear in y0. The way back finds the states with its own round-off, kappa^-N.
  double const back = 100.0 * unit_round_off * std::pow(coupling, -static_cast<double>(steps));
  EXPECT_NEAR(result.dloss_dy0[0], 2.0 * y * y / y0, (roundings + back) * std::max(1.0, std::abs(2.0 * y)))
      << Scheme::name;
}

TEST(ReversibleRk, on_a_linear_equation_is_the_power_of_a_matrix) {
  for (double const coupling : {0.999, 0.9, 0.8}) {
    for (double const k : {-2.0, -0.5, 0.5}) {
      expect_the_powers_of_the_matrix<HeunEuler21>(k, coupling);
      expect_the_powers_of_the_matrix<BogackiShampine32>(k, coupling);
      expect_the_powers_of_the_matrix<DormandPrince54>(k, coupling);
    }
  }
}

/// Forced van der Pol to T = 4 contracts: with the default coupling the difference of the copies is amplified as the
/// flow is damped, the gradient is not that of the flow any more, and the distance of the copies says so.
TEST(ReversibleRk, says_when_its_copies_have_come_apart) {
  auto const problem = one_oscillator();
  StepControl control = control_with(1e-6);
  GradientResult const exact = gradient_of<Aca, DormandPrince54>(problem, control_with(1e-12)),
                       aca = gradient_of<Aca, DormandPrince54>(problem, control);
  double const usual = distance(both_blocks(aca), both_blocks(exact));

  GradientResult const weakly_damped = gradient_of<ReversibleRk, DormandPrince54>(problem, control);
  control.coupling = 0.75;
  GradientResult const damped = gradient_of<ReversibleRk, DormandPrince54>(problem, control);

  EXPECT_GT(distance(both_blocks(weakly_damped), both_blocks(exact)), 1e3 * usual);
  EXPECT_GT(weakly_damped.round_trip.copies_apart, 1.0);
  EXPECT_LE(distance(both_blocks(damped), both_blocks(exact)), 10.0 * usual);
  EXPECT_LE(damped.round_trip.copies_apart, 1.0);
  EXPECT_TRUE(std::isnan(gradient_of<ReversibleRk, DormandPrince54>(problem, fixed(150)).round_trip.copies_apart));
}

template <class Method, class Scheme>
void expect_a_spent_budget(StepControl const& control) {
  GradientResult const result = gradient_of<Method, Scheme>(one_oscillator(), control);

  EXPECT_EQ(result.status, SolveStatus::round_off_spent) << Method::name;
  EXPECT_GT(result.round_trip.lost, reversible_budget) << Method::name;
  EXPECT_TRUE(std::isnan(result.loss)) << Method::name;
  for (double const x : both_blocks(result)) EXPECT_TRUE(std::isnan(x)) << Method::name;
  for (double const x : result.final_state) EXPECT_TRUE(std::isfinite(x)) << "the way there was good";
}

TEST(RoundTrip, that_loses_half_of_the_digits_is_a_failure_of_the_solve) {
  StepControl damped = fixed(200), coupled = fixed(200);
  damped.damping = 0.9;     // 0.8^-200 = 2e19
  coupled.coupling = 0.85;  // 0.85^-200 = 1e14
  expect_a_spent_budget<Mali, Midpoint>(damped);
  expect_a_spent_budget<ReversibleRk, BogackiShampine32>(coupled);

  StepControl not_to_be_undone = fixed(20);
  not_to_be_undone.damping = 0.5;
  expect_a_spent_budget<Mali, Midpoint>(not_to_be_undone);
}

/// The leapfrog that forgets that its first velocity depends on y0 and p.
struct ForgetfulLeapfrog : AsynchronousLeapfrog {
  template <class Model>
  struct Pair : AsynchronousLeapfrog::Pair<Model> {
    using Base = AsynchronousLeapfrog::Pair<Model>;
    using Base::Base;
    int finish(double, typename Base::State const&, typename Base::State&, typename Base::State const&,
               typename Base::Parameters&) {
      return 0;
    }
  };
};
struct ForgetfulMali : ReversibleMethod<ForgetfulLeapfrog> {
  static constexpr std::string_view name = "forgetful_mali";
};

TEST(Mali, that_forgets_its_first_velocity_is_found_out) {
  auto const problem = one_oscillator();
  StepControl const control = fixed(150);
  std::vector<double> const duals = by_duals<Mali::Program>(problem, tableau_of<Midpoint>, control);
  constexpr double far_above_round_off = 1e-3;

  EXPECT_GT(distance(both_blocks(gradient_of<ForgetfulMali, Midpoint>(problem, control)), duals), far_above_round_off);
}

TEST(Mali, steps_by_the_midpoint_rule_only) {
  for_each_type(AllTableaus{}, []<class Scheme>() {
    bool const midpoint = std::is_same_v<Scheme, Midpoint> || std::is_same_v<Scheme, MidpointEuler21>;
    EXPECT_EQ(Mali::steps_with(tableau_of<Scheme>), midpoint) << Scheme::name;
  });
}

}  // namespace
}  // namespace retrace
