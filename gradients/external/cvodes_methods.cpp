#ifdef RETRACE_HAS_SUNDIALS
#include "gradients/external/cvodes.hpp"
#else
#include "gradients/external/external_method.hpp"
#endif

namespace retrace {

std::vector<ExternalMethod> cvodes_methods() {
  std::vector<ExternalSolver> const solvers{
      {.name = "cvodes_adams", .summary = "CVODES: Adams-Moulton, orders 1 to 12, fixed-point iteration", .order = 12},
      {.name = "cvodes_bdf", .summary = "CVODES: BDF, orders 1 to 5, Newton with GMRES", .order = 5}};
  std::vector<ExternalMethod> methods{
      {.name = "cvodes_adjoint",
       .summary = "SUNDIALS CVODES: lambda backward by its own steps, y interpolated from the forward ones",
       .memory = "states of 100 steps, and a checkpoint every 100 steps",
       .promise = Promise::consistent,
       .fields = true,
       .solvers = solvers},
      {.name = "cvodes_forward",
       .summary = "SUNDIALS CVODES: sensitivities of all unknowns, in step with y",
       .memory = "none that grows with N",
       .promise = Promise::consistent,
       .fields = false,
       .solvers = solvers}};
#ifdef RETRACE_HAS_SUNDIALS
  methods[0].make = &make_cvodes_adjoint;
  methods[1].make = &make_cvodes_forward;
#else
  for (ExternalMethod& method : methods) method.absent = "this build has no SUNDIALS (RETRACE_WITH_SUNDIALS)";
#endif
  return methods;
}

}  // namespace retrace
