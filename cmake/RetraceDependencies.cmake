# What the project needs: found, never downloaded, so that modules, Spack, Conda and distribution packages serve alike.
# All of it is looked for before anything is refused, so one run lists everything that is missing; scripts/setup.sh
# installs it where it can. For others to use: the imported targets, RETRACE_PYTHON.

include(CheckCXXCompilerFlag)
include(RetraceKokkos)
enable_language(C)  # FindMPI and FindHDF5 ask the C compiler
set(CMAKE_CXX_EXTENSIONS OFF)

option(RETRACE_NATIVE "Compile for the processor of this machine; OFF where the programs run on another one" ON)
option(RETRACE_CCACHE "Compile through ccache when it is there" ON)

# --- Libraries -------------------------------------------------------------------------------------------------------

set(RETRACE_MISSING "")

# retrace_missing(<what> MODULE <name> DEBIAN <packages> SPACK <name> CONDA <name>)
macro(retrace_missing what)
  cmake_parse_arguments(need "" "MODULE;DEBIAN;SPACK;CONDA" "" ${ARGN})
  string(APPEND RETRACE_MISSING "  ${what}\n      module ${need_MODULE} | Spack ${need_SPACK} | Conda ${need_CONDA}"
         " | Debian ${need_DEBIAN}\n")
endmacro()

if(NOT RETRACE_PROBE)  # the set-up scripts probe all but Kokkos, which they can build
  retrace_find_kokkos(RETRACE_KOKKOS_PROBLEM)
  if(RETRACE_KOKKOS_PROBLEM)
    retrace_missing("Kokkos >= ${RETRACE_KOKKOS_MINIMUM}: ${RETRACE_KOKKOS_PROBLEM}" MODULE kokkos DEBIAN "none: scripts/install-kokkos.sh"
                    SPACK "kokkos +openmp cxxstd=20" CONDA kokkos)
  endif()
endif()

set(MPI_CXX_SKIP_MPICXX ON)  # Open MPI's C++ bindings are gone, its headers still mention them
find_package(MPI 3.1 QUIET COMPONENTS C CXX)
if(NOT MPI_FOUND)
  retrace_missing("MPI >= 3.1 (mpicc, mpicxx, mpiexec)" MODULE "openmpi, cray-mpich" DEBIAN "libopenmpi-dev openmpi-bin"
                  SPACK openmpi CONDA openmpi)
endif()

set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 1.10 QUIET COMPONENTS C HL)
if(NOT HDF5_FOUND)
  retrace_missing("HDF5 >= 1.10 (C and high-level libraries)" MODULE "hdf5, cray-hdf5-parallel" DEBIAN libhdf5-openmpi-dev
                  SPACK "hdf5 +hl" CONDA hdf5)
endif()

find_package(Eigen3 QUIET NO_MODULE)  # its version file refuses a newer major, so compare here
if(NOT Eigen3_FOUND OR Eigen3_VERSION VERSION_LESS 3.4)
  retrace_missing("Eigen >= 3.4" MODULE eigen DEBIAN libeigen3-dev SPACK eigen CONDA eigen)
endif()

find_package(fmt QUIET)
if(NOT fmt_FOUND)
  retrace_missing("fmt" MODULE fmt DEBIAN libfmt-dev SPACK fmt CONDA fmt)
endif()

find_package(CLI11 QUIET)
if(NOT CLI11_FOUND)
  retrace_missing("CLI11" MODULE cli11 DEBIAN libcli11-dev SPACK cli11 CONDA cli11)
endif()

find_package(tomlplusplus QUIET)
if(NOT tomlplusplus_FOUND)
  retrace_missing("toml++" MODULE tomlplusplus DEBIAN libtomlplusplus-dev SPACK tomlplusplus CONDA tomlplusplus)
endif()

find_package(nlohmann_json QUIET)
if(NOT nlohmann_json_FOUND)
  retrace_missing("nlohmann json" MODULE nlohmann-json DEBIAN nlohmann-json3-dev SPACK nlohmann-json CONDA nlohmann_json)
endif()

find_package(Boost 1.70 QUIET)  # headers only: Boost.Math
if(NOT Boost_FOUND)
  retrace_missing("Boost >= 1.70 (headers: Boost.Math)" MODULE boost DEBIAN libboost-dev SPACK "boost +math" CONDA libboost-headers)
endif()

find_package(OpenSSL QUIET COMPONENTS Crypto)
if(NOT OpenSSL_FOUND)
  retrace_missing("OpenSSL (libcrypto)" MODULE openssl DEBIAN libssl-dev SPACK openssl CONDA openssl)
endif()

if(RETRACE_ENABLE_TESTS)
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    retrace_missing("GoogleTest (or RETRACE_ENABLE_TESTS=OFF)" MODULE googletest DEBIAN libgtest-dev SPACK googletest CONDA gtest)
  endif()
endif()

if(RETRACE_MISSING)
  set(RETRACE_DEPENDENCIES_FOUND OFF CACHE INTERNAL "")
  file(WRITE "${CMAKE_BINARY_DIR}/missing.txt" "${RETRACE_MISSING}")
  message(FATAL_ERROR "Missing, or not usable:\n${RETRACE_MISSING}"
                      "scripts/setup.sh installs what it can; docs/install.md says how to do it by hand. "
                      "Where something is there and not found, name its folder in CMAKE_PREFIX_PATH, or see what "
                      "CMake tried with --debug-find-pkg=<package>.")
endif()
file(REMOVE "${CMAKE_BINARY_DIR}/missing.txt")
set(RETRACE_DEPENDENCIES_FOUND ON CACHE INTERNAL "The scripts need not probe again")

# --- Python: reports and the tests that read result files as a user would ---------------------------------------------

# The first interpreter that has the modules; without one everything but reports and their tests works.
function(retrace_find_python)
  if(RETRACE_PYTHON)
    return()
  endif()
  set(has_modules "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))")
  foreach(candidate IN ITEMS "$ENV{RETRACE_PYTHON}" python3 /usr/bin/python3)
    execute_process(COMMAND "${candidate}" -c "${has_modules}" h5py jinja2 matplotlib numpy pytest
                    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(status EQUAL 0)
      find_program(RETRACE_PYTHON_PROGRAM "${candidate}" NO_CACHE)
      set(RETRACE_PYTHON "${RETRACE_PYTHON_PROGRAM}" CACHE FILEPATH "Python 3 with the modules of scripts/requirements.txt" FORCE)
      return()
    endif()
  endforeach()
endfunction()
retrace_find_python()

# --- Compiler --------------------------------------------------------------------------------------------------------

if(RETRACE_NATIVE)
  foreach(flag IN ITEMS -march=native -mcpu=native)
    string(MAKE_C_IDENTIFIER "RETRACE_HAS${flag}" has_flag)
    check_cxx_compiler_flag(${flag} ${has_flag})
    if(${has_flag})
      set(RETRACE_NATIVE_FLAG ${flag})
      add_compile_options($<$<COMPILE_LANGUAGE:CXX>:${flag}>)
      break()
    endif()
  endforeach()
endif()

# In a build for CUDA the host's compiler compiles all but the sources of retrace_add_device_objects, as in a build without:
# nvcc is slow and takes neither toml++, Eigen nor packs. See cmake/RetraceCuda.cmake.
set(RETRACE_HOST_ONLY_FLAG "")
if(Kokkos_ENABLE_CUDA)
  include(RetraceCuda)
endif()

# Results must not depend on the compiler's freedom to reorder sums or to contract a * b + c: a step that is replayed, a lane
# of a pack, a dual's value must have the bits of the plain program. Where one rounding is wanted, math::fma says so.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)
if(CMAKE_CXX_FLAGS MATCHES "-ffast-math|-Ofast|-funsafe-math-optimizations")
  message(FATAL_ERROR "CMAKE_CXX_FLAGS (${CMAKE_CXX_FLAGS}) allows unsafe floating-point optimisations: NaN checks, "
                      "rounding bounds and bit-identical sums would not hold. Remove that flag.")
endif()

# The cache may lie in a home that several kinds of machine share; "native" is another set of flags on each of them.
if(RETRACE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(RETRACE_CCACHE_PROGRAM ccache)
  mark_as_advanced(RETRACE_CCACHE_PROGRAM)
  if(RETRACE_CCACHE_PROGRAM)
    file(WRITE "${CMAKE_BINARY_DIR}/CMakeFiles/empty.cpp" "")
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} ${RETRACE_NATIVE_FLAG} -dM -E "${CMAKE_BINARY_DIR}/CMakeFiles/empty.cpp"
                    OUTPUT_VARIABLE target_macros ERROR_QUIET)
    string(SHA256 target_hash "${target_macros}")
    string(SUBSTRING "${target_hash}" 0 12 target_hash)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_NAMESPACE=retrace-${target_hash}
        "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1  # so that a second checkout finds what the first compiled
        "${RETRACE_CCACHE_PROGRAM}")
  endif()
endif()

# --- Summary ---------------------------------------------------------------------------------------------------------

if(HDF5_IS_PARALLEL)
  set(hdf5_kind parallel)
else()
  set(hdf5_kind serial)
endif()
string(JOIN " " devices ${Kokkos_DEVICES})
message(STATUS "Retrace ${PROJECT_VERSION}: ${CMAKE_BUILD_TYPE}, ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${RETRACE_NATIVE_FLAG}")
message(STATUS "  Kokkos ${Kokkos_VERSION} (${devices}) in ${Kokkos_DIR}")
message(STATUS "  MPI ${MPI_CXX_VERSION}, HDF5 ${HDF5_VERSION} (${hdf5_kind}), Eigen ${Eigen3_VERSION}, fmt ${fmt_VERSION}, "
               "CLI11 ${CLI11_VERSION}, toml++ ${tomlplusplus_VERSION}, json ${nlohmann_json_VERSION}, Boost ${Boost_VERSION}, OpenSSL ${OPENSSL_VERSION}")
if(RETRACE_PYTHON)
  message(STATUS "  Python for reports: ${RETRACE_PYTHON}")
else()
  message(STATUS "  Python for reports: none with the modules of scripts/requirements.txt; no reports, their tests are left out")
endif()
