# Matrix products through a BLAS, where a fast one is found. For others to use: the target retrace::blas, which is always
# there and empty without a BLAS. With one it carries the library, EIGEN_USE_BLAS (so that Eigen's products go to it) and
#   RETRACE_BLAS="name"           what was found, for the environment rows
#   RETRACE_OPENBLAS_THREADS=1    openblas_set_num_threads(int) is there
# EIGEN_USE_BLAS exchanges the bodies of Eigen's templates: link the target to all sources with Eigen products of a program
# or to none, else the linker picks one of two bodies. BLA_VENDOR and BLAS_ROOT choose the library, as everywhere with CMake.

option(RETRACE_WITH_BLAS "Matrix products through a BLAS, where one is found" ON)

add_library(retrace_blas INTERFACE)
add_library(retrace::blas ALIAS retrace_blas)
set_target_properties(retrace_blas PROPERTIES EXPORT_NAME blas)
install(TARGETS retrace_blas EXPORT retraceTargets COMPONENT devel)

function(retrace_find_blas name_variable)
  set(${name_variable} "none, Eigen's own products (RETRACE_WITH_BLAS=OFF)" PARENT_SCOPE)
  if(NOT RETRACE_WITH_BLAS)
    return()
  endif()
  if(NOT BLA_SIZEOF_INTEGER)
    set(BLA_SIZEOF_INTEGER 4)  # Eigen passes int
  endif()
  find_package(BLAS QUIET)
  if(NOT BLAS_FOUND)
    set(${name_variable} "none found, Eigen's own products" PARENT_SCOPE)
    return()
  endif()
  list(GET BLAS_LIBRARIES 0 library)
  file(REAL_PATH "${library}" real_library)
  get_filename_component(file_name "${real_library}" NAME)
  set(CMAKE_REQUIRED_LIBRARIES BLAS::BLAS)
  check_cxx_source_compiles("extern \"C\" void openblas_set_num_threads(int);
                             int main() { openblas_set_num_threads(1); }" RETRACE_BLAS_IS_OPENBLAS)
  if(RETRACE_BLAS_IS_OPENBLAS)
    set(name OpenBLAS)
  elseif(NOT BLA_VENDOR AND file_name MATCHES "^libblas\\.")
    # The reference library is slower than Eigen's own kernels by a factor of ten and more.
    set(${name_variable} "reference BLAS ${library} passed over, Eigen's own products; BLA_VENDOR=Generic takes it" PARENT_SCOPE)
    return()
  elseif(BLA_VENDOR)
    set(name "${BLA_VENDOR}")
  else()
    set(name "${file_name}")
  endif()
  target_link_libraries(retrace_blas INTERFACE BLAS::BLAS)
  set(RETRACE_NEEDS_BLAS ON PARENT_SCOPE)
  target_compile_definitions(retrace_blas INTERFACE EIGEN_USE_BLAS "RETRACE_BLAS=\"${name}\""
                             $<$<BOOL:${RETRACE_BLAS_IS_OPENBLAS}>:RETRACE_OPENBLAS_THREADS=1>)
  set(${name_variable} "${name}, ${library}" PARENT_SCOPE)
endfunction()

include(CheckCXXSourceCompiles)
retrace_find_blas(RETRACE_BLAS_SUMMARY)
message(STATUS "  BLAS: ${RETRACE_BLAS_SUMMARY}")
