// Methods that undo their steps, on a field: their derivative against duals through the same scheme and steps, the bits
// and the memory of a run, and what they say when round-off has eaten the digits.
#include "core/memory_tracker.hpp"
#include "core/tests/typed.hpp"
#include "gradients/field_gradient.hpp"
#include "gradients/registry.hpp"
#include "gradients/tests/reversible_pairings.hpp"
#include "problems/neural_mlp.hpp"
#include "solvers/registry.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace retrace {
namespace {

using Exec = Kokkos::DefaultHostExecutionSpace;
using Number = Dual<double, 1>;
using tests::fixed;
using tests::observed;
using tests::Pairing;

constexpr double unit_round_off = 1.1e-16;

using Pairings = TypeList<Pairing<Mali, MidpointEuler21>, Pairing<ReversibleRk, HeunEuler21>,
                          Pairing<ReversibleRk, DormandPrince54>>;

/// Five blocks of eight samples, the last of five.
NeuralMlp net(double end = 1.0) {
  Arguments arguments = Arguments::defaults(NeuralMlp::arguments());
  arguments.lists["widths"] = {5, 19, 18, 5};
  arguments.numbers["n"] = 37.0;
  arguments.numbers["block"] = 8.0;
  arguments.numbers["T"] = end;
  return NeuralMlp(arguments);
}
StepControl adaptive(double tolerance) {
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = tolerance;
  return control;
}

template <class PairingType, class Space = Exec>
struct Driver {
  Communicator comm = Communicator::duplicate_of(MPI_COMM_SELF);
  NeuralMlp problem;
  FieldGradient<NeuralMlp, typename PairingType::Method, Space> gradient;

  Driver(NeuralMlp const& of, StepControl const& control)
      : problem(of),
        gradient(problem, tableau_of<typename PairingType::Scheme>, control,
                 BlockPartition(of.samples(), of.block_size(), 0, 1), comm) {}
  GradientResult run() {
    gradient.run();
    return gradient.result();
  }
};

/// Entries of +-1, the same in every run.
double sign_of(std::size_t i) {
  return (i * 2654435761U >> 7U) % 2 == 0 ? 1.0 : -1.0;
}

/// dL along signs in y0 (`in_y0`) or in p, by duals through the accepted steps of the method's own program.
template <class PairingType>
double by_duals(NeuralMlp const& problem, StepControl const& control, bool in_y0) {
  using Program = typename PairingType::Method::Program;
  Tableau const& tab = tableau_of<typename PairingType::Scheme>;
  Communicator const comm = Communicator::duplicate_of(MPI_COMM_SELF);
  BlockPartition const partition(problem.samples(), problem.block_size(), 0, 1);
  std::vector<double> p(static_cast<std::size_t>(problem.parameters()));
  problem.parameter_values(p);
  struct Steps {
    std::vector<StepSpan<double>> spans;
    void on_start(InitialStep<double> const&) {}
    void on_trial(Trial<FieldModel<NeuralMlp, double, double, Exec>> const& trial) {
      if (trial.accepted) spans.push_back(trial.span);
    }
  } steps;
  FieldModel<NeuralMlp, double, double, Exec> const plain(problem, partition, comm, p);
  auto y = plain.make_state("test::y");
  plain.initial_state(y);
  IntegrationCounts<> counts;
  double plain_loss = 0.0;
  EXPECT_EQ(Program::solve(tab, plain, control, problem.t0, problem.t1, y, steps, counts, plain_loss),
            SolveStatus::success);

  std::vector<Number> q(p.begin(), p.end());
  for (std::size_t j = 0; j < q.size() && !in_y0; ++j) q[j].tangent[0] = sign_of(j);
  FieldModel<NeuralMlp, Number, double, Exec> const model(problem, partition, comm, q);
  auto x = model.make_state("test::x");
  model.initial_state(x);
  for (std::size_t i = 0; i < x.size() && in_y0; ++i) x(i).tangent[0] = sign_of(i);
  Number const loss = Program::template replay<Number>(tab, model, control, steps.spans, x);
  EXPECT_NEAR(loss.value, plain_loss, 1e-12 * std::abs(plain_loss)) << "not the program that ran";
  return loss.tangent[0];
}

double slope(std::vector<double> const& block) {
  double sum = 0.0;
  for (std::size_t i = 0; i < block.size(); ++i) sum += block[i] * sign_of(i);
  return sum;
}
double norm(std::vector<double> const& block) {
  return std::sqrt(std::inner_product(block.begin(), block.end(), block.begin(), 0.0));
}

template <class PairingType>
void expect_the_gradient_of_duals(NeuralMlp const& problem, StepControl const& control) {
  GradientResult const result = Driver<PairingType>(problem, control).run();

  ASSERT_EQ(result.status, SolveStatus::success);
  EXPECT_TRUE(std::isfinite(result.round_trip.error));
  // Round-off of the steps, of sums of 19 terms in them, and of the way back, and their growth through later steps.
  constexpr double roundings_a_step = 10.0, growth = 1e2;
  double const steps = static_cast<double>(result.work.accepted),
               round_off = growth * (roundings_a_step * unit_round_off * steps + result.round_trip.lost);
  EXPECT_NEAR(slope(result.dloss_dy0), by_duals<PairingType>(problem, control, true),
              round_off * norm(result.dloss_dy0));
  EXPECT_NEAR(slope(result.dloss_dp), by_duals<PairingType>(problem, control, false),
              round_off * norm(result.dloss_dp));
}

template <class PairingType>
class ReversibleField : public ::testing::Test {};

TYPED_TEST_SUITE(ReversibleField, tests::Typed<Pairings>, tests::PairingName);

TYPED_TEST(ReversibleField, gradient_is_that_of_duals_forwards_and_backwards) {
  for (double const end : {1.0, -0.7}) {
    expect_the_gradient_of_duals<TypeParam>(net(end), adaptive(1e-4));
    expect_the_gradient_of_duals<TypeParam>(net(end), fixed(25));
  }
  StepControl damped = fixed(25);
  damped.damping = 0.97;
  damped.coupling = 0.9;
  expect_the_gradient_of_duals<TypeParam>(net(), damped);
}

TYPED_TEST(ReversibleField, gradient_of_observations_is_that_of_duals) {
  for (double const end : {1.0, -0.7}) {
    for (StepControl control : {adaptive(1e-4), fixed(25)}) {
      control.objective = observed({0.0, 0.3 * end, 0.30001 * end, end});
      expect_the_gradient_of_duals<TypeParam>(net(end), control);
      control.objective = observed({0.3 * end, 0.8 * end});
      expect_the_gradient_of_duals<TypeParam>(net(end), control);
    }
  }
}

TYPED_TEST(ReversibleField, observing_the_end_alone_is_the_terminal_loss_and_nothing_gives_nothing) {
  StepControl control = adaptive(1e-4);
  GradientResult const terminal = Driver<TypeParam>(net(), control).run();

  control.objective = observed({1.0});
  GradientResult const at_end = Driver<TypeParam>(net(), control).run();
  EXPECT_EQ(at_end.dloss_dy0, terminal.dloss_dy0);
  EXPECT_EQ(at_end.dloss_dp, terminal.dloss_dp);
  control.objective = observed({});
  GradientResult const nothing = Driver<TypeParam>(net(), control).run();
  EXPECT_EQ(nothing.status, SolveStatus::success);
  EXPECT_EQ(nothing.loss, 0.0);
  EXPECT_EQ(norm(nothing.dloss_dy0), 0.0);
  EXPECT_EQ(norm(nothing.dloss_dp), 0.0);
}

TYPED_TEST(ReversibleField, has_the_same_bits_in_every_run_and_on_any_threads_and_keeps_no_state) {
  StepControl const control = adaptive(1e-5);  // more steps than the arena begins with, of some schemes
  Driver<TypeParam> driver(net(), control);

  GradientResult const first = driver.run();
  ToolCounts const before = MemoryTracker::instance().counts();
  driver.gradient.run();
  ToolCounts const after = MemoryTracker::instance().counts();
  GradientResult const second = driver.gradient.result();

  ASSERT_EQ(first.status, SolveStatus::success);
  EXPECT_EQ(second.digest, first.digest);
  EXPECT_EQ(second.round_trip.error, first.round_trip.error);
  EXPECT_EQ(after.allocations, before.allocations) << "a second run allocates";
  EXPECT_EQ(first.checkpoint_bytes, first.work.accepted * 2 * static_cast<std::int64_t>(sizeof(double)));
#ifdef KOKKOS_ENABLE_SERIAL
  EXPECT_EQ((Driver<TypeParam, Kokkos::Serial>(net(), control).run().digest), first.digest);
#endif
}

TYPED_TEST(ReversibleField, takes_the_bytes_of_its_formula) {
  MemoryTracker& tracker = MemoryTracker::instance();
  NeuralMlp const problem = net();
  tracker.start_recording();
  GradientResult const result = Driver<TypeParam>(problem, adaptive(1e-4)).run();
  std::vector<SpaceUsage> const spaces = tracker.stop_recording();

  std::int64_t measured = 0;
  for (SpaceUsage const& space : spaces)
    if (space.kind == AllocationKind::solver) measured += space.peak - space.baseline;
  constexpr double share = 0.02;  // as in check memory_model
  EXPECT_NEAR(static_cast<double>(measured) / static_cast<double>(result.model_bytes), 1.0, share);
}

TEST(ReversibleRkOnAField, measures_how_far_its_copies_come_apart) {
  using Coupled = Pairing<ReversibleRk, DormandPrince54>;
  EXPECT_LE(Driver<Coupled>(net(), adaptive(1e-6)).run().round_trip.copies_apart, 1.0);
  EXPECT_TRUE(std::isnan(Driver<Coupled>(net(), fixed(20)).run().round_trip.copies_apart));
}

TEST(RoundTripOfAField, that_loses_half_of_the_digits_is_a_failure_of_the_solve) {
  auto const expect_spent = [](GradientResult const& result) {
    EXPECT_EQ(result.status, SolveStatus::round_off_spent);
    EXPECT_EQ(result.failed_trajectories, 1);
    EXPECT_GT(result.round_trip.lost, reversible_budget);
    EXPECT_TRUE(std::isnan(result.loss));
    for (double const x : result.dloss_dy0) EXPECT_TRUE(std::isnan(x));
    for (double const x : result.dloss_dp) EXPECT_TRUE(std::isnan(x));
    for (double const x : result.final_state) EXPECT_TRUE(std::isfinite(x)) << "the way there was good";
  };
  StepControl damped = fixed(200), coupled = fixed(200), not_to_be_undone = fixed(20);
  damped.damping = 0.9;     // 0.8^-200 = 2e19
  coupled.coupling = 0.85;  // 0.85^-200 = 1e14
  not_to_be_undone.damping = 0.5;
  expect_spent(Driver<Pairing<Mali, Midpoint>>(net(), damped).run());
  expect_spent(Driver<Pairing<ReversibleRk, BogackiShampine32>>(net(), coupled).run());
  expect_spent(Driver<Pairing<Mali, Midpoint>>(net(), not_to_be_undone).run());
}

TEST(RoundTripOfAField, of_the_leapfrog_without_damping_is_round_off) {
  constexpr double roundings = 100.0;  // as of a trajectory

  GradientResult const result = Driver<Pairing<Mali, Midpoint>>(net(), fixed(400)).run();

  EXPECT_LE(result.round_trip.error, roundings * unit_round_off);
  EXPECT_EQ(result.round_trip.growth, 1.0);
}

}  // namespace
}  // namespace retrace
