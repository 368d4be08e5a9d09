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

/// Items 0 … items - 1 on a host execution space, by whichever thread is free.
template <class Exec>
void solve_items(Exec const& exec, std::int64_t items, ItemOnHost const& item) {
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Dynamic>, Kokkos::IndexType<std::int64_t>>;
  Policy policy(exec, 0, items);
  policy.set_chunk_size(1);
  Kokkos::parallel_for("retrace::ensemble::gradient", policy, item);
}

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

// Compiled once, not in the unit of every problem.
#ifdef KOKKOS_ENABLE_SERIAL
extern template void solve_items(Kokkos::Serial const&, std::int64_t, ItemOnHost const&);
extern template std::int64_t most_records(Kokkos::Serial const&, std::int64_t, std::int64_t, MostRecords const&);
#endif
#ifdef KOKKOS_ENABLE_OPENMP
extern template void solve_items(Kokkos::OpenMP const&, std::int64_t, ItemOnHost const&);
extern template std::int64_t most_records(Kokkos::OpenMP const&, std::int64_t, std::int64_t, MostRecords const&);
#endif

}  // namespace retrace
