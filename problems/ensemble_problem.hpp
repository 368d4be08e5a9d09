#pragma once

#include "core/dual.hpp"
#include "core/vec.hpp"
#include "problems/arguments.hpp"

#include <concepts>
#include <cstdint>
#include <string_view>
#include <vector>

namespace retrace {

/// A small system dy/dt = f(t, y; p) whose sizes are known at compile time, together with what makes a problem of it:
/// an ensemble of initial states and parameters, a time span and a loss of the final state.
///
///   static rhs(t, y, p, dydt)                        dydt := f
///   static vjp(t, y, p, w, y_bar, p_bar, t_bar)      y_bar := f_y^T w,  p_bar += f_p^T w,  t_bar += f_t . w
///   static loss(y) / static loss_gradient(y)         L and dL/dy of one trajectory at t1
///   initial_state(i), parameter_values(i)            of trajectory i; trajectory 0 is the textbook one
///
/// rhs, vjp and loss are templates over the scalar: the same lines run on plain numbers, packs and duals.
/// The loss of the ensemble is the sum over its trajectories. All of it may be called on a device.
template <class P>
concept EnsembleProblem = requires(P const& problem, double t, Vec<double, P::dimension> y,
                                   Vec<double, P::parameters> p, double t_bar, std::int64_t i) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::family } -> std::convertible_to<std::string_view>;
  { P::summary } -> std::convertible_to<std::string_view>;
  { P::autonomous } -> std::convertible_to<bool>;
  { P::arguments() } -> std::same_as<std::vector<Argument>>;
  requires std::constructible_from<P, Arguments const&>;
  P::rhs(t, y, p, y);
  P::vjp(t, y, p, y, y, p, t_bar);
  { P::loss(y) } -> std::same_as<double>;
  { P::loss_gradient(y) } -> std::same_as<Vec<double, P::dimension>>;
  { problem.initial_state(i) } -> std::same_as<Vec<double, P::dimension>>;
  { problem.parameter_values(i) } -> std::same_as<Vec<double, P::parameters>>;
  { problem.t0 } -> std::convertible_to<double>;
  { problem.t1 } -> std::convertible_to<double>;
  { problem.trajectories } -> std::convertible_to<std::int64_t>;
};

/// The loss and its gradient for one trajectory.
template <class P>
struct TrajectoryGradient {
  double loss;
  Vec<double, P::dimension> dloss_dy0;
  Vec<double, P::parameters> dloss_dp;
};

/// A problem that knows its flow's gradient in closed form.
template <class P>
concept HasClosedForm = EnsembleProblem<P> && requires(P const& problem, std::int64_t i) {
  { problem.closed_form(i) } -> std::same_as<TrajectoryGradient<P>>;
};

/// A problem that names a quantity H(y; p) which its flow keeps, an energy for example; the check `invariants` looks
/// whether the solver's drift of it falls with the tolerance.
template <class P>
concept HasConserved = EnsembleProblem<P> && requires(Vec<double, P::dimension> y, Vec<double, P::parameters> p) {
  { P::conserved_name } -> std::convertible_to<std::string_view>;
  { P::conserved(y, p) } -> std::same_as<double>;
};

/// Loss sum_d y_d^2, shared by several problems.
template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T sum_of_squares(Vec<T, N> const& y) {
  return dot(y, y);
}
template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<T, N> sum_of_squares_gradient(Vec<T, N> const& y) {
  Vec<T, N> g;
  for (int d = 0; d < N; ++d) g[d] = T(2.0) * y[d];
  return g;
}

}  // namespace retrace
