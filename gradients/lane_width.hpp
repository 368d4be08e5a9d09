#pragma once

#include "core/lanes.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>

namespace retrace {

namespace detail {
#if defined(KOKKOS_ENABLE_HIP)
// hipcc reads vector extensions differently, and compiles the host's part too; with CUDA another compiler does.
inline constexpr int pack_bytes = 0;
#elif defined(__AVX512F__)
inline constexpr int pack_bytes = 64;
#elif defined(__AVX__)
inline constexpr int pack_bytes = 32;
#else
inline constexpr int pack_bytes = 16;
#endif
}  // namespace detail

/// Trajectories that one core of a host integrates side by side; on a device each thread has one. Results do not depend
/// on it.
template <class Exec, class Precision>
inline constexpr int lane_width = Kokkos::SpaceAccessibility<Kokkos::HostSpace, typename Exec::memory_space>::accessible
                                      ? std::max(1, detail::pack_bytes /
                                                        static_cast<int>(sizeof(typename Precision::Time)))
                                      : 1;

}  // namespace retrace
