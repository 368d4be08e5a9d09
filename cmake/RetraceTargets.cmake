# Targets, tests and warnings in one form for every folder.

set(RETRACE_WARNING_FLAGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND RETRACE_WARNING_FLAGS
       -Wno-restrict              # GCC bug 105651: false alarms in std::string's operator+
       -Wno-maybe-uninitialized)  # GCC bug 105593: AVX-512 intrinsics warn about themselves
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND RETRACE_WARNING_FLAGS -Wno-psabi)  # a note on the ABI of vector arguments; packs stay inside one build
endif()
if(RETRACE_WARNINGS_AS_ERRORS)
  list(APPEND RETRACE_WARNING_FLAGS -Werror)
endif()

function(retrace_require_headers_listed)
  get_property(listed DIRECTORY PROPERTY RETRACE_HEADERS)
  file(GLOB present RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" CONFIGURE_DEPENDS "*.hpp")
  list(REMOVE_ITEM present ${listed})
  if(present)
    message(FATAL_ERROR "headers of ${CMAKE_CURRENT_SOURCE_DIR} that no retrace_add_library(… HEADERS …) lists: ${present}")
  endif()
endfunction()

# retrace_add_library(<name> HEADERS <files> [SOURCES <files>] LINK <targets>)
# A library `retrace_<name>` with alias `retrace::<name>`: INTERFACE without sources, STATIC with them. Every header is
# compiled alone by the target `all_verify_interface_header_sets`. One that is not listed would neither be checked nor
# installed, so it ends the configuration.
function(retrace_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;LINK")
  get_property(listed DIRECTORY PROPERTY RETRACE_HEADERS)
  if(NOT listed)
    cmake_language(DEFER CALL retrace_require_headers_listed)  # when all libraries of the folder are there
  endif()
  set_property(DIRECTORY APPEND PROPERTY RETRACE_HEADERS ${arg_HEADERS})
  set(target retrace_${name})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_compile_options(${target} PRIVATE ${RETRACE_WARNING_FLAGS})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(retrace::${name} ALIAS ${target})
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${arg_HEADERS})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_link_libraries(${target} ${scope} ${arg_LINK})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON EXPORT_NAME ${name})
  retrace_install_library(${target})
endfunction()

# Installs a library with its headers, for programs that bring problems, schemes or methods of their own.
function(retrace_install_library target)
  install(TARGETS ${target} EXPORT retraceTargets
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT devel
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/retrace" COMPONENT devel)
endfunction()

# Environment of every test: ranks must not bind or spin on a shared machine.
set(RETRACE_TEST_ENVIRONMENT
    "OMP_NUM_THREADS=1;OMP_PROC_BIND=false;KOKKOS_DISABLE_WARNINGS=1;OPENBLAS_NUM_THREADS=1"
    "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_rmaps_base_oversubscribe=1"
    "OMPI_MCA_hwloc_base_binding_policy=none")

function(retrace_test_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE retrace::test_main ${arg_LINK})
  # Most of a clean build is tests, which run for seconds: -O1 halves the time of the large units.
  target_compile_options(test_${name} PRIVATE ${RETRACE_WARNING_FLAGS} $<$<CONFIG:Release>:-O1>)
endfunction()

# retrace_add_test(<name> SOURCES <files> LINK <targets> [LABELS <labels>] [TIMEOUT <seconds>])
function(retrace_add_test name)
  if(NOT RETRACE_ENABLE_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LINK;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  retrace_test_executable(${name} SOURCES ${arg_SOURCES} LINK ${arg_LINK})
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "unit;${arg_LABELS}"
                                          ENVIRONMENT "${RETRACE_TEST_ENVIRONMENT}")
endfunction()

# retrace_add_mpi_test(<name> SOURCES <files> LINK <targets> RANKS <counts> [TIMEOUT <seconds>])
# One ctest entry per rank count.
function(retrace_add_mpi_test name)
  if(NOT RETRACE_ENABLE_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LINK;RANKS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  retrace_test_executable(${name} SOURCES ${arg_SOURCES} LINK ${arg_LINK})
  foreach(ranks IN LISTS arg_RANKS)
    add_test(NAME ${name}_${ranks}ranks
             COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS}
                     $<TARGET_FILE:test_${name}> ${MPIEXEC_POSTFLAGS})
    set_tests_properties(${name}_${ranks}ranks PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS mpi PROCESSORS ${ranks}
                                                          ENVIRONMENT "${RETRACE_TEST_ENVIRONMENT}")
  endforeach()
endfunction()
