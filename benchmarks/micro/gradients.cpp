#include "benchmarks/micro/registration.hpp"
#include "solvers/registry.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/problem_catalogue.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <string>

namespace retrace::micro {

namespace {

using benchmark::Counter;

struct GradientCase {
  ProblemDescription const* problem;
  std::string method, solver;
  bool may_end_early;  // integrates or steps what is unstable where the flow is stiff
  StepControl control;
  std::int64_t trajectories;  // of an ensemble
  Communicator const* comm;
};

void gradient(benchmark::State& state, GradientCase const& which) {
  Arguments arguments = Arguments::defaults(which.problem->arguments);
  if (which.problem->state == "ensemble") {
    // Short enough for the adjoint to find its way back: a chaotic or attracting system is unstable in reverse.
    constexpr double short_time = 0.5;
    arguments.numbers["n"] = static_cast<double>(which.trajectories);
    arguments.numbers["T"] = std::min(short_time, arguments.number("T"));
  }
  auto const instance = which.problem->make(arguments, *which.comm);
  auto const driver = instance->make_gradient({.method = which.method, .solver = which.solver}, which.control);
  driver->run();  // the arenas grow to their size here
  GradientResult const result = driver->result();
  if (result.status != SolveStatus::success) {
    std::string const ended(name_of(result.status));
    if (!which.may_end_early) return state.SkipWithError(ended.c_str());
    state.SetLabel("ends early: " + ended);  // diffusion backwards in time, or in the pair of a reversible scheme
  }
  for (auto _ : state) driver->run();

  // An evaluation of a field is one of the whole batch.
  auto const batch = static_cast<double>(instance->batch());
  auto const evaluations = static_cast<double>(result.work.rhs_forward + result.work.rhs_backward + result.work.vjp) *
                           (which.problem->state == "ensemble" ? 1.0 : batch);
  state.counters["trajectories/s"] = Counter(batch, Counter::kIsIterationInvariantRate);
  state.counters["f+vjp/s"] = Counter(evaluations, Counter::kIsIterationInvariantRate);
}

}  // namespace

void register_gradients(Communicator const& comm, std::int64_t trajectories) {
  for (ProblemDescription const& problem : problem_catalogue()) {
    for (MethodDescription const& of : method_catalogue()) {
      if (problem.state == "field" && !of.fields) continue;
      if (!of.solvers.empty()) continue;  // a library of its own
      std::string const method(of.name);
      for (auto const& [solver, tab] : tableau_catalogue()) {
        if (of.steps_with != nullptr && !of.steps_with(tab)) continue;
        GradientCase which{
            &problem,     method, std::string(solver), of.promise == Promise::consistent || of.reversible, {},
            trajectories, &comm};
        constexpr std::int64_t fixed_steps = 128;
        if (!tab.adaptive) which.control.fixed_steps = which.control.max_steps = fixed_steps;
        std::string const name = "gradient/" + std::string(problem.name) + "/" + method + "/" + which.solver;
        benchmark::RegisterBenchmark(name.c_str(), [which](benchmark::State& state) { gradient(state, which); })
            ->UseRealTime()  // of all threads
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

}  // namespace retrace::micro
