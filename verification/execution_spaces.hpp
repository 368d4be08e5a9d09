#pragma once

#include "core/error.hpp"

#include <Kokkos_Core.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// A name that `backend` takes.
struct Backend {
  std::string_view name;
  std::string summary;
};

/// Those of this build of Kokkos.
[[nodiscard]] inline std::vector<Backend> backends() {
  std::vector<Backend> all;
#ifdef KOKKOS_ENABLE_SERIAL
  all.push_back({"serial", "one thread"});
#endif
#ifdef KOKKOS_ENABLE_OPENMP
  all.push_back({"openmp", "OMP_NUM_THREADS threads"});
#endif
#ifdef RETRACE_HAS_CUDA
  all.push_back({"cuda", "an NVIDIA GPU per rank"});
#endif
  all.push_back({"default", std::string("here: ") + Kokkos::DefaultHostExecutionSpace::name()});
  return all;
}

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
