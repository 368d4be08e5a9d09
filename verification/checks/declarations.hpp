#pragma once

#include "verification/checks.hpp"

namespace retrace::checks {

CheckResult finite(CheckedGradient const& g);
CheckResult repro(CheckedGradient const& g);
CheckResult dual(CheckedGradient const& g);
CheckResult program_dual(CheckedGradient const& g);
CheckResult difference_frozen(CheckedGradient const& g);
CheckResult difference_program(CheckedGradient const& g);
CheckResult consistency(CheckedGradient const& g);
CheckResult reference(CheckedGradient const& g);

}  // namespace retrace::checks
