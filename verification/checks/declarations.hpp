#pragma once

#include "verification/checks.hpp"

namespace retrace::checks {

CheckResult finite(CheckedGradient const& g);
CheckResult tableau(CheckedGradient const& g);
CheckResult repro(CheckedGradient const& g);
CheckResult dotprod(CheckedGradient const& g);
CheckResult dotprod_step(CheckedGradient const& g);
CheckResult dual(CheckedGradient const& g);
CheckResult program_dual(CheckedGradient const& g);
CheckResult complex_step(CheckedGradient const& g);
CheckResult program_complex_step(CheckedGradient const& g);
CheckResult taylor(CheckedGradient const& g);
CheckResult round_trip(CheckedGradient const& g);
CheckResult copies(CheckedGradient const& g);
CheckResult times(CheckedGradient const& g);
CheckResult difference_frozen(CheckedGradient const& g);
CheckResult difference_program(CheckedGradient const& g);
CheckResult replay(CheckedGradient const& g);
CheckResult error_control(CheckedGradient const& g);
CheckResult reduction(CheckedGradient const& g);
CheckResult rank_invariance(CheckedGradient const& g);
CheckResult thread_invariance(CheckedGradient const& g);
CheckResult methods_agree(CheckedGradient const& g);
CheckResult order(CheckedGradient const& g);
CheckResult adjoint_growth(CheckedGradient const& g);
CheckResult invariants(CheckedGradient const& g);
CheckResult consistency(CheckedGradient const& g);
CheckResult reference(CheckedGradient const& g);

}  // namespace retrace::checks
