# Libraries whose gradients are graded beside ours. AUTO takes what is there; ON insists; OFF leaves it alone.

set(RETRACE_WITH_SUNDIALS AUTO CACHE STRING "Gradients of SUNDIALS CVODES: AUTO, ON or OFF")
set_property(CACHE RETRACE_WITH_SUNDIALS PROPERTY STRINGS AUTO ON OFF)

set(RETRACE_HAS_SUNDIALS OFF)
if(RETRACE_WITH_SUNDIALS)
  find_package(SUNDIALS 6 QUIET CONFIG)
  if(TARGET SUNDIALS::cvodes)
    set(RETRACE_HAS_SUNDIALS ON)
    message(STATUS "  SUNDIALS ${SUNDIALS_VERSION} in ${SUNDIALS_DIR}")
  elseif(RETRACE_WITH_SUNDIALS STREQUAL "AUTO")
    message(STATUS "  SUNDIALS: none >= 6 with CVODES; no methods cvodes_adjoint, cvodes_forward")
  else()
    message(FATAL_ERROR "RETRACE_WITH_SUNDIALS=${RETRACE_WITH_SUNDIALS}, and there is no SUNDIALS >= 6 with CVODES; "
                        "name its folder in CMAKE_PREFIX_PATH. Debian: libsundials-dev | Spack: sundials +cvodes | Conda: sundials")
  endif()
endif()

set(RETRACE_WITH_PETSC AUTO CACHE STRING "Gradients of PETSc TSAdjoint: AUTO, ON or OFF")
set_property(CACHE RETRACE_WITH_PETSC PROPERTY STRINGS AUTO ON OFF)

set(RETRACE_HAS_PETSC OFF)
if(RETRACE_WITH_PETSC)
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND)
    pkg_search_module(RETRACE_PETSC QUIET IMPORTED_TARGET "PETSc >= 3.16" "petsc >= 3.16")
  endif()
  if(TARGET PkgConfig::RETRACE_PETSC)
    include(CheckCXXSourceCompiles)
    set(CMAKE_REQUIRED_LIBRARIES PkgConfig::RETRACE_PETSC MPI::MPI_CXX)
    set(CMAKE_REQUIRED_FLAGS "-std=c++17")
    check_cxx_source_compiles("#include <petscts.h>
#include <type_traits>
static_assert(std::is_same<PetscScalar, double>::value, \"scalars are not double\");
int main() { return TSRKGetTableau == nullptr || TSAdjointSolve == nullptr; }" RETRACE_PETSC_OF_DOUBLES)
    unset(CMAKE_REQUIRED_LIBRARIES)
    unset(CMAKE_REQUIRED_FLAGS)
  endif()
  if(RETRACE_PETSC_OF_DOUBLES)
    set(RETRACE_HAS_PETSC ON)
    message(STATUS "  PETSc ${RETRACE_PETSC_VERSION} in ${RETRACE_PETSC_PREFIX}")
  elseif(RETRACE_WITH_PETSC STREQUAL "AUTO")
    message(STATUS "  PETSc: none >= 3.16 with real numbers in double precision; no method petsc_adjoint")
  else()
    message(FATAL_ERROR "RETRACE_WITH_PETSC=${RETRACE_WITH_PETSC}, and pkg-config finds no PETSc >= 3.16 with real numbers in "
                        "double precision; name its folder in PKG_CONFIG_PATH. Debian: petsc-dev | Spack: petsc | Conda: petsc")
  endif()
endif()
