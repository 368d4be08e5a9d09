// What packs are worth, and what the suite adds to a single gradient: the measurements of docs/performance.md.
#include "benchmarks/micro/plain_three_body.hpp"
#include "benchmarks/micro/registration.hpp"
#include "gradients/ensemble_gradient.hpp"
#include "gradients/registry.hpp"
#include "problems/lorenz63.hpp"
#include "problems/three_body.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"
#include "verification/problem_catalogue.hpp"

#include <benchmark/benchmark.h>
#include <cmath>
#include <memory>
#include <string>

namespace retrace::micro {

namespace {

using Exec = Kokkos::DefaultHostExecutionSpace;

template <class Problem>
Problem problem_of(std::int64_t trajectories) {
  Arguments arguments = Arguments::defaults(Problem::arguments());
  arguments.numbers["n"] = static_cast<double>(trajectories);
  return Problem(arguments);
}

template <class Problem, class Precision, int W>
void solve(benchmark::State& state, Communicator const& comm, std::int64_t trajectories, double tolerance) {
  auto const problem = problem_of<Problem>(trajectories);
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = tolerance;
  EnsembleGradient<Problem, Aca, Exec, Precision, W> driver(problem, tableau_of<DormandPrince54>, control,
                                                            BlockPartition(trajectories, 16, 0, 1), comm);
  driver.run();  // finds the size of the arena
  for (auto _ : state) driver.run();
  GradientResult const result = driver.result();
  if (result.status != SolveStatus::success) state.SkipWithError("the solve failed");
  state.counters["steps"] = static_cast<double>(result.work.accepted) / static_cast<double>(trajectories);
  state.counters["trajectories/s"] =
      benchmark::Counter(static_cast<double>(trajectories), benchmark::Counter::kIsIterationInvariantRate);
}

template <class Precision, int W>
void register_width(Communicator const& comm, double tolerance) {
  std::string const name =
      "width/lorenz63/aca/dormand_prince54/" + std::string(Precision::name) + "/" + std::to_string(W);
  benchmark::RegisterBenchmark(
      name.c_str(),
      [&comm, tolerance](benchmark::State& state) { solve<Lorenz63, Precision, W>(state, comm, 10240, tolerance); })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

constexpr double three_body_tolerance = 1e-8;

/// One trajectory of three_body as a case of the suite gets it.
std::unique_ptr<GradientDriver> suite_gradient(Communicator const& comm) {
  ProblemDescription const& problem = find_problem("three_body");
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = three_body_tolerance;
  Arguments arguments = Arguments::defaults(problem.arguments);
  arguments.numbers["n"] = 1.0;
  return problem.make(arguments, comm)->make_gradient({.method = "aca", .solver = "dormand_prince54"}, control);
}

void through_the_suite(benchmark::State& state, Communicator const& comm) {
  auto const driver = suite_gradient(comm);
  driver->run();  // finds the size of the arena
  for (auto _ : state) driver->run();
  state.counters["steps"] = static_cast<double>(driver->result().work.accepted);
}

/// The work item alone: no driver around it, no launch, no look at what it asked for.
void item_alone(benchmark::State& state, Communicator const& comm) {
  using Kernel = EnsembleKernel<ThreeBody, Aca, F64, 1>;
  auto const problem = problem_of<ThreeBody>(1);
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = three_body_tolerance;
  Tableau const& tab = tableau_of<DormandPrince54>;
  RecordShape const shape = Aca::record_shape(tab, control);
  constexpr std::int64_t capacity = 1024;
  BlockPartition const alone(1, 1, 0, 1);
  EnsembleStorage<double, double, Kokkos::HostSpace> storage(
      {.dimension = Kernel::N, .parameters = Kernel::P, .shape = shape}, alone, comm);
  storage.enlarge(capacity);
  Kernel const kernel{problem, tab, shape, control, 0, 0, 1, capacity, 1, storage.arrays()};
  for (auto _ : state) Kernel::solve_one(&kernel, 0);
  state.counters["steps"] = static_cast<double>(storage.result().work.accepted);
}

void plain(benchmark::State& state, Communicator const& comm) {
  auto const driver = suite_gradient(comm);
  driver->run();
  PlainGradient gradient = plain_three_body_gradient(three_body_tolerance);
  // Two roundings of the same number over 204 steps, which the problem amplifies 58 times.
  constexpr double round_off = 1e-10;
  if (std::abs(gradient.dloss_dp[0] - driver->result().dloss_dp[0]) > round_off)
    state.SkipWithError("the plain loop computes another gradient");
  for (auto _ : state) benchmark::DoNotOptimize(gradient = plain_three_body_gradient(three_body_tolerance));
  state.counters["steps"] = static_cast<double>(gradient.steps);
}

}  // namespace

void register_ensembles(Communicator const& comm) {
  register_width<F64, 1>(comm, 1e-6);
  register_width<F64, 4>(comm, 1e-6);
  register_width<F64, 8>(comm, 1e-6);
  register_width<F32, 16>(comm, 1e-5);
  register_width<Mixed, 8>(comm, 1e-5);
  benchmark::RegisterBenchmark("single/three_body/aca/plain_loop",
                               [&comm](benchmark::State& state) { plain(state, comm); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("single/three_body/aca/work_item",
                               [&comm](benchmark::State& state) { item_alone(state, comm); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("single/three_body/aca/retrace",
                               [&comm](benchmark::State& state) { through_the_suite(state, comm); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace retrace::micro
