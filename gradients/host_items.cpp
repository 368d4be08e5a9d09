#include "gradients/host_items.hpp"

namespace retrace {

#ifdef KOKKOS_ENABLE_SERIAL
template void solve_items(Kokkos::Serial const&, std::int64_t, ItemOnHost const&);
template std::int64_t most_records(Kokkos::Serial const&, std::int64_t, std::int64_t, MostRecords const&);
#endif
#ifdef KOKKOS_ENABLE_OPENMP
template void solve_items(Kokkos::OpenMP const&, std::int64_t, ItemOnHost const&);
template std::int64_t most_records(Kokkos::OpenMP const&, std::int64_t, std::int64_t, MostRecords const&);
#endif

}  // namespace retrace
