// How far the gradient of a field is from what its matrix products alone cost: one run measures the rate of every
// product of `neural_mlp` at the shapes of a block, then the gradient by ACA, in turn and several times, in single,
// double and mixed precision, on one thread and on all that OMP_NUM_THREADS gives.
//
// Bound, per gradient of N accepted and R rejected steps of a scheme with s stages of which the last s' - 1 … 1 are
// replayed: (evaluations of f, forward and replayed) x (products of f) + N x (products of f without the last layer: the
// stage that is not replayed) + N s' x (input adjoint and weight gradient of every layer), as counted by the gradient
// itself, each at the time measured for its shape, shared evenly among the threads.
#include "gradients/aca.hpp"
#include "gradients/field_gradient.hpp"
#include "problems/neural_mlp.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"

#include <Kokkos_Core.hpp>

#include <mpi.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace retrace;
using Clock = std::chrono::steady_clock;

struct Plan {
  std::vector<std::int64_t> widths{64, 256, 256, 64};
  std::int64_t batch = 512, block = 0, repetitions = 7;
  double tolerance = 1e-5;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}
double median(std::vector<double> x) {
  std::ranges::sort(x);
  return x[x.size() / 2];
}

/// One product of a block: C = op(A) op(B), on operands of its own for each thread.
template <class T>
struct Product {
  matrix::Op op_a, op_b;
  std::int64_t m, n, k;
  matrix::Into into;

  [[nodiscard]] double flops() const { return 2.0 * static_cast<double>(m * n) * static_cast<double>(k); }
  /// Seconds of one product, while every thread of `Exec` computes its own.
  template <class Exec>
  [[nodiscard]] double seconds() const {
    Exec const exec;
    std::int64_t const threads = exec.concurrency();
    Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace> a("a", threads, m * k), b("b", threads, k * n),
        c("c", threads, m * n);
    Kokkos::deep_copy(a, T(0.01));
    Kokkos::deep_copy(b, T(0.01));
    auto const run = [&](int passes) {
      auto const start = Clock::now();
      Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Static>, Kokkos::IndexType<std::int64_t>> policy(exec, 0,
                                                                                                          threads);
      Kokkos::parallel_for("retrace::field_bound::product", policy.set_chunk_size(1), [&](std::int64_t thread) {
        for (int pass = 0; pass < passes; ++pass)
          matrix::multiply(op_a, op_b, m, n, k, &a(thread, 0), &b(thread, 0), into, &c(thread, 0));
      });
      exec.fence("retrace::field_bound: all products are done when the clock stops");
      return seconds_since(start) / passes;
    };
    constexpr double enough = 0.02;
    int const passes = std::max(1, static_cast<int>(enough / run(3)));
    return run(passes);
  }
};

/// The products of all layers: seconds of one block of each kind.
struct BlockSeconds {
  double rhs = 0.0, rhs_without_last = 0.0, input_adjoint = 0.0, weight_gradient = 0.0;
};
template <class Exec, class T>
[[nodiscard]] BlockSeconds block_seconds(std::vector<std::int64_t> const& widths, std::int64_t samples) {
  using matrix::Into, matrix::Op;
  BlockSeconds sum;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    std::int64_t const in = widths[l], out = widths[l + 1];
    double const forward = Product<T>{Op::plain, Op::plain, out, samples, in, Into::set}.template seconds<Exec>();
    sum.rhs += forward;
    if (l + 2 < widths.size()) sum.rhs_without_last += forward;
    sum.input_adjoint += Product<T>{Op::transposed, Op::plain, in, samples, out, Into::set}.template seconds<Exec>();
    sum.weight_gradient += Product<T>{Op::plain, Op::transposed, out, in, samples, Into::add}.template seconds<Exec>();
  }
  return sum;
}

template <class Exec, class Precision>
void measure(Plan const& plan, Communicator const& comm) {
  using T = typename Precision::State;
  Arguments arguments = Arguments::defaults(NeuralMlp::arguments());
  arguments.lists["widths"] = plan.widths;
  arguments.numbers["n"] = static_cast<double>(plan.batch);
  arguments.numbers["block"] = static_cast<double>(plan.block);
  NeuralMlp const problem(arguments);
  StepControl control;
  control.relative_tolerance = control.absolute_tolerance = plan.tolerance;
  BlockPartition const blocks(problem.samples(), problem.block_size(), 0, 1);
  FieldGradient<NeuralMlp, Aca, Exec, Precision> driver(problem, tableau_of<DormandPrince54>, control, blocks, comm);
  driver.run();
  GradientResult const result = driver.result();
  WorkCounts const& work = result.work;
  if (result.status != SolveStatus::success) {
    std::cout << Precision::name << ": " << name_of(result.status) << '\n';
    return;
  }

  double const threads = static_cast<double>(Exec().concurrency());
  double const share = static_cast<double>(problem.samples()) / static_cast<double>(problem.block_size()) / threads;
  double weights = 0.0;
  for (std::size_t l = 0; l + 1 < plan.widths.size(); ++l)
    weights += static_cast<double>(plan.widths[l] * plan.widths[l + 1]);
  double const flops = 2.0 * weights * static_cast<double>(problem.block_size()) * threads * 1e-9;
  std::vector<double> bounds, times, rates_rhs, rates_input, rates_weight;
  for (std::int64_t repetition = 0; repetition < plan.repetitions; ++repetition) {
    BlockSeconds const s = block_seconds<Exec, T>(plan.widths, problem.block_size());
    bounds.push_back(share * (static_cast<double>(work.rhs_forward + work.rhs_backward) * s.rhs +
                              static_cast<double>(work.accepted) * s.rhs_without_last +
                              static_cast<double>(work.vjp) * (s.input_adjoint + s.weight_gradient)));
    rates_rhs.push_back(flops / s.rhs);
    rates_input.push_back(flops / s.input_adjoint);
    rates_weight.push_back(flops / s.weight_gradient);
    auto const start = Clock::now();
    driver.run();
    times.push_back(seconds_since(start));
  }
  double const bound = median(bounds), time = median(times);
  std::printf("%-5s %7.0f %5lld  %4lld+%lld %10.1f %12.1f %12.1f %12.2f %12.2f %8.3f %8.3f\n", Precision::name.data(),
              threads, static_cast<long long>(problem.block_size()), static_cast<long long>(work.accepted),
              static_cast<long long>(work.rejected), median(rates_rhs), median(rates_input), median(rates_weight),
              1e3 * bound, 1e3 * time, time / bound,
              *std::ranges::min_element(times) / *std::ranges::min_element(bounds));
}

/// `--name=number` into `value`; false for anything else.
bool take(std::string_view argument, std::string_view name, std::int64_t& value) {
  if (!argument.starts_with(name)) return false;
  char const *const begin = argument.data() + name.size(), *const end = argument.data() + argument.size();
  auto const [next, error] = std::from_chars(begin, end, value);
  return error == std::errc{} && next == end && value >= 0;
}

int run(std::vector<std::string_view> const& options) {
  Plan plan;
  for (std::string_view const option : options) {
    if (!take(option, "--batch=", plan.batch) && !take(option, "--block=", plan.block) &&
        !take(option, "--repetitions=", plan.repetitions)) {
      std::cerr << "usage: retrace_field_bound [--batch=512] [--block=0] [--repetitions=7]\n";
      return 2;
    }
  }
  Communicator const comm = Communicator::duplicate_of(MPI_COMM_SELF);
  std::printf("ACA, dormand_prince54 at %g, batch %lld; GFLOP/s of all threads; medians, last: least over least\n%s\n",
              plan.tolerance, static_cast<long long>(plan.batch),
              "      threads block  steps   f products input adjoints weight grads     bound ms      time ms    ratio "
              " least/least");
#ifdef KOKKOS_ENABLE_SERIAL
  measure<Kokkos::Serial, F64>(plan, comm);
  measure<Kokkos::Serial, F32>(plan, comm);
  measure<Kokkos::Serial, Mixed>(plan, comm);
#endif
#ifdef KOKKOS_ENABLE_OPENMP
  measure<Kokkos::OpenMP, F64>(plan, comm);
  measure<Kokkos::OpenMP, F32>(plan, comm);
  measure<Kokkos::OpenMP, Mixed>(plan, comm);
#endif
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0, code = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  {
    Kokkos::ScopeGuard const kokkos(argc, argv);
    code = run({argv + 1, argv + argc});
  }
  MPI_Finalize();
  return code;
}
