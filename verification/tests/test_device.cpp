// Every gradient on the device against the same on one thread of the host. Skipped in builds without a device.
#include "core/error.hpp"
#include "core/precision.hpp"
#include "gradients/registry.hpp"
#include "verification/execution_spaces.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/tests/instances.hpp"
#include "verification/vector_error.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <string>
#include <tuple>

namespace retrace {
namespace {

using tests::control_with;

bool in_this_build(std::string_view name) {
  auto const all = backends();
  return std::ranges::find(all, name, &Backend::name) != all.end();
}

GradientResult gradient_on(std::string_view backend, ProblemInstance const& problem, GradientChoice choice,
                           StepControl const& control) {
  choice.backend = backend;
  auto const driver = problem.make_gradient(choice, control);
  driver->run();
  return driver->result();
}

/// Every operation of a gradient is rounded alike on host and device, where the host has a fused multiply-add: no bit
/// should differ. Where it has none, the roundings of some hundred steps do.
constexpr double allowed_round_offs = 1e4;

double tolerance_of(std::string_view precision) {
  constexpr double in_double = 0x1p-53, in_single = 0x1p-24;
  return allowed_round_offs * (precision == F64::name ? in_double : in_single);
}

void expect_same_gradient(GradientResult const& device, GradientResult const& host, double tolerance) {
  ASSERT_EQ(host.status, SolveStatus::success);
  EXPECT_EQ(device.status, SolveStatus::success);
  EXPECT_EQ(device.work.accepted, host.work.accepted);
  EXPECT_EQ(device.work.rejected, host.work.rejected);
  EXPECT_EQ(device.work.rhs_forward, host.work.rhs_forward);
  EXPECT_EQ(device.work.rhs_backward, host.work.rhs_backward);
  EXPECT_EQ(device.work.vjp, host.work.vjp);
  EXPECT_EQ(device.work.reverse_accepted, host.work.reverse_accepted);
  EXPECT_EQ(device.work.reverse_rejected, host.work.reverse_rejected);
  EXPECT_EQ(device.work.graph_depth, host.work.graph_depth);
  EXPECT_LE(relative_l2(device.final_state, host.final_state), tolerance);
  EXPECT_LE(relative_l2(device.dloss_dy0, host.dloss_dy0), tolerance);
  EXPECT_LE(relative_l2(device.dloss_dp, host.dloss_dp), tolerance);
}

struct Ensemble {
  std::string_view problem;
  double end_time;
};
/// Long enough for arenas to overflow once, short enough for the adjoint to come back.
constexpr Ensemble ensembles[] = {
    {"linear", 4.0},   {"van_der_pol", 6.0}, {"van_der_pol_paper", 6.0}, {"van_der_pol_forced", 4.0},
    {"lorenz63", 0.5}, {"three_body", 0.5}};

class Device : public ::testing::TestWithParam<std::tuple<Ensemble, std::string>> {};

TEST_P(Device, has_the_gradients_of_the_host) {
  if (!in_this_build("cuda")) GTEST_SKIP() << "this build of Kokkos has no CUDA; docs/gpu.md says how to make one";
  auto const& [ensemble, precision] = GetParam();
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  constexpr double odd_number = 101;  // not a whole number of warps
  auto const problem =
      tests::make_instance(ensemble.problem, self, {.numbers = {{"n", odd_number}, {"T", ensemble.end_time}}});
  int same_bits = 0, compared = 0;

  for (std::string const& solver : tests::adaptive_solvers()) {
    for (MethodDescription const& of : method_catalogue()) {
      if (of.double_only && precision != F64::name) continue;
      if (of.steps_with != nullptr && !of.steps_with(tableau_named(solver))) continue;
      std::string const method(of.name);
      SCOPED_TRACE(method + " " + solver);
      GradientChoice const choice{.method = method, .solver = solver, .precision = precision};
      StepControl const control = control_with(precision == F64::name ? 1e-6 : 1e-4);
      GradientResult const host = gradient_on("serial", *problem, choice, control),
                           device = gradient_on("cuda", *problem, choice, control);
      expect_same_gradient(device, host, tolerance_of(precision));
      same_bits += device.digest == host.digest ? 1 : 0;
      ++compared;
    }
  }
  RecordProperty("same_bits", std::to_string(same_bits) + " of " + std::to_string(compared));
}

INSTANTIATE_TEST_SUITE_P(Ensembles, Device,
                         ::testing::Combine(::testing::ValuesIn(ensembles),
                                            ::testing::ValuesIn(names_of(AllPrecisions{}))),
                         [](auto const& one) {
                           return std::string(std::get<0>(one.param).problem) + "_" + std::get<1>(one.param);
                         });

class DeviceField : public ::testing::TestWithParam<std::string> {};

// Products are a library's, in an order of its own; all else is the host's. The number of steps may not differ at this
// tolerance, since no error norm of these cases is within some roundings of 1.
TEST_P(DeviceField, has_the_gradients_of_the_host_and_the_same_bits_again) {
  if (!in_this_build("cuda")) GTEST_SKIP() << "this build of Kokkos has no CUDA; docs/gpu.md says how to make one";
  std::string const& precision = GetParam();
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = tests::make_instance(  // seven blocks, the last one shorter
      "neural_mlp", self, {.numbers = {{"n", 217}, {"block", 33}}, .lists = {{"widths", {24, 72, 65, 24}}}});

  for (std::string const& solver : tests::adaptive_solvers()) {
    for (MethodDescription const& of : method_catalogue()) {
      if (!of.fields || !of.solvers.empty()) continue;  // a library's methods stay on the host
      if (of.double_only && precision != F64::name) continue;
      if (of.steps_with != nullptr && !of.steps_with(tableau_named(solver))) continue;
      std::string const method(of.name);
      SCOPED_TRACE(method + " " + solver);
      GradientChoice const choice{.method = method, .solver = solver, .precision = precision};
      StepControl const control = control_with(precision == F64::name ? 1e-6 : 1e-4);
      GradientResult const host = gradient_on("serial", *problem, choice, control),
                           device = gradient_on("cuda", *problem, choice, control),
                           again = gradient_on("cuda", *problem, choice, control);
      expect_same_gradient(device, host, tolerance_of(precision));
      EXPECT_EQ(again.digest, device.digest);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, DeviceField, ::testing::ValuesIn(names_of(AllPrecisions{})),
                         [](auto const& one) { return one.param; });

TEST(DeviceBackend, is_refused_where_the_build_has_none) {
  if (in_this_build("cuda")) GTEST_SKIP() << "this build has one";
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  GradientChoice const choice{.method = "aca", .solver = "dormand_prince54", .backend = "cuda"};
  for (std::string_view const problem : {"linear", "neural_mlp"})
    EXPECT_THROW((void)tests::make_instance(problem, self)->make_gradient(choice, control_with(1e-3)), UsageError);
}

}  // namespace
}  // namespace retrace
