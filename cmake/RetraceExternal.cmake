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
