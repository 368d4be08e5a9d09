#pragma once

#include "core/error.hpp"

#include <Kokkos_Core.hpp>

#include <string>
#include <string_view>

namespace retrace {

/// Calls `visit.template operator()<Exec>()` for the host execution space of that name: serial, openmp, or default.
template <class Visitor>
void visit_execution_space(std::string_view backend, Visitor&& visit) {
#ifdef KOKKOS_ENABLE_SERIAL
  if (backend == "serial") return visit.template operator()<Kokkos::Serial>();
#endif
#ifdef KOKKOS_ENABLE_OPENMP
  if (backend == "openmp") return visit.template operator()<Kokkos::OpenMP>();
#endif
  if (backend == "default") return visit.template operator()<Kokkos::DefaultHostExecutionSpace>();
  throw UsageError("backend '" + std::string(backend) + "' is not in this build of Kokkos");
}

}  // namespace retrace
