#pragma once

#include "core/quad.hpp"

#include <cstdint>
#include <functional>
#include <vector>

#ifdef RETRACE_HAS_QUAD
namespace retrace {

/// x' = f(t, x) on so many numbers.
using QuadRhs = std::function<void(Quad const& t, Quad const* x, Quad* dxdt)>;

struct Extrapolated {
  std::vector<Quad> x;
  std::int64_t steps = 0, rejected = 0, evaluations = 0;
  bool success = false;
};

/// x(t1) from x(t0) = `x0` by extrapolation of the explicit midpoint rule (Gragg, Bulirsch & Stoer; Hairer, Norsett &
/// Wanner 1993, Sec. II.9) with 2, 4, … 20 substeps: order 20, whose coefficients are exact in any precision. Shares no
/// line with the Runge–Kutta solvers.
///
/// A step is accepted if the two best entries of its table differ by less than `tolerance` times the largest entry of
/// the same column, where `x` is an array [..][columns]: the state is one column, each tangent of it another. In the
/// direction of t1 - t0, either. Not successful after `max_steps` trials, or where a number is not finite.
[[nodiscard]] Extrapolated extrapolate(QuadRhs const& rhs, Quad const& t0, Quad const& t1, std::vector<Quad> x0,
                                       int columns, double tolerance, std::int64_t max_steps = 100'000);

}  // namespace retrace

#endif
