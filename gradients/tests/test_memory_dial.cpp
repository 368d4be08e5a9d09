#include "gradients/aca.hpp"
#include "gradients/aca_budget.hpp"
#include "gradients/aca_stages.hpp"
#include "gradients/memory_dial.hpp"
#include "gradients/tests/gradient_of.hpp"
#include "problems/van_der_pol_forced.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"

#include <gtest/gtest.h>

namespace retrace {
namespace {

/// One trajectory, one lane: a pack's tape has room for all its lanes.
template <class Method>
GradientResult alone(VanDerPolForced const& problem, StepControl const& control) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  EnsembleGradient<VanDerPolForced, Method, Kokkos::DefaultHostExecutionSpace, F64, 1> driver(
      problem, tableau_of<DormandPrince54>, control, BlockPartition(1, 1, 0, 1), self);
  driver.run();
  return driver.result();
}
/// By the method that the dial points at.
GradientResult at(DialPoint const& point, VanDerPolForced const& problem, StepControl control) {
  if (point.method == "aca_stages") return alone<AcaStages>(problem, control);
  if (point.method == "aca") return alone<Aca>(problem, control);
  control.checkpoints = point.checkpoints;
  return alone<AcaBudget>(problem, control);
}

TEST(MemoryDial, every_point_keeps_to_its_bytes_and_has_the_same_bits) {
  auto const problem = tests::make_problem<VanDerPolForced>({{"n", 1.0}});
  StepControl const control = tests::control_with(1e-8);
  GradientResult const aca = alone<Aca>(problem, control);
  std::int64_t const steps = aca.work.accepted, state = 2 * sizeof(double);
  std::string_view last;
  for (std::int64_t bytes = 16 * steps + state; bytes <= 16 * steps + 8 * state * steps; bytes += state * steps / 4) {
    DialPoint const point = dial_point(bytes, steps, state, tableau_of<DormandPrince54>);
    GradientResult const result = at(point, problem, control);

    EXPECT_LE(result.checkpoint_bytes, bytes) << point.method;
    EXPECT_EQ(result.digest, aca.digest) << point.method;
    last = point.method;
  }
  EXPECT_EQ(last, "aca_stages") << "the loop went to the end of the dial";
}

TEST(MemoryDial, turns_at_the_bytes_of_its_formulas) {
  constexpr std::int64_t steps = 100, state = 24, pairs = 16 * steps;
  Tableau const& tab = tableau_of<DormandPrince54>;  // six stages that matter
  EXPECT_EQ(dial_point(pairs + 6 * steps * state, steps, state, tab).method, "aca_stages");
  EXPECT_EQ(dial_point(pairs + 6 * steps * state - 1, steps, state, tab).method, "aca");
  EXPECT_EQ(dial_point(pairs + steps * state - 1, steps, state, tab).method, "aca_budget");
  EXPECT_EQ(dial_point(pairs + steps * state - 1, steps, state, tab).checkpoints, 99);
  EXPECT_EQ(dial_point(pairs + state, steps, state, tab).checkpoints, 1);
  EXPECT_TRUE(dial_point(pairs + state - 1, steps, state, tab).method.empty());
  EXPECT_EQ(dial_point(std::int64_t{1} << 30, 1 << 26, 1 << 20, tab).checkpoints, 0) << "the pairs alone do not fit";
}

}  // namespace
}  // namespace retrace
