#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace retrace {

/// A work item of any kernel, its type forgotten: one of an ensemble is a whole solve, beside which a call is nothing.
struct ItemOnHost {
  void const* kernel;
  void (*solve)(void const* kernel, std::int64_t item);

  void operator()(std::int64_t item) const { solve(kernel, item); }
};

/// The largest number of records that a trajectory asked for.
struct MostRecords {
  std::int64_t const* records;
  KOKKOS_FUNCTION void operator()(std::int64_t i, std::int64_t& most) const {
    most = records[i] > most ? records[i] : most;
  }
};

/// Items 0 … items - 1 on a host execution space, by whichever thread is free; one alone on the calling thread, since a
/// parallel region would be a tenth of a single small gradient.
template <class Exec>
void solve_items(Exec const& exec, std::int64_t items, ItemOnHost const& item);

/// The largest of records[first] … records[end - 1], which lie where `Exec` can read them.
template <class Exec>
[[nodiscard]] std::int64_t most_records(Exec const& exec, std::int64_t first, std::int64_t end,
                                        MostRecords const& among) {
  std::int64_t most = 0;
  Kokkos::parallel_reduce("retrace::ensemble::needed_records",
                          Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(exec, first, end), among,
                          Kokkos::Max<std::int64_t>(most));
  return most;
}
/// The same on a host, in a plain loop: it is short beside the solves.
[[nodiscard]] std::int64_t most_records_on_host(std::int64_t first, std::int64_t end, MostRecords const& among);

// Compiled once, not in the unit of every problem.
#ifdef KOKKOS_ENABLE_SERIAL
extern template void solve_items(Kokkos::Serial const&, std::int64_t, ItemOnHost const&);
#endif
#ifdef KOKKOS_ENABLE_OPENMP
extern template void solve_items(Kokkos::OpenMP const&, std::int64_t, ItemOnHost const&);
#endif

}  // namespace retrace
