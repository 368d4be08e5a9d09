# A build for CUDA has two compilers, both behind Kokkos's nvcc_wrapper: nvcc for the sources of retrace_add_device_objects, and
# with --host-only the host's for all others. Headers of a Kokkos with CUDA insist on nvcc, so those others see the same
# headers through a configuration without CUDA. What they instantiate is for host spaces and the same in both
# configurations; the device is reached through functions that are declared only (verification/device_gradient.hpp).
# For others to use: RETRACE_HOST_ONLY_FLAG, RETRACE_KOKKOS_HOST_VIEW; all sources see the macro RETRACE_HAS_CUDA.

if(NOT CMAKE_CXX_COMPILER MATCHES "nvcc_wrapper$")
  message(FATAL_ERROR "Kokkos in ${Kokkos_DIR} has CUDA: CMAKE_CXX_COMPILER has to be its nvcc_wrapper, as in the preset "
                      "cuda, not ${CMAKE_CXX_COMPILER}")
endif()

# Products of fields (problems/batched_product.hpp).
find_package(CUDAToolkit REQUIRED)
if(NOT TARGET CUDA::cublas)
  message(FATAL_ERROR "The CUDA toolkit in ${CUDAToolkit_LIBRARY_DIR} has no cuBLAS (libcublas.so); it is a part of the toolkit "
                      "that some installations leave out")
endif()

set(RETRACE_HOST_ONLY_FLAG --host-only)
set(RETRACE_KOKKOS_HOST_VIEW "${CMAKE_BINARY_DIR}/kokkos_host_view")

function(retrace_write_kokkos_host_view)
  get_target_property(folders Kokkos::kokkoscore INTERFACE_INCLUDE_DIRECTORIES)
  foreach(name IN ITEMS KokkosCore_config.h KokkosCore_Config_DeclareBackend.hpp KokkosCore_Config_FwdBackend.hpp
                        KokkosCore_Config_SetupBackend.hpp)
    find_file(header ${name} PATHS ${folders} NO_DEFAULT_PATH NO_CACHE REQUIRED)
    file(READ "${header}" text)
    string(REGEX REPLACE "[^\n]*(CUDA|Cuda)[^\n]*" "" text "${text}")
    file(CONFIGURE OUTPUT "${RETRACE_KOKKOS_HOST_VIEW}/${name}" CONTENT "@text@" @ONLY)  # leaves an unchanged file alone
    unset(header)
  endforeach()
endfunction()
retrace_write_kokkos_host_view()

include_directories(BEFORE "${RETRACE_KOKKOS_HOST_VIEW}")
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:${RETRACE_HOST_ONLY_FLAG}>)
add_compile_definitions(RETRACE_HAS_CUDA=1)

# retrace_add_device_objects(<name> SOURCES <files> LINK <targets>)
# An object library `retrace_<name>` that nvcc compiles. --fmad=false: as on the host, a * b + c has two roundings, and
# math::fma one. --expt-relaxed-constexpr: constexpr functions of the standard library in device code.
function(retrace_add_device_objects name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  set(target retrace_${name})
  add_library(${target} OBJECT ${arg_SOURCES})
  foreach(property IN ITEMS COMPILE_OPTIONS INCLUDE_DIRECTORIES)
    get_target_property(values ${target} ${property})
    list(FILTER values EXCLUDE REGEX "${RETRACE_HOST_ONLY_FLAG}|${RETRACE_KOKKOS_HOST_VIEW}")
    set_target_properties(${target} PROPERTIES ${property} "${values}")
  endforeach()
  target_compile_options(${target} PRIVATE --fmad=false --expt-relaxed-constexpr)
  target_link_libraries(${target} PRIVATE ${arg_LINK})
endfunction()
