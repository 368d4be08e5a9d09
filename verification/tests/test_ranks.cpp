// The same bits on any number of ranks and threads: every method's digest on the ranks of the world against the one of
// this process alone.
#include "gradients/registry.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/tests/instances.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <tuple>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;

struct Distributed {
  std::string_view problem;
  tests::Changes changes;
};

/// Odd sizes; some have fewer blocks than there are ranks, so that ranks without work take part.
std::vector<Distributed> const problems{
    {"lorenz63", {.numbers = {{"n", 50.0}, {"T", 0.5}}}},  // backwards in time it is too stiff for more
    {"three_body", {.numbers = {{"n", 5.0}}}},
    {"neural_mlp", {.numbers = {{"n", 37.0}, {"block", 4.0}}, .lists = {{"widths", {5, 11, 5}}}}},
    {"neural_mlp", {.numbers = {{"n", 5.0}, {"block", 4.0}}, .lists = {{"widths", {3, 7, 3}}}}},
    // Products large enough for a library to cut them into panels.
    {"neural_mlp", {.numbers = {{"n", 231.0}, {"block", 33.0}}, .lists = {{"widths", {24, 72, 65, 24}}}}},
};

using Case = std::tuple<std::size_t, std::string, std::string, std::string>;
class Ranks : public ::testing::TestWithParam<Case> {};

std::string name_of_case(::testing::TestParamInfo<Case> const& info) {
  auto const& [problem, method, solver, backend] = info.param;
  return std::string(problems[problem].problem) + std::to_string(problem) + "_" + method + "_" + solver + "_" + backend;
}

TEST_P(Ranks, leave_no_trace_in_the_bits) {
  auto const& [index, method, scheme, backend] = GetParam();
  auto const& [name, changes] = problems[index];
  MethodDescription const& described = *std::ranges::find(method_catalogue(), method, &MethodDescription::name);
  if (!described.fields && name == "neural_mlp") GTEST_SKIP() << "a method for ensembles";
  std::string const solver = described.steps_with != nullptr ? std::string(MidpointEuler21::name) : scheme;
  Communicator const world = Communicator::duplicate_of(MPI_COMM_WORLD),
                     self = Communicator::duplicate_of(MPI_COMM_SELF);
  StepControl const control = control_with(1e-5);

  GradientResult const alone =
      gradient_of(*tests::make_instance(name, self, changes), method, solver, control, "serial");
  GradientResult const together =
      gradient_of(*tests::make_instance(name, world, changes), method, solver, control, backend);

  ASSERT_EQ(alone.status, SolveStatus::success);
  EXPECT_EQ(together.status, SolveStatus::success);
  EXPECT_EQ(together.digest, alone.digest);
  EXPECT_EQ(together.loss, alone.loss);
  EXPECT_EQ(together.dloss_dp, alone.dloss_dp);
  EXPECT_EQ(together.work.accepted, alone.work.accepted);
  EXPECT_EQ(together.work.rejected, alone.work.rejected);
  EXPECT_EQ(together.work.rhs_forward, alone.work.rhs_forward);
  EXPECT_EQ(together.work.vjp, alone.work.vjp);
  EXPECT_EQ(together.work.jvp, alone.work.jvp);
  // Every rank of a field keeps the times and sizes of all steps.
  if (name != "neural_mlp") {
    EXPECT_EQ(together.tape_bytes, alone.tape_bytes);
  }
  EXPECT_EQ(together.work.reverse_accepted, alone.work.reverse_accepted);
  EXPECT_EQ(together.work.reverse_rejected, alone.work.reverse_rejected);
  EXPECT_EQ(together.work.graph_depth, alone.work.graph_depth);
}

INSTANTIATE_TEST_SUITE_P(Everything, Ranks,
                         ::testing::Combine(::testing::Range<std::size_t>(0, problems.size()),
                                            ::testing::ValuesIn(names_of(AllGradientMethods{})),
                                            ::testing::Values("bogacki_shampine32", "dormand_prince54"),
                                            ::testing::Values("serial", "openmp")),
                         name_of_case);

}  // namespace
}  // namespace retrace
