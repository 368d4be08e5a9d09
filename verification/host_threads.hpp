#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <exception>
#include <mutex>
#include <vector>

namespace retrace {

/// `compute(i)` for i < count on the host's threads: references of an ensemble for a GPU would take one thread hours.
/// The first exception that comes is thrown on when all are done.
template <class Result, class Compute>
[[nodiscard]] std::vector<Result> computed_on_threads(std::int64_t count, Compute const& compute) {
  using Exec = Kokkos::DefaultHostExecutionSpace;
  std::vector<Result> each(static_cast<std::size_t>(count));
  std::exception_ptr failure;
  std::mutex failure_mutex;
  Kokkos::parallel_for(
      "retrace::reference::each_trajectory",
      Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Dynamic>, Kokkos::IndexType<std::int64_t>>(0, count),
      [&](std::int64_t i) {
        try {
          each[static_cast<std::size_t>(i)] = compute(i);
        } catch (...) {
          std::lock_guard const lock(failure_mutex);
          failure = std::current_exception();
        }
      });
  Exec().fence("retrace::reference: the trajectories are gathered next");
  if (failure) std::rethrow_exception(failure);
  return each;
}

}  // namespace retrace
