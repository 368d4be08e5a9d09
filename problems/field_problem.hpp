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
///   rhs(samples, y, p, dydt, scratch)                 dydt := f(y; p)
///   vjp(samples, y, p, w, y_bar, p_bar, scratch)      y_bar := f_y^T w, p_bar += f_p^T w
///   loss(samples, y)                                  the block's share of L
///   scratch_size(samples)                             scalars of scratch that rhs and vjp need
///
/// All are templates over the scalar, so that duals go through the same lines. Host only.
template <class P>
concept FieldProblem = requires(P const& problem, std::int64_t i, double const* x, double* out,
                                std::span<double> values) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::family } -> std::convertible_to<std::string_view>;
  { P::summary } -> std::convertible_to<std::string_view>;
  { P::arguments() } -> std::same_as<std::vector<Argument>>;
  requires std::constructible_from<P, Arguments const&>;
  { problem.samples() } -> std::same_as<std::int64_t>;
  { problem.sample_size() } -> std::same_as<std::int64_t>;
  { problem.block_size() } -> std::same_as<std::int64_t>;
  { problem.parameters() } -> std::same_as<std::int64_t>;
  { problem.scratch_size(i) } -> std::same_as<std::int64_t>;
  problem.rhs(i, x, x, out, out);
  problem.vjp(i, x, x, x, out, out, out);
  { problem.loss(i, x) } -> std::same_as<double>;
  problem.loss_gradient(i, x, out);
  problem.initial_state(i, values);
  problem.parameter_values(values);
  { problem.t0 } -> std::convertible_to<double>;
  { problem.t1 } -> std::convertible_to<double>;
};

}  // namespace retrace
