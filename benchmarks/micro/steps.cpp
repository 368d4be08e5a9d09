#include "benchmarks/micro/registration.hpp"
#include "gradients/step_adjoint.hpp"
#include "problems/registry.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/registry.hpp"

#include <benchmark/benchmark.h>
#include <string>

namespace retrace::micro {

namespace {

using benchmark::Counter;

/// The first trajectory of an ensemble of one, and a step of a thousandth of its time span.
template <EnsembleProblem Problem>
struct FirstStep {
  using Model = EnsembleModel<Problem, double>;
  Model model{};
  typename Model::State y{};
  StepSpan<double> span{};

  FirstStep() {
    Problem const problem(Arguments::defaults(Problem::arguments()));
    model.p = problem.parameter_values(0);
    y = problem.initial_state(0);
    double const h = (problem.t1 - problem.t0) / 1000.0;
    span = {problem.t0, h, problem.t0 + h};
  }
};

template <class Problem>
void step(benchmark::State& state, Tableau const& tab) {
  FirstStep<Problem> first;
  StepWorkspace<typename FirstStep<Problem>::Model> work(tab, first.model);
  for (auto _ : state) {
    benchmark::DoNotOptimize(first.y);  // else everything could be computed once, before the loop
    first.model.rhs(first.span.t, first.y, work.k[0]);
    rk_step(tab, first.model, first.span, first.y, work);
    benchmark::DoNotOptimize(work.y_new);
    benchmark::DoNotOptimize(work.k);  // a controller wants the last stage, too
  }
  state.counters["steps/s"] = Counter(1.0, Counter::kIsIterationInvariantRate);
  state.counters["f/s"] = Counter(tab.stages, Counter::kIsIterationInvariantRate);
}

template <class Problem>
void step_vjp(benchmark::State& state, Tableau const& tab) {
  using Model = typename FirstStep<Problem>::Model;
  int const last = tab.last_used_stage;
  FirstStep<Problem> first;
  StepWorkspace<Model> work(tab, first.model);
  StepAdjointWorkspace<Model> reverse(first.model, last, last - 1);
  replay_stages(tab, last, first.model, first.span, first.y, work.k, reverse);
  auto const seed = Problem::loss_gradient(first.y);
  for (auto _ : state) {
    auto lambda = seed;
    auto p_bar = first.model.make_parameters("retrace::micro::p_bar");
    benchmark::DoNotOptimize(lambda);
    benchmark::DoNotOptimize(reverse.arguments);
    reverse_step(tab, last, first.model, first.span, lambda, p_bar, reverse);
    benchmark::DoNotOptimize(lambda);
    benchmark::DoNotOptimize(p_bar);
  }
  state.counters["steps/s"] = Counter(1.0, Counter::kIsIterationInvariantRate);
  state.counters["vjp/s"] = Counter(last, Counter::kIsIterationInvariantRate);
}

}  // namespace

void register_steps() {
  for_each_type(AllEnsembleProblems{}, []<class Problem>() {
    for (auto const& [solver, tab] : tableau_catalogue()) {
      std::string const pair = std::string(Problem::name) + "/" + std::string(solver);
      benchmark::RegisterBenchmark(("step/" + pair).c_str(), step<Problem>, tab);
      benchmark::RegisterBenchmark(("step_vjp/" + pair).c_str(), step_vjp<Problem>, tab);
    }
  });
}

}  // namespace retrace::micro
