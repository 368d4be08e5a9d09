#include "core/error.hpp"
#include "gradients/external/petsc.hpp"

#include <Kokkos_Core.hpp>

#include <dlfcn.h>
#include <filesystem>
#include <string>
#include <system_error>

namespace retrace {

#ifdef RETRACE_HAS_PETSC
namespace {

void* allocate(std::size_t bytes) {
  return Kokkos::kokkos_malloc<Kokkos::HostSpace>("retrace::petsc::memory", bytes);
}
void release(void* memory) {
  Kokkos::kokkos_free<Kokkos::HostSpace>(memory);
}
void before_the_end(void (*finalize)()) {
  Kokkos::push_finalize_hook(finalize);
}

/// Beside the program, where an installation has it, or where the system looks for libraries.
MakePetscIntegrator load() {
  std::error_code no_such_link;
  std::filesystem::path const folder = std::filesystem::read_symlink("/proc/self/exe", no_such_link).parent_path();
  std::string reasons;
  for (std::filesystem::path const& place :
       {folder / petsc_module, folder / RETRACE_MODULE_FOLDER / petsc_module, std::filesystem::path(petsc_module)}) {
    void* const module = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      reasons += std::string("\n  ") + dlerror();
      continue;
    }
    // A conversion that C++ leaves to the system, and POSIX promises.
    if (auto const entry = reinterpret_cast<MakePetscIntegrator>(dlsym(module, petsc_entry))) return entry;
    reasons += std::string("\n  ") + dlerror();
  }
  throw EnvironmentError(std::string("the module of PETSc cannot be loaded:") + reasons);
}

std::unique_ptr<ExternalIntegrator> make_petsc_adjoint(std::string_view solver, StepControl const& control) {
  static MakePetscIntegrator const make = load();
  return std::unique_ptr<ExternalIntegrator>(make({&allocate, &release, &before_the_end}, solver, control));
}

}  // namespace
#endif

std::vector<ExternalMethod> petsc_methods() {
  ExternalMethod adjoint{
      .name = "petsc_adjoint",
      .summary = "PETSc TSAdjoint: the discrete adjoint of the steps that its Runge-Kutta schemes take",
      .memory = "state and stages of every step",
      .promise = Promise::exact_frozen,
      .fields = true,
      .solvers = {{.name = "petsc_3bs",
                   .summary = "PETSc: Bogacki-Shampine 3(2), TSRK3BS",
                   .order = 3,
                   .stages = 4,
                   .fixed_too = true},
                  {.name = "petsc_4",
                   .summary = "PETSc: the classical scheme of order 4, TSRK4; fixed steps",
                   .order = 4,
                   .stages = 4,
                   .fixed_too = true,
                   .adaptive_too = false},
                  {.name = "petsc_5dp",
                   .summary = "PETSc: Dormand-Prince 5(4), TSRK5DP; wrong dL/dp up to 3.18 at least",
                   .order = 5,
                   .stages = 7,
                   .fixed_too = true}}};
#ifdef RETRACE_HAS_PETSC
  adjoint.make = &make_petsc_adjoint;
#else
  adjoint.absent = "this build has no PETSc (RETRACE_WITH_PETSC)";
#endif
  return {adjoint};
}

}  // namespace retrace
