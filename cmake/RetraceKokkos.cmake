# Which Kokkos serves. Shared by the project and by cmake/kokkos_smoke, with which the set-up tries one.

set(RETRACE_KOKKOS_MINIMUM 4.5.1)

# Pairs seen to fail, as "<compiler id> <compiler major> <Kokkos version>": GCC 12 with the 4.6.99 development
# snapshot crashes in release builds when the first View is freed.
set(RETRACE_KOKKOS_REFUSED_PAIRS "GNU 12 4.6.99")

# retrace_kokkos_problem(<out>): after find_package(Kokkos); why this Kokkos cannot serve, or empty.
function(retrace_kokkos_problem out)
  set(problem "")
  string(REGEX MATCH "^[0-9]+" compiler_major "${CMAKE_CXX_COMPILER_VERSION}")
  set(pair "${CMAKE_CXX_COMPILER_ID} ${compiler_major} ${Kokkos_VERSION}")
  set(host_devices ${Kokkos_DEVICES})
  list(FILTER host_devices INCLUDE REGEX "^(SERIAL|OPENMP|THREADS|HPX)$")
  if(Kokkos_VERSION VERSION_LESS RETRACE_KOKKOS_MINIMUM)
    set(problem "it is older than ${RETRACE_KOKKOS_MINIMUM}")
  elseif(pair IN_LIST RETRACE_KOKKOS_REFUSED_PAIRS)
    set(problem "Kokkos ${Kokkos_VERSION} compiled by ${CMAKE_CXX_COMPILER_ID} ${compiler_major} is known to crash; take a release of Kokkos or another compiler")
  elseif(DEFINED Kokkos_CXX_STANDARD AND Kokkos_CXX_STANDARD LESS 20)
    set(problem "it was built as C++${Kokkos_CXX_STANDARD}; build it with CMAKE_CXX_STANDARD=20 (Spack: cxxstd=20)")
  elseif(NOT host_devices)
    set(problem "it has no host backend (devices: ${Kokkos_DEVICES}); build it with Serial or OpenMP")
  endif()
  set(${out} "${problem}" PARENT_SCOPE)
endfunction()

# retrace_find_kokkos(<problem>): finds Kokkos of any version; <problem> is empty, or says why there is none that
# serves. A macro, because a package's variables belong to the caller's directory.
macro(retrace_find_kokkos problem)
  find_package(Kokkos QUIET)
  if(Kokkos_FOUND)
    retrace_kokkos_problem(${problem})
    if(${problem})
      set(${problem} "Kokkos ${Kokkos_VERSION} in ${Kokkos_DIR} cannot be used: ${${problem}}")
    endif()
  else()
    set(${problem} "no Kokkos found")
  endif()
endmacro()
