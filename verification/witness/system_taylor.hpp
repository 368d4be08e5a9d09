#pragma once

#include "verification/witness/derivatives.hpp"
#include "verification/witness/shaken.hpp"
#include "verification/witness/taylor.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace retrace::witness {

/// The Taylor test of one system along +-(1 + |x|) in all unknowns, on the recorded steps in plain loops, or on the
/// live program as far as it keeps its branches. Nothing if the solve fails. Of the live program it takes half the
/// difference between both sides: atol + rtol |y|, by which its first step is chosen, has a kink where a component
/// of y0 is 0, and there the gradient holds the mean of the two slopes, as |y|' = 0 does.
template <class System>
[[nodiscard]] std::optional<TaylorTest> taylor_of(System const& system, PlainScheme const& scheme,
                                                  StepControl const& control,
                                                  std::vector<StepSpan<double>> const& steps, bool program,
                                                  GradientBlocks const& gradient, double gradient_rounding,
                                                  int direction) {
  std::vector<double> d_y = random_signs(201, system.first_entry(), system.y0.size()),
                      d_p = random_signs(202, system.first_parameter(), system.p.size());
  for (std::size_t i = 0; i < d_y.size(); ++i) d_y[i] *= 1.0 + std::abs(system.y0[i]);
  for (std::size_t j = 0; j < d_p.size(); ++j) d_p[j] *= 1.0 + std::abs(system.p[j]);

  std::vector<std::uint64_t> branches;
  // J at x + e d, each component of x moved by a relative `shift` with random signs beside.
  auto const loss_at = [&](double e, double shift, std::uint64_t seed) -> std::optional<double> {
    Numbers<double> y = system.y0, p = system.p;
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] = y[i] * (1.0 + shift * random_sign(seed, system.first_entry() + static_cast<std::int64_t>(i))) + e * d_y[i];
    for (std::size_t j = 0; j < p.size(); ++j)
      p[j] = p[j] * (1.0 + shift * random_sign(seed + 1, static_cast<std::int64_t>(j))) + e * d_p[j];
    if (!program) {
      plain_replay(scheme, system, steps, p, y);
      return system.sum(static_cast<double>(system.loss(y)));
    }
    // A solve with more trials than the first has other branches: nothing is lost by ending it, and far from x it may
    // need millions.
    StepControl limited = control;
    if (!branches.empty()) limited.max_steps = static_cast<std::int64_t>(branches.size()) + 1;
    auto const live = run_solver<F64>(system, *scheme.tab, limited, y, p);
    double differs = live && (branches.empty() || live->pattern == branches) ? 0.0 : 1.0;
    differs = system.sum(differs);  // a rank sees the branches of its own entries only
    if (live && branches.empty()) branches = live->pattern;
    return differs > 0.0 ? std::nullopt : std::optional(live->loss);
  };
  std::optional<double> const here = loss_at(0.0, 0.0, 0);
  if (!here) return std::nullopt;

  constexpr double last_bits = 4.0 * limits::double_round_off;
  std::vector<double> changes;
  for (std::uint64_t run = 0; run < 6; ++run) {
    if (auto const there = loss_at(0.0, last_bits, 300 + 2 * run)) changes.push_back(std::abs(*there - *here));
  }
  double const noise_of_input = changes.empty() ? 0.0 : median(changes);
  // What the program's own roundings make of J: on many steps, or where the flow forgets its start, more than that.
  auto const replayed = [&](double round_off, std::uint64_t seed) {
    Numbers<double> y = system.y0;
    ShakenSystem<System> const shaken(system, {.round_off = round_off,
                                               .operations_per_component = system.operations_per_component(),
                                               .seed = seed << 40U,
                                               .first_entry = system.first_entry()});
    plain_replay(scheme, shaken, steps, system.p, y);
    return system.sum(static_cast<double>(system.loss(y)));
  };
  double const unshaken = replayed(0.0, 0);
  changes.clear();
  for (std::uint64_t run = 1; run <= 6; ++run)
    changes.push_back(std::abs(replayed(limits::double_round_off, run) - unshaken));
  double const size = product(system, gradient.y0, d_y).size + [&] {
    double p = 0.0;
    for (std::size_t j = 0; j < d_p.size(); ++j) p += std::abs(gradient.p[j] * d_p[j]);
    return p;
  }();
  double slope = product(system, gradient.y0, d_y).value;
  for (std::size_t j = 0; j < d_p.size(); ++j) slope += gradient.p[j] * d_p[j];
  constexpr double beyond_median = 10.0;  // the floor stands above every change, not above half of them
  double const noise =
      beyond_median * std::max({noise_of_input, median(changes), limits::double_round_off * std::abs(*here)});
  return taylor_test({.difference = [&](double e) -> std::optional<double> {
                        auto const there = loss_at(e, 0.0, 0);
                        if (!program) return there ? std::optional(*there - *here) : std::nullopt;
                        auto const opposite = loss_at(-e, 0.0, 0);
                        return there && opposite ? std::optional(0.5 * (*there - *opposite)) : std::nullopt;
                      },
                      .slope = slope,
                      .noise = noise,
                      .slope_error = gradient_rounding* size,
                      .direction = direction});
}

}  // namespace retrace::witness
