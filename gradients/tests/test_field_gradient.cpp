// Gradients of fields in every precision: what a second run costs besides arithmetic (nothing), and that kept
// activations, precision and arenas change no more than rounding. Reversible methods: test_reversible_field.cpp.
#include "core/memory_tracker.hpp"
#include "core/tests/typed.hpp"
#include "gradients/field_gradient.hpp"
#include "gradients/registry.hpp"
#include "gradients/tests/news.hpp"
#include "problems/neural_mlp.hpp"
#include "solvers/tableaus/bogacki_shampine32.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"
#include "solvers/tableaus/heun_euler21.hpp"
#include "solvers/tableaus/midpoint_euler21.hpp"
#include "solvers/tableaus/rk4.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace retrace {
namespace {

using Exec = Kokkos::DefaultHostExecutionSpace;

NeuralMlp small_net(double n = 37.0) {
  Arguments arguments = Arguments::defaults(NeuralMlp::arguments());
  arguments.lists["widths"] = {5, 19, 18, 5};
  arguments.numbers["n"] = n;
  arguments.numbers["block"] = 8.0;
  return NeuralMlp(arguments);
}
StepControl control_with(double tolerance) {
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = tolerance;
  return control;
}

/// Those of the registry that differ in what they ask of a field. In single precisions, for the sake of compile time,
/// those that ask for most.
template <class Precision>
using FieldMethods = std::conditional_t<
    std::is_same_v<Precision, F64>,
    TypeList<Naive, Adjoint, AdjointSeminorm, Aca, AcaStages, AcaBudget, SymplecticAdjoint, ReversibleRk>,
    TypeList<Naive, AdjointSeminorm, AcaBudget>>;

template <class Method, TableauDefinition Tab, class Precision = F64, class Space = Exec>
struct Driver {
  Communicator comm = Communicator::duplicate_of(MPI_COMM_SELF);
  NeuralMlp problem;
  FieldGradient<NeuralMlp, Method, Space, Precision> gradient;

  explicit Driver(StepControl const& control, NeuralMlp const& net = small_net())
      : problem(net),
        gradient(problem, tableau_of<Tab>, control, BlockPartition(net.samples(), net.block_size(), 0, 1), comm) {}
  GradientResult run() {
    gradient.run();
    return gradient.result();
  }
};

double relative_distance(std::vector<double> const& x, std::vector<double> const& reference) {
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    difference += (x[i] - reference[i]) * (x[i] - reference[i]);
    size += reference[i] * reference[i];
  }
  return std::sqrt(difference / size);
}

template <class Precision>
class FieldPrecision : public ::testing::Test {};
TYPED_TEST_SUITE(FieldPrecision, tests::Typed<AllPrecisions>, tests::ByName);

template <class Method, TableauDefinition Tab, class Precision>
void expect_a_second_run_without_allocation_or_fence() {
  Driver<Method, Tab, Precision> driver(control_with(1e-4));
  driver.gradient.run();
  ToolCounts const before = MemoryTracker::instance().counts();
  std::int64_t const news_before = tests::news();

  driver.gradient.run();

  std::int64_t const news_made = tests::news() - news_before;
  ToolCounts const after = MemoryTracker::instance().counts();
  EXPECT_EQ(after.allocations, before.allocations) << Method::name << ' ' << Tab::name;
  EXPECT_EQ(after.deallocations, before.deallocations) << Method::name << ' ' << Tab::name;
  EXPECT_EQ(after.fences, before.fences) << "host spaces need none: " << Method::name << ' ' << Tab::name;
  EXPECT_EQ(news_made, 0) << Method::name << ' ' << Tab::name;
  GradientResult const result = driver.gradient.result();
  EXPECT_EQ(result.status, SolveStatus::success);
  EXPECT_GT(result.work.accepted, 1);
}

TYPED_TEST(FieldPrecision, a_second_run_allocates_nothing_and_does_not_fence) {
  for_each_type(FieldMethods<TypeParam>{}, []<class Method>() {
    expect_a_second_run_without_allocation_or_fence<Method, DormandPrince54, TypeParam>();
    expect_a_second_run_without_allocation_or_fence<Method, HeunEuler21, TypeParam>();
  });
}

TYPED_TEST(FieldPrecision, gradients_agree_with_those_in_double_up_to_rounding) {
  // Some ten steps of six stages with sums of 19 terms, and step sizes that the rounding of the error estimate moves.
  constexpr double rounding = std::is_same_v<TypeParam, F64> ? 0.0 : 1e-4;
  for_each_type(FieldMethods<TypeParam>{}, [=]<class Method>() {
    StepControl const control = control_with(1e-4);

    GradientResult const exact = Driver<Method, DormandPrince54>(control).run(),
                         rounded = Driver<Method, DormandPrince54, TypeParam>(control).run();

    ASSERT_EQ(rounded.status, SolveStatus::success) << Method::name;
    EXPECT_LE(std::abs(rounded.loss - exact.loss), rounding * exact.loss) << Method::name;
    EXPECT_LE(relative_distance(rounded.dloss_dy0, exact.dloss_dy0), rounding) << Method::name;
    EXPECT_LE(relative_distance(rounded.dloss_dp, exact.dloss_dp), rounding) << Method::name;
    EXPECT_LE(relative_distance(rounded.final_state, exact.final_state), rounding) << Method::name;
  });
}

TYPED_TEST(FieldPrecision, bytes_of_records_are_those_of_its_numbers) {
  GradientResult const result = Driver<Aca, DormandPrince54, TypeParam>(control_with(1e-4)).run();

  auto const state = static_cast<std::int64_t>(result.dloss_dy0.size());
  EXPECT_EQ(result.checkpoint_bytes,
            result.work.accepted * static_cast<std::int64_t>(2 * sizeof(typename TypeParam::Time) +
                                                             state * sizeof(typename TypeParam::State)));
}

template <TableauDefinition Tab>
void expect_aca_to_be_naive_on_fixed_steps() {
  StepControl control;
  control.fixed_steps = 5;
  constexpr double round_off = 1e-13;  // five steps, the same operations in another order

  GradientResult const aca = Driver<Aca, Tab>(control).run(), naive = Driver<Naive, Tab>(control).run();

  EXPECT_LE(relative_distance(aca.dloss_dy0, naive.dloss_dy0), round_off) << Tab::name;
  EXPECT_LE(relative_distance(aca.dloss_dp, naive.dloss_dp), round_off) << Tab::name;
}

// ACA reverses with what its replay kept, naive computes it anew.
TEST(FieldGradient, of_aca_is_that_of_naive_on_fixed_steps) {
  expect_aca_to_be_naive_on_fixed_steps<Rk4>();
  expect_aca_to_be_naive_on_fixed_steps<BogackiShampine32>();
  expect_aca_to_be_naive_on_fixed_steps<DormandPrince54>();
}

template <TableauDefinition Tab>
void expect_the_partner_scheme_to_agree_with_aca() {
  StepControl control;
  control.fixed_steps = 5;
  constexpr double round_off = 1e-13;  // five steps, the same terms added in another order

  GradientResult const aca = Driver<Aca, Tab>(control).run(),
                       symplectic = Driver<SymplecticAdjoint, Tab>(control).run();

  EXPECT_EQ(symplectic.loss, aca.loss);
  EXPECT_LE(relative_distance(symplectic.dloss_dy0, aca.dloss_dy0), round_off) << Tab::name;
  EXPECT_LE(relative_distance(symplectic.dloss_dp, aca.dloss_dp), round_off) << Tab::name;
  EXPECT_LT(symplectic.model_bytes, aca.model_bytes) << "one evaluation's activations in place of s' - 1";
}

TEST(FieldGradient, of_the_symplectic_adjoint_is_that_of_aca_with_and_without_weights_of_zero) {
  expect_the_partner_scheme_to_agree_with_aca<Rk4>();
  expect_the_partner_scheme_to_agree_with_aca<BogackiShampine32>();
  expect_the_partner_scheme_to_agree_with_aca<DormandPrince54>();
}

TEST(FieldGradient, has_the_same_bits_after_an_arena_that_was_too_small) {
  Driver<Aca, BogackiShampine32> driver(control_with(1e-7));

  GradientResult const with_redo = driver.run(), without = driver.run();

  ASSERT_EQ(with_redo.status, SolveStatus::success);
  EXPECT_EQ(with_redo.arena_redos, 1);
  EXPECT_EQ(without.arena_redos, 1) << "the second run found the arena too small again";
  EXPECT_EQ(without.digest, with_redo.digest);
  EXPECT_EQ(with_redo.arena_bytes, with_redo.checkpoint_bytes);
}

#ifdef KOKKOS_ENABLE_SERIAL
TYPED_TEST(FieldPrecision, has_the_same_bits_on_one_thread_and_on_all) {
  for_each_type(FieldMethods<TypeParam>{}, []<class Method>() {
    StepControl const control = control_with(1e-4);

    GradientResult const one = Driver<Method, DormandPrince54, TypeParam, Kokkos::Serial>(control).run(),
                         all = Driver<Method, DormandPrince54, TypeParam>(control).run();

    EXPECT_EQ(all.digest, one.digest) << Method::name;
  });
}
#endif

}  // namespace
}  // namespace retrace
