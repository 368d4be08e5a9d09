// Micro benchmarks, for work on single kernels; Google Benchmark measures and prints. No result is verified here, and
// no number from here belongs into a comparison of methods: that is what `retrace run` is for.
#include "benchmarks/micro/registration.hpp"

#include <Kokkos_Core.hpp>

#include <mpi.h>

#include <benchmark/benchmark.h>
#include <charconv>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace retrace;

constexpr std::string_view trajectories_option = "--trajectories=";

/// Takes `--trajectories=N` out of the arguments; 0 if it is not a positive number, 256 if it is not there.
std::int64_t take_trajectories(std::vector<char*>& arguments) {
  std::int64_t trajectories = 256;
  std::erase_if(arguments, [&](char const* argument) {
    std::string_view const text(argument);
    if (!text.starts_with(trajectories_option)) return false;
    char const *const begin = text.data() + trajectories_option.size(), *const end = text.data() + text.size();
    auto const [next, error] = std::from_chars(begin, end, trajectories);
    if (error != std::errc{} || next != end || trajectories < 1) trajectories = 0;
    return true;
  });
  return trajectories;
}

int run(std::vector<char*> arguments) {
  int ranks = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  std::int64_t const trajectories = take_trajectories(arguments);
  if (ranks > 1 || trajectories == 0) {
    std::cerr << (ranks > 1 ? "retrace_microbench: runs on one rank\n"
                            : "retrace_microbench: --trajectories= wants a positive number\n");
    return 2;
  }
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  benchmark::AddCustomContext("threads", std::to_string(Kokkos::DefaultHostExecutionSpace().concurrency()));
  benchmark::AddCustomContext("trajectories", std::to_string(trajectories));
  Communicator const comm = Communicator::duplicate_of(MPI_COMM_SELF);
  micro::register_ensembles(comm);
  micro::register_steps();
  micro::register_gradients(comm, trajectories);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0, code = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  {
    Kokkos::ScopeGuard const kokkos(argc, argv);
    code = run({argv, argv + argc});
  }
  MPI_Finalize();
  return code;
}
