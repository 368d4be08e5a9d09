#pragma once

#include "problems/arguments.hpp"

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace retrace {

/// One large system whose state is a batch of samples, [sample][component], all with the same time and step size; the
/// samples are cut into blocks of `block_size`, the unit of work and of distribution over ranks. Every function works
/// on one block of `samples` consecutive samples, whose state is a contiguous array of samples * sample_size scalars.
///
///   rhs(samples, y, p, dydt, kept, scratch)           dydt := f(y; p), and `kept` for a VJP at the same y
///   keep(samples, y, p, kept)                         `kept` alone, to the bit as rhs leaves it
///   vjp(samples, p, w, y_bar, p_bar, kept, scratch)   y_bar := f_y^T w, p_bar += f_p^T w, at the y of `kept`
///   loss(samples, y)                                  the block's share of L
///   kept_size(samples), scratch_size(samples)         scalars of each that they need
///
/// `p`, `p_bar`, `kept` and `scratch` begin on cache lines for every block. All are templates over the scalar, so that
/// duals go through the same lines. Host only; called from several threads at once, for different blocks.
template <class P>
concept FieldProblem = requires(P const& problem, std::int64_t i, double const* x, double* out, float const* x_single,
                                float* out_single, std::span<double> values) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::family } -> std::convertible_to<std::string_view>;
  { P::summary } -> std::convertible_to<std::string_view>;
  { P::arguments() } -> std::same_as<std::vector<Argument>>;
  requires std::constructible_from<P, Arguments const&>;
  { problem.samples() } -> std::same_as<std::int64_t>;
  { problem.sample_size() } -> std::same_as<std::int64_t>;
  { problem.block_size() } -> std::same_as<std::int64_t>;
  { problem.parameters() } -> std::same_as<std::int64_t>;
  { problem.kept_size(i) } -> std::same_as<std::int64_t>;
  { problem.scratch_size(i) } -> std::same_as<std::int64_t>;
  problem.rhs(i, x, x, out, out, out);
  problem.keep(i, x, x, out);
  problem.vjp(i, x, x, out, out, x, out);
  { problem.loss(i, x) } -> std::same_as<double>;
  problem.loss_gradient(i, x, out);
  problem.rhs(i, x_single, x_single, out_single, out_single, out_single);
  problem.keep(i, x_single, x_single, out_single);
  problem.vjp(i, x_single, x_single, out_single, out_single, x_single, out_single);
  { problem.loss(i, x_single) } -> std::same_as<double>;
  problem.loss_gradient(i, x_single, out_single);
  problem.initial_state(i, values);
  problem.parameter_values(values);
  { problem.t0 } -> std::convertible_to<double>;
  { problem.t1 } -> std::convertible_to<double>;
};

/// A field problem that a device can solve, from its `Description`, a base; by what is in <name>_batch.hpp.
template <class P>
concept DeviceFieldProblem = FieldProblem<P> && std::derived_from<P, typename P::Description>;

}  // namespace retrace
