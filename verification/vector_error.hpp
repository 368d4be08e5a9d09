#pragma once

#include "core/communicator.hpp"
#include "verification/problem_instance.hpp"

#include <cmath>
#include <span>

namespace retrace {

/// The larger one, NaN if either is: a comparison that could not be made must not look good.
[[nodiscard]] inline double larger_or_nan(double a, double b) {
  return a >= b || std::isnan(a) ? a : b;
}

/// |a - b| / |b| in the Euclidean norm; |a - b| where b is zero.
[[nodiscard]] double relative_l2(std::span<double const> a, std::span<double const> b);

/// Distances of a gradient to a reference, over the whole of both (all ranks).
struct GradientError {
  double relative_l2, relative_linf, absolute_linf, cosine_defect, y0_relative_l2, p_relative_l2;
};
/// Collective; dloss_dy0 local, dloss_dp the same on every rank.
[[nodiscard]] GradientError gradient_error(Communicator const& comm, std::span<double const> dloss_dy0,
                                           std::span<double const> dloss_dp, Reference const& reference);
/// Collective: |y - y_ref| / |y_ref| of final states; NaN if the reference has none.
[[nodiscard]] double state_error(Communicator const& comm, std::span<double const> final_state,
                                 Reference const& reference);

/// Collective: the worst of all ranks.
[[nodiscard]] WitnessError worst_over_ranks(Communicator const& comm, WitnessError const& local);
/// Collective: the one with the largest `ratio` of error to bar.
[[nodiscard]] DifferenceError worst_over_ranks(Communicator const& comm, DifferenceError const& local, double ratio);

}  // namespace retrace
