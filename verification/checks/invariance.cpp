#include "verification/checks/declarations.hpp"
#include "verification/execution_spaces.hpp"

#include <Kokkos_Core.hpp>

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace retrace::checks {

namespace {

CheckResult same_digest(std::string_view name, std::string const& one, std::string const& other, std::string reason) {
  return at_most(name, one == other ? 0.0 : 1.0, 0.0, std::move(reason));
}

}  // namespace

/// Every rank solves the whole problem alone.
CheckResult rank_invariance(CheckedGradient const& g) {
  if (g.comm.size() == 1) return skipped("one rank");
  if (!g.make_problem) return skipped("the problem cannot be made again");
  Communicator const alone = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const problem = g.make_problem(alone);
  auto const driver = problem->make_gradient(g.choice, g.control);
  driver->run();
  bool const differs = driver->result().digest != g.result.digest;
  return at_most("rank_invariance", static_cast<double>(g.comm.all_sum(std::int64_t{differs ? 1 : 0})), 0.0,
                 fmt::format("ranks that get other bits alone than {} ranks together", g.comm.size()));
}

CheckResult thread_invariance(CheckedGradient const& g) {
  if (g.choice.backend == "serial") return skipped("one thread");
  if (g.choice.backend == "cuda") return skipped("on a device");
  int const threads = Kokkos::DefaultHostExecutionSpace().concurrency();
  if (threads == 1) return skipped("one thread");
  bool const has_serial = std::ranges::any_of(backends(), [](Backend const& b) { return b.name == "serial"; });
  if (!has_serial) return skipped("this build of Kokkos has no serial backend to compare with");
  GradientChoice choice = g.choice;
  choice.backend = "serial";
  auto const driver = g.problem.make_gradient(choice, g.control);
  driver->run();
  return same_digest("thread_invariance", driver->result().digest, g.result.digest,
                     fmt::format("one thread has the digest of {} threads", threads));
}

}  // namespace retrace::checks
