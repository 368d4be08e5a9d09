// Methods that are ways to one and the same gradient, what a budget of checkpoints costs, and what a run allocates.
#include "core/memory_tracker.hpp"
#include "core/tests/typed.hpp"
#include "gradients/checkpoint_schedule.hpp"
#include "gradients/registry.hpp"
#include "gradients/tests/gradient_of.hpp"
#include "problems/lorenz63.hpp"
#include "problems/van_der_pol_forced.hpp"
#include "solvers/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;
using tests::make_problem;

constexpr double unit_round_off = 1.1e-16;

double relative_distance(std::vector<double> const& x, std::vector<double> const& reference) {
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    difference += (x[i] - reference[i]) * (x[i] - reference[i]);
    size += reference[i] * reference[i];
  }
  return std::sqrt(difference / size);
}

template <class Tab>
class EqualMethods : public ::testing::Test {
 protected:
  /// Thirteen oscillators with different numbers of steps: two packs, the second one not full.
  VanDerPolForced const problem = make_problem<VanDerPolForced>({{"n", 13.0}});
  StepControl const control = [] {
    StepControl c = control_with(Tab::order > 3 ? 1e-7 : 1e-4);
    if (!Tab::adaptive) c.fixed_steps = 200;
    return c;
  }();
};
TYPED_TEST_SUITE(EqualMethods, tests::Typed<AllTableaus>, tests::ByName);

TYPED_TEST(EqualMethods, stored_stages_and_any_budget_give_the_bits_of_aca) {
  GradientResult const aca = gradient_of<Aca, TypeParam>(this->problem, this->control);
  ASSERT_EQ(aca.status, SolveStatus::success);

  GradientResult const stages = gradient_of<AcaStages, TypeParam>(this->problem, this->control);
  EXPECT_EQ(stages.digest, aca.digest);
  EXPECT_EQ(stages.work.rhs_backward, 0);

  StepControl budget = this->control;
  for (int const checkpoints : {1, 2, 3, 7, 20, 256}) {
    budget.checkpoints = checkpoints;
    GradientResult const result = gradient_of<AcaBudget, TypeParam>(this->problem, budget);
    EXPECT_EQ(result.digest, aca.digest) << checkpoints << " checkpoints";
    EXPECT_EQ(result.final_state, aca.final_state) << checkpoints << " checkpoints";
    EXPECT_EQ(result.work.vjp, aca.work.vjp) << checkpoints << " checkpoints";
  }
}

TYPED_TEST(EqualMethods, detached_naive_tangents_and_the_symplectic_adjoint_agree_with_aca_to_round_off) {
  // Some tens of roundings a step, which grow with the sensitivity of the state, about 10 here.
  constexpr double roundings_and_growth = 1e3;
  GradientResult const aca = gradient_of<Aca, TypeParam>(this->problem, this->control),
                       detached = gradient_of<NaiveDetached, TypeParam>(this->problem, this->control),
                       symplectic = gradient_of<SymplecticAdjoint, TypeParam>(this->problem, this->control),
                       forward = gradient_of<Forward, TypeParam>(this->problem, this->control);
  double const steps = static_cast<double>(aca.work.accepted) / static_cast<double>(this->problem.trajectories);
  double const round_off = roundings_and_growth * unit_round_off * std::sqrt(steps);

  for (GradientResult const* other : {&detached, &symplectic, &forward}) {
    ASSERT_EQ(other->status, SolveStatus::success);
    EXPECT_EQ(other->loss, aca.loss);
    EXPECT_LE(relative_distance(other->dloss_dy0, aca.dloss_dy0), round_off);
    EXPECT_LE(relative_distance(other->dloss_dp_each, aca.dloss_dp_each), round_off);
  }
  int const evaluations = TypeParam::stages - (TypeParam::fsal ? 1 : 0), unknowns = 4;
  EXPECT_EQ(forward.work.jvp, forward.work.accepted * evaluations * unknowns);
  EXPECT_EQ(forward.work.vjp, 0);
  EXPECT_EQ(symplectic.work.vjp, aca.work.vjp);
  EXPECT_EQ(symplectic.work.rhs_backward, aca.work.rhs_backward);
}

/// The augmented state (y, lambda, mu) of the continuous adjoint: which of it an error norm looks at.
template <AdjointNorm norm>
double norm_of_error_in(int component) {
  EnsembleModel<VanDerPolForced, double> const base{};
  auto const model = base.augmented<norm>(false);
  Tableau const& tab = tableau_of<DormandPrince54>;
  using Augmented = std::remove_const_t<decltype(model)>;
  typename Augmented::Stages k = model.make_stages("k", tab.stages);
  k[0][component] = 1.0;
  auto const x = Augmented::State::filled(1.0);
  return model.error_norm(tab, control_with(1e-3), x, x, 1.0, k);
}

TEST(AdjointNorms, look_at_every_component_at_all_but_mu_or_at_the_worst_block) {
  constexpr int n = VanDerPolForced::dimension, p = VanDerPolForced::parameters;
  for (int i = 0; i < 2 * n + p; ++i) {
    EXPECT_GT(norm_of_error_in<AdjointNorm::full>(i), 0.0) << i;
    EXPECT_EQ(norm_of_error_in<AdjointNorm::seminorm>(i) > 0.0, i < 2 * n) << i;
  }
  // The largest of the means over y, over lambda and over mu.
  for (int i = 0; i < 2 * n + p; ++i)
    EXPECT_NEAR(norm_of_error_in<AdjointNorm::blocks>(i) / norm_of_error_in<AdjointNorm::full>(i),
                std::sqrt((2.0 * n + p) / (i < 2 * n ? n : p)), 8 * unit_round_off)
        << i;
  // The mean is over the components that count.
  EXPECT_NEAR(norm_of_error_in<AdjointNorm::seminorm>(0) / norm_of_error_in<AdjointNorm::full>(0),
              std::sqrt((2.0 * n + p) / (2.0 * n)), 8 * unit_round_off);
}

/// Ten thousand accepted steps in twenty states.
TEST(AcaBudget, of_a_long_run_has_the_digest_the_bytes_and_the_steps_that_are_predicted) {
  constexpr std::int64_t steps = 10'000;
  constexpr int checkpoints = 20;
  auto const problem = make_problem<VanDerPolForced>({{"n", 1.0}, {"T", 40.0}});
  StepControl control;
  control.fixed_steps = steps;
  control.checkpoints = checkpoints;
  GradientResult const all = gradient_of<Aca, BogackiShampine32>(problem, control),
                       few = gradient_of<AcaBudget, BogackiShampine32>(problem, control);
  ASSERT_EQ(all.status, SolveStatus::success);
  EXPECT_EQ(few.digest, all.digest);
  EXPECT_EQ(few.work.accepted, steps);

  CheckpointSchedule<StepControl::most_checkpoints> schedule(checkpoints);
  for (std::int64_t n = 0; n < steps; ++n) (void)schedule.before_step();
  EXPECT_EQ(few.work.readvanced, schedule.advances_ahead());
  // The dynamic scheme takes no step more often, its first time included, than the optimum for one step more.
  EXPECT_LE(few.work.readvanced, (BinomialReversal(steps + 1, checkpoints).repetitions - 1) * steps);

  std::int64_t const lanes = lane_width<Kokkos::DefaultHostExecutionSpace, F64>, word = sizeof(double), n = 2;
  EXPECT_EQ(few.checkpoint_bytes, lanes * (2 * steps + checkpoints * n) * word);
}

/// Bytes of all allocations alive at one time in a run of its own, by Kokkos's callbacks.
template <class Method>
std::int64_t measured_peak(VanDerPolForced const& problem, StepControl const& control, GradientResult& result) {
  MemoryTracker& tracker = MemoryTracker::instance();
  tracker.start_recording();
  result = gradient_of<Method, BogackiShampine32>(problem, control);
  std::int64_t peak = 0;
  for (SpaceUsage const& space : tracker.stop_recording())
    if (space.kind == AllocationKind::solver) peak += space.peak - space.baseline;
  return peak;
}

/// N (t, h) and S states in an arena, and the outcome of a trajectory: what is allocated is that, to two per cent.
TEST(AcaBudget, of_a_long_adaptive_run_measures_the_bytes_of_its_formula) {
  constexpr int checkpoints = 20;
  auto const problem = make_problem<VanDerPolForced>({{"n", 1.0}, {"T", 40.0}});
  StepControl control = control_with(2e-10);
  control.checkpoints = checkpoints;
  GradientResult all, few;
  std::int64_t const bytes_of_all = measured_peak<Aca>(problem, control, all),
                     bytes_of_few = measured_peak<AcaBudget>(problem, control, few);
  ASSERT_EQ(few.status, SolveStatus::success);
  EXPECT_GE(few.work.accepted, 10'000);
  EXPECT_EQ(few.digest, all.digest);

  std::int64_t const lanes = lane_width<Kokkos::DefaultHostExecutionSpace, F64>, word = sizeof(double), n = 2,
                     steps = few.work.accepted;
  constexpr double share = 0.02;  // for the outcome of the trajectory, a hundred numbers
  auto const within = [&](std::int64_t measured, std::int64_t formula) {
    double const bytes = static_cast<double>(formula);
    EXPECT_NEAR(static_cast<double>(measured), bytes, share * bytes);
  };
  within(bytes_of_few, lanes * (2 * steps + checkpoints * n) * word);
  within(bytes_of_all, lanes * (2 + n) * steps * word);
  within(bytes_of_few, few.model_bytes);

  CheckpointSchedule<StepControl::most_checkpoints> schedule(checkpoints);
  for (std::int64_t i = 0; i < steps; ++i) (void)schedule.before_step();
  EXPECT_EQ(few.work.readvanced, schedule.advances_ahead());
  EXPECT_LE(few.work.readvanced, (BinomialReversal(steps + 1, checkpoints).repetitions - 1) * steps);
}

/// Allocations and fences of one run that finds its arena large enough.
template <class Method>
void expect_no_allocation_and_no_fence_per_step() {
  auto const problem = make_problem<Lorenz63>({{"n", 64.0}});
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const counts_of_a_run = [&](double tolerance) {
    EnsembleGradient<Lorenz63, Method, Kokkos::DefaultHostExecutionSpace> driver(
        problem, tableau_of<DormandPrince54>, control_with(tolerance), BlockPartition(64, 16, 0, 1), self);
    driver.run();
    ToolCounts const before = MemoryTracker::instance().counts();
    driver.run();
    ToolCounts const after = MemoryTracker::instance().counts();
    EXPECT_EQ(after.allocations, before.allocations) << Method::name;
    return after.fences - before.fences;
  };
  // Several times the steps, in arenas of the same number of chunks.
  EXPECT_EQ(counts_of_a_run(1e-3), counts_of_a_run(1e-6)) << Method::name;
}

TEST(EnsembleGradients, do_not_allocate_or_fence_inside_a_time_loop) {
  for_each_type(TypeList<Naive, Adjoint, Aca, AcaBudget>{},
                []<class Method>() { expect_no_allocation_and_no_fence_per_step<Method>(); });
}

}  // namespace
}  // namespace retrace
