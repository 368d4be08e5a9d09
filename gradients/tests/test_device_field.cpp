// Gradients of a field by the code that a device runs, on host spaces: those of FieldGradient up to rounding, with the
// same bits in every run, on every space and for any number of ranks.
#include "core/memory_tracker.hpp"
#include "core/tests/typed.hpp"
#include "gradients/field_gradient.hpp"
#include "gradients/registry.hpp"
#include "problems/neural_mlp.hpp"
#include "problems/neural_mlp_batch.hpp"
#include "solvers/device_field_model.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"
#include "solvers/tableaus/heun_euler21.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace retrace {
namespace {

using Exec = Kokkos::DefaultHostExecutionSpace;

/// Blocks of eight samples, the last of five; three layers.
NeuralMlp net(double samples = 37.0) {
  Arguments arguments = Arguments::defaults(NeuralMlp::arguments());
  arguments.lists["widths"] = {5, 19, 18, 5};
  arguments.numbers["n"] = samples;
  arguments.numbers["block"] = 8.0;
  return NeuralMlp(arguments);
}
constexpr double tolerance = 1e-4;
/// Those of the registry that differ in what they ask of a field. In single precisions, for the sake of compile time,
/// those that ask for most.
template <class Precision>
using FieldMethods = std::conditional_t<std::is_same_v<Precision, F64>,
                                        TypeList<Naive, Adjoint, AdjointSeminorm, Aca, AcaStages, AcaBudget>,
                                        TypeList<Naive, AdjointSeminorm, AcaBudget>>;

template <class Precision, class Space>
using DeviceModel = DeviceFieldModel<NeuralMlpBatch<typename Precision::State, Space>, typename Precision::Time>;

template <class Gradient>
struct Driver {
  Communicator comm;
  NeuralMlp problem;
  Gradient gradient;

  Driver(MPI_Comm parent, Tableau const& tab, NeuralMlp const& of = net())
      : comm(Communicator::duplicate_of(parent)),
        problem(of),
        gradient(problem, tab, StepControl{.relative_tolerance = tolerance, .absolute_tolerance = tolerance},
                 BlockPartition(problem.samples(), problem.block_size(), comm.rank(), comm.size()), comm) {}
  GradientResult run() {
    gradient.run();
    return gradient.result();
  }
};
template <class Method, class Precision, class Space = Exec>
using DeviceDriver = Driver<FieldDriver<DeviceModel<Precision, Space>, Method>>;
template <class Method, class Precision>
using HostDriver = Driver<FieldGradient<NeuralMlp, Method, Exec, Precision>>;

double relative_distance(std::vector<double> const& x, std::vector<double> const& reference) {
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    difference += (x.at(i) - reference[i]) * (x.at(i) - reference[i]);
    size += reference[i] * reference[i];
  }
  return std::sqrt(difference / size);
}

template <class Precision>
class DeviceField : public ::testing::Test {};
TYPED_TEST_SUITE(DeviceField, tests::Typed<AllPrecisions>, tests::ByName);

template <class Method, class Precision>
void expect_the_gradient_of_the_host(Tableau const& tab) {
  // Ten steps of seven stages, forwards and backwards, through three layers with sums of 19 terms in another order:
  // some 10^4 roundings, if all went the same way.
  constexpr double roundings = 1e4, unit_round_off = std::is_same_v<Precision, F64> ? 0x1p-53 : 0x1p-24;
  constexpr double rounding = roundings * unit_round_off;

  GradientResult const host = HostDriver<Method, Precision>(MPI_COMM_SELF, tab).run(),
                       device = DeviceDriver<Method, Precision>(MPI_COMM_SELF, tab).run();

  ASSERT_EQ(host.status, SolveStatus::success) << Method::name;
  ASSERT_EQ(device.status, SolveStatus::success) << Method::name;
  EXPECT_EQ(device.work.accepted, host.work.accepted) << Method::name;
  EXPECT_EQ(device.work.rejected, host.work.rejected) << Method::name;
  EXPECT_EQ(device.work.rhs_forward, host.work.rhs_forward) << Method::name;
  EXPECT_EQ(device.work.vjp, host.work.vjp) << Method::name;
  EXPECT_EQ(device.checkpoint_bytes, host.checkpoint_bytes) << Method::name;
  EXPECT_LE(std::abs(device.loss - host.loss), rounding * host.loss) << Method::name;
  EXPECT_LE(relative_distance(device.final_state, host.final_state), rounding) << Method::name;
  EXPECT_LE(relative_distance(device.dloss_dy0, host.dloss_dy0), rounding) << Method::name;
  EXPECT_LE(relative_distance(device.dloss_dp, host.dloss_dp), rounding) << Method::name;
}

TYPED_TEST(DeviceField, has_the_gradient_of_the_host) {
  for_each_type(FieldMethods<TypeParam>{}, []<class Method>() {
    expect_the_gradient_of_the_host<Method, TypeParam>(tableau_of<DormandPrince54>);
    expect_the_gradient_of_the_host<Method, TypeParam>(tableau_of<HeunEuler21>);
  });
}

template <class Method, class Precision>
void expect_the_same_bits_on_all_ranks(NeuralMlp const& of) {
  DeviceDriver<Method, Precision> together(MPI_COMM_WORLD, tableau_of<DormandPrince54>, of);

  GradientResult const alone = DeviceDriver<Method, Precision>(MPI_COMM_SELF, tableau_of<DormandPrince54>, of).run(),
                       first = together.run(), second = together.run();

  EXPECT_EQ(first.status, SolveStatus::success) << Method::name;
  EXPECT_EQ(first.digest, alone.digest) << Method::name;
  EXPECT_EQ(second.digest, first.digest) << Method::name;
  EXPECT_EQ(first.loss, alone.loss) << Method::name;
}

TYPED_TEST(DeviceField, has_the_same_bits_for_any_number_of_ranks_and_in_every_run) {
  for_each_type(FieldMethods<TypeParam>{}, []<class Method>() {
    expect_the_same_bits_on_all_ranks<Method, TypeParam>(net());
    constexpr double two_blocks = 11.0;  // fewer than there are ranks
    expect_the_same_bits_on_all_ranks<Method, TypeParam>(net(two_blocks));
  });
}

#ifdef KOKKOS_ENABLE_SERIAL
TYPED_TEST(DeviceField, has_the_same_bits_on_every_space) {
  for_each_type(FieldMethods<TypeParam>{}, []<class Method>() {
    GradientResult const one = DeviceDriver<Method, TypeParam, Kokkos::Serial>(MPI_COMM_SELF, tableau_of<HeunEuler21>)
                                   .run(),
                         all = DeviceDriver<Method, TypeParam>(MPI_COMM_SELF, tableau_of<HeunEuler21>).run();

    EXPECT_EQ(all.digest, one.digest) << Method::name;
  });
}
#endif

TYPED_TEST(DeviceField, a_second_run_allocates_nothing) {
  for_each_type(FieldMethods<TypeParam>{}, []<class Method>() {
    DeviceDriver<Method, TypeParam> driver(MPI_COMM_WORLD, tableau_of<DormandPrince54>);
    driver.gradient.run();
    ToolCounts const before = MemoryTracker::instance().counts();

    driver.gradient.run();

    ToolCounts const after = MemoryTracker::instance().counts();
    EXPECT_EQ(after.allocations, before.allocations) << Method::name;
    EXPECT_EQ(after.deallocations, before.deallocations) << Method::name;
  });
}

TYPED_TEST(DeviceField, knows_its_bytes) {
  for_each_type(FieldMethods<TypeParam>{}, []<class Method>() {
    std::int64_t const before = MemoryTracker::instance().live_bytes(AllocationKind::solver);
    DeviceDriver<Method, TypeParam> driver(MPI_COMM_WORLD, tableau_of<DormandPrince54>);
    std::int64_t const measured = MemoryTracker::instance().live_bytes(AllocationKind::solver) - before;

    GradientResult const result = driver.run();

    EXPECT_EQ(result.arena_redos, 0) << "the arena was made anew, larger";
    constexpr std::int64_t rounding = 30 * 7;  // Kokkos rounds the bytes of each View of floats up to whole words
    EXPECT_NEAR(static_cast<double>(measured), static_cast<double>(result.model_bytes), rounding) << Method::name;
  });
}

}  // namespace
}  // namespace retrace
