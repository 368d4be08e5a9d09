#pragma once

#include "gradients/external/external_method.hpp"

namespace retrace {

/// The continuous adjoint of CVODES: forward by a multistep method, y interpolated between the steps, which are kept or
/// taken again from checkpoints (Serban & Hindmarsh 2005). `solver`: cvodes_adams or cvodes_bdf.
[[nodiscard]] std::unique_ptr<ExternalIntegrator> make_cvodes_adjoint(std::string_view solver,
                                                                      StepControl const& control);
/// The forward sensitivities of CVODES with respect to all unknowns, in step with y.
[[nodiscard]] std::unique_ptr<ExternalIntegrator> make_cvodes_forward(std::string_view solver,
                                                                      StepControl const& control);

}  // namespace retrace
