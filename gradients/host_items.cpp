#include "gradients/host_items.hpp"

namespace retrace {

template <class Exec>
void solve_items(Exec const& exec, std::int64_t items, ItemOnHost const& item) {
  if (items == 1) return item(0);
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Dynamic>, Kokkos::IndexType<std::int64_t>>;
  Policy policy(exec, 0, items);
  policy.set_chunk_size(1);
  Kokkos::parallel_for("retrace::ensemble::gradient", policy, item);
}

std::int64_t most_records_on_host(std::int64_t first, std::int64_t end, MostRecords const& among) {
  std::int64_t most = 0;
  for (std::int64_t i = first; i < end; ++i) among(i, most);
  return most;
}

#ifdef KOKKOS_ENABLE_SERIAL
template void solve_items(Kokkos::Serial const&, std::int64_t, ItemOnHost const&);
#endif
#ifdef KOKKOS_ENABLE_OPENMP
template void solve_items(Kokkos::OpenMP const&, std::int64_t, ItemOnHost const&);
#endif

}  // namespace retrace
