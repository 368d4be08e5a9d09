#pragma once

#include "gradients/external/external_method.hpp"

#include <cstddef>

namespace retrace {

/// Between this program and its module of PETSc, a shared library that is loaded when a gradient of PETSc is first
/// asked for: PETSc brings a hundred libraries along, and a program that does not use it is to start, and to be
/// measured, without them.
struct PetscHost {
  void* (*allocate)(std::size_t bytes);        ///< counted as memory of the program; throws std::bad_alloc
  void (*release)(void* memory);               ///< of `allocate`
  void (*before_the_end)(void (*finalize)());  ///< to be called once, while memory can still be released
};

/// What the module has, under this name.
using MakePetscIntegrator = ExternalIntegrator* (*)(PetscHost const& host, std::string_view solver,
                                                    StepControl const& control);
inline constexpr char const* petsc_module = "libretrace_petsc.so";
inline constexpr char const* petsc_entry = "retrace_make_petsc_integrator";

}  // namespace retrace
