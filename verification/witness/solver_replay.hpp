#pragma once

#include "verification/witness/derivatives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace retrace::witness {

namespace detail {
/// Where recorded steps leave a gap in time: t0 to the first, one to the next, the last to t1.
template <class S, class System>
[[nodiscard]] IdentityDefect time_gap(System const& system, std::vector<StepSpan<double>> const& steps) {
  auto const t0 = static_cast<double>(static_cast<S>(system.t0)), t1 = static_cast<double>(static_cast<S>(system.t1));
  constexpr double u = std::is_same_v<S, double> ? limits::double_round_off : limits::single_round_off;
  IdentityDefect worst;
  double t = t0;
  for (std::size_t n = 0; n <= steps.size(); ++n) {
    double const begins = n < steps.size() ? steps[n].t : t1;
    worst.keep_worse(
        {.error = std::abs(begins - t),  // the same number, not one that is close
         .bound = 0.0,
         .size = std::abs(t1 - t0),
         .where = fmt::format("gap in time before step {} of {}: {} to {}", n + 1, system.name(), t, begins),
         .compared = 1});
    if (n == steps.size()) break;
    // A step that is stretched to end at t1 exactly may differ from t + h by the slack of the integrator.
    constexpr double slack = 32.0 * u;
    double const size = std::max(std::abs(steps[n].t), std::abs(steps[n].t_next));
    worst.keep_worse({.error = std::abs(steps[n].t + steps[n].h - steps[n].t_next),
                      .bound = slack * size,
                      .size = std::abs(t1 - t0),
                      .where = fmt::format("length of step {} of {}", n + 1, system.name()),
                      .compared = 1});
    t = steps[n].t_next;
  }
  return worst;
}

template <class System>
[[nodiscard]] double norm_of_difference(System const& system, std::vector<double> const& a,
                                        std::vector<double> const& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(system.sum(sum));
}
}  // namespace detail

/// The final state of a run in `Precision` against its accepted steps in plain loops, and its times without gaps.
template <class Precision, class System>
[[nodiscard]] IdentityDefect replay_defect(System const& system, Tableau const& tab, SolverRun const& run) {
  using T = typename Precision::State;
  constexpr double u = std::is_same_v<T, double> ? limits::double_round_off : limits::single_round_off;
  Numbers<T> const y0 = converted<T>(system.y0), p0 = converted<T>(system.p);
  Numbers<double> const start(y0.begin(), y0.end()), p(p0.begin(), p0.end());
  auto const end_of_replay = [&](Shaking const& shaking) {
    Numbers<double> y = start;
    plain_replay(tab, ShakenSystem<System>(system, shaking), run.steps, p, y);
    return y;
  };
  Numbers<double> const plain = end_of_replay({});
  double moved = 0.0;
  for (std::uint64_t shake = 0; shake < 4; ++shake) {
    Numbers<double> const shaken = end_of_replay({.round_off = u,
                                                  .operations_per_component = system.operations_per_component(),
                                                  .seed = (shake + 1) << 40U,
                                                  .first_entry = system.first_entry()});
    moved = std::max(moved, detail::norm_of_difference(system, shaken, plain));
  }
  double const size = std::sqrt(product(system, plain, plain).value);
  IdentityDefect worst = detail::time_gap<typename Precision::Time>(system, run.steps);
  worst.keep_worse(
      {.error = detail::norm_of_difference(system, run.final_state, plain),
       .bound = limits::deviations * moved + limits::least_difference(u, static_cast<double>(run.steps.size())) * size,
       .size = size,
       .where = fmt::format("final state of {} after {} steps", system.name(), run.steps.size()),
       .compared = 1});
  return worst;
}

namespace detail {
/// E of the entries of this rank, whose absolute values are `shares`; collective.
template <class System>
[[nodiscard]] double norm_of_shares(System const& system, ErrorNorm norm, std::vector<double> const& shares) {
  if (norm == ErrorNorm::max) {
    double most = 0.0;
    for (double const share : shares) most = std::max(most, share);
    return system.largest(most);
  }
  std::size_t const size = norm == ErrorNorm::rms ? shares.size() : system.sample_size();
  double squares = 0.0, most = 0.0;
  for (std::size_t d = 0; d < shares.size(); ++d) {
    if (d % size == 0) squares = 0.0;
    squares += shares[d] * shares[d];
    most = std::max(most, squares);
  }
  if (norm == ErrorNorm::rms) return std::sqrt(system.sum(squares) / system.sum(static_cast<double>(size)));
  return std::sqrt(system.largest(most) / static_cast<double>(size));
}
}  // namespace detail

/// The error norm E of each accepted step, Eq. (0.3) of docs/methods.md in plain loops, against 1 and what rounding in
/// the run's precision makes of it.
template <class System>
[[nodiscard]] IdentityDefect error_norm_defect(System const& system, Tableau const& tab, StepControl const& control,
                                               std::vector<StepSpan<double>> const& steps, double unit_round_off) {
  Numbers<double> const& p = system.p;
  std::vector<Numbers<double>> k;
  std::vector<double> shares(system.y0.size()), noise_shares(system.y0.size());
  double const roundings = std::sqrt(1.0 + system.operations_per_component());
  // E of the step from `y`, which it moves.
  auto const norm_of_step = [&](auto const& stepped, StepSpan<double> const& step, Numbers<double>& y) {
    Numbers<double> const before = y;
    plain_step(tab, stepped, step, p, y, k, tab.stages);
    for (std::size_t d = 0; d < y.size(); ++d) {
      double const weight =
          control.absolute_tolerance + control.relative_tolerance * std::max(std::abs(before[d]), std::abs(y[d]));
      double e = 0.0, terms = 0.0;
      for (std::size_t j = 0; j < k.size(); ++j) {
        e += tab.error[j] * k[j][d];
        terms += std::abs(tab.error[j] * k[j][d]);
      }
      shares[d] = std::abs(step.h * e) / weight;
      noise_shares[d] = std::abs(step.h) * terms / weight;
    }
    return detail::norm_of_shares(system, control.norm, shares);
  };
  // What the run's roundings up to each step make of its E. Asked for where E is above 1 only: bodies that meet magnify
  // what was rounded before, and f cancels there.
  auto const measured_noise = [&](std::vector<double> const& norms) {
    constexpr std::uint64_t runs = 8;
    std::vector<double> noise(steps.size(), 0.0);
    for (std::uint64_t run = 0; run < runs; ++run) {
      ShakenSystem<System> const shaken(system, {.round_off = unit_round_off,
                                                 .operations_per_component = system.operations_per_component(),
                                                 .seed = (run + 1) << 40U,
                                                 .first_entry = system.first_entry()});
      Numbers<double> y = system.y0;
      shaken.end_of_step(y);  // the start is rounded, too
      for (std::size_t n = 0; n < steps.size(); ++n) {
        noise[n] = std::max(noise[n], std::abs(norm_of_step(shaken, steps[n], y) - norms[n]));
        shaken.end_of_step(y);
      }
    }
    return noise;
  };

  std::vector<double> norms(steps.size()), noise(steps.size());
  Numbers<double> y = system.y0;
  for (std::size_t n = 0; n < steps.size(); ++n) {
    norms[n] = norm_of_step(system, steps[n], y);
    noise[n] = unit_round_off * roundings * detail::norm_of_shares(system, control.norm, noise_shares);
  }
  auto const bound = [&](std::size_t n) { return 1.0 + limits::deviations_of_identity * (noise[n] + unit_round_off); };
  bool above = false;
  for (std::size_t n = 0; n < steps.size(); ++n) above = above || !(norms[n] <= bound(n));
  if (above) {
    std::vector<double> const measured = measured_noise(norms);
    for (std::size_t n = 0; n < steps.size(); ++n) noise[n] = std::max(noise[n], measured[n]);
  }
  IdentityDefect worst;
  for (std::size_t n = 0; n < steps.size(); ++n) {
    worst.keep_worse(
        {.error = norms[n],
         .bound = bound(n),
         .size = 1.0,
         .where = fmt::format("step {} (t = {:.6g}, h = {:.3g}) of {}", n + 1, steps[n].t, steps[n].h, system.name()),
         .compared = 1});
  }
  return worst;
}

}  // namespace retrace::witness
