#pragma once

#include "gradients/external/plain_system.hpp"
#include "verification/problem_witness.hpp"

#include <span>

namespace retrace {

/// What rounding makes of the derivative of L along given steps of the selected system, measured as in
/// witness/derivatives.hpp: tangents along random signs in y0 and in p, with every evaluation of f shaken by its last
/// bits; relative to the norms of the blocks of a gradient, `g_y0` and `g_p`. Of a system that lies on one rank.
[[nodiscard]] MeasuredRounding plain_rounding(Tableau const& tab, std::span<StepSpan<double> const> steps,
                                              PlainSystem& system, double operations_per_component,
                                              std::span<double const> g_y0, std::span<double const> g_p);

}  // namespace retrace
