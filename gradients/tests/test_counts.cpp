// Exact counts, records and bytes of every method with every scheme, and what a too small arena costs.
#include "core/tests/typed.hpp"
#include "gradients/registry.hpp"
#include "gradients/tests/gradient_of.hpp"
#include "problems/van_der_pol.hpp"
#include "solvers/registry.hpp"

#include <gtest/gtest.h>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;
using tests::make_problem;

template <class Tab>
class Counts : public ::testing::Test {
 protected:
  static constexpr std::int64_t s = Tab::stages, used = tableau_of<Tab>.last_used_stage, shared = Tab::fsal ? 1 : 0;
  static constexpr std::int64_t state = VanDerPol::dimension, word = sizeof(double);
  static constexpr std::int64_t lanes = lane_width<Kokkos::DefaultHostExecutionSpace, F64>;  // an arena's least size

  // Stiff enough for rejections, and not so stiff that fixed steps blow up.
  VanDerPol const problem = make_problem<VanDerPol>({{"T", 10.0}, {"mu", Tab::adaptive ? 3.0 : 0.15}});
  StepControl const control = [] {
    StepControl c = control_with(Tab::order > 3 ? 1e-8 : 1e-4);
    if (!Tab::adaptive) c.fixed_steps = 77;
    return c;
  }();
  // Choosing the first step: f(t0, y0), which a first-same-as-last scheme uses again, and f after an Euler step.
  static constexpr std::int64_t first_step = Tab::adaptive ? 2 : 0;

  /// Evaluations of f that so many steps from one start cost.
  static std::int64_t evaluations(std::int64_t trials) {
    return trials * (s - shared) + (Tab::adaptive ? first_step : shared);
  }
};
TYPED_TEST_SUITE(Counts, tests::Typed<AllTableaus>, tests::ByName);

TYPED_TEST(Counts, of_aca_are_one_replay_of_each_accepted_step) {
  GradientResult const result = gradient_of<Aca, TypeParam>(this->problem, this->control);

  WorkCounts const& work = result.work;
  std::int64_t const n = work.accepted;
  ASSERT_EQ(result.status, SolveStatus::success);
  EXPECT_EQ(work.rejected > 0, TypeParam::adaptive);
  EXPECT_EQ(work.rhs_forward, this->evaluations(n + work.rejected));
  EXPECT_EQ(work.rhs_backward, n * (this->used - 1));
  EXPECT_EQ(work.vjp, n * this->used);
  EXPECT_EQ(work.reverse_accepted, n);
  EXPECT_EQ(work.reverse_rejected, 0);
  EXPECT_EQ(work.graph_depth, n * this->used);
  EXPECT_EQ(result.checkpoint_bytes, this->lanes * n * (2 + this->state) * this->word);
}

TYPED_TEST(Counts, of_naive_are_all_trials_and_the_choice_of_the_first_step) {
  GradientResult const result = gradient_of<Naive, TypeParam>(this->problem, this->control);

  WorkCounts const& work = result.work;
  ASSERT_EQ(result.status, SolveStatus::success);
  EXPECT_EQ(work.rhs_forward, this->evaluations(work.accepted + work.rejected));
  EXPECT_EQ(work.rhs_backward, this->first_step);
  EXPECT_EQ(work.reverse_accepted, work.accepted);
  EXPECT_LE(work.reverse_rejected, work.rejected);
  // f(t0, y0) has one VJP of its own where stages or the first step share it, the Euler step another.
  std::int64_t const start = TypeParam::adaptive ? 2 : this->shared;
  EXPECT_EQ(work.vjp, (work.reverse_accepted + work.reverse_rejected) * (this->s - this->shared) + start);
  EXPECT_EQ(work.graph_depth, (work.accepted + work.rejected) * this->s);
  EXPECT_EQ(result.checkpoint_bytes,
            this->lanes * (work.accepted + work.rejected) * (6 + (this->s + 2) * this->state) * this->word);
}

TYPED_TEST(Counts, of_naive_from_a_given_first_step_have_no_evaluation_backwards) {
  StepControl given = this->control;
  given.initial_step = 0.01;

  WorkCounts const work = gradient_of<Naive, TypeParam>(this->problem, given).work;

  EXPECT_EQ(work.rhs_forward, (work.accepted + work.rejected) * (this->s - this->shared) + this->shared);
  EXPECT_EQ(work.rhs_backward, 0);
  EXPECT_EQ(work.vjp, (work.reverse_accepted + work.reverse_rejected) * (this->s - this->shared) + this->shared);
}

TYPED_TEST(Counts, of_adjoint_are_a_second_solve_and_no_records) {
  // Backwards the attracting cycle repels, by about exp(3 mu T): a span from which the adjoint comes back.
  auto const gentler = make_problem<VanDerPol>({{"T", 1.0}, {"mu", this->problem.mu}});

  GradientResult const result = gradient_of<Adjoint, TypeParam>(gentler, this->control);

  WorkCounts const& work = result.work;
  ASSERT_EQ(result.status, SolveStatus::success);
  EXPECT_EQ(work.rhs_forward, this->evaluations(work.accepted + work.rejected));
  EXPECT_EQ(work.rhs_backward, this->evaluations(work.reverse_accepted + work.reverse_rejected));
  EXPECT_EQ(work.vjp, work.rhs_backward);
  EXPECT_EQ(work.graph_depth, work.reverse_accepted * this->s);
  EXPECT_EQ(result.checkpoint_bytes, 0);
  EXPECT_EQ(result.arena_bytes, 0);
  EXPECT_EQ(result.arena_redos, 0);
}

/// Solves twice with one driver: the second time the arena has the size that the first time asked for.
template <class Method, class Tab>
void expect_the_same_bits_with_and_without_redo() {
  using Driver = EnsembleGradient<VanDerPol, Method, Kokkos::DefaultHostExecutionSpace>;
  // Several chunks, the last of them not full.
  constexpr std::int64_t small_arena = 200'000;
  auto const problem = make_problem<VanDerPol>({{"T", 10.0}, {"n", 103.0}});
  StepControl const control = control_with(Tab::order > 3 ? 1e-9 : 1e-5);
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Driver driver(problem, tableau_of<Tab>, control, BlockPartition(problem.trajectories, 16, 0, 1), self, small_arena);

  driver.run();
  GradientResult const with_redo = driver.result();
  driver.run();
  GradientResult const without = driver.result();

  ASSERT_EQ(with_redo.status, SolveStatus::success);
  EXPECT_GE(with_redo.arena_redos, 1);
  EXPECT_EQ(without.arena_redos, with_redo.arena_redos) << "the second run found the arena too small again";
  EXPECT_EQ(without.digest, with_redo.digest);
  EXPECT_EQ(without.final_state, with_redo.final_state);
  EXPECT_EQ(without.work.rhs_forward, with_redo.work.rhs_forward);
  EXPECT_EQ(with_redo.arena_bytes, with_redo.checkpoint_bytes) << "an arena of exactly the size asked for";
}

TEST(Arena, that_overflows_is_made_larger_once_and_changes_no_bit) {
  expect_the_same_bits_with_and_without_redo<Aca, BogackiShampine32>();
  expect_the_same_bits_with_and_without_redo<Naive, BogackiShampine32>();
  expect_the_same_bits_with_and_without_redo<Aca, DormandPrince54>();
}

TEST(Arena, is_left_alone_when_the_records_fit) {
  GradientResult const result = gradient_of<Aca, DormandPrince54>(make_problem<VanDerPol>(), control_with(1e-2));

  EXPECT_EQ(result.arena_redos, 0);
  EXPECT_GE(result.arena_bytes, result.checkpoint_bytes);
}

}  // namespace
}  // namespace retrace
