#pragma once

#include "solvers/objective.hpp"
#include "solvers/rk_step.hpp"
#include "verification/problem_instance.hpp"
#include "verification/richardson.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

namespace retrace {

/// The times of a solve, one of which may have been moved: an entry of GradientResult::dloss_dt (t0, t1, observations).
struct SolveTimes {
  double t0, t1;
  Objective objective;

  static constexpr int begin = 0, end = 1, first_observation = 2;

  [[nodiscard]] double observation(int k) const { return objective.times[static_cast<std::size_t>(k)]; }
  [[nodiscard]] bool hits() const { return objective.kind == LossKind::exact; }
  /// Observations strictly between t0 and t1.
  [[nodiscard]] std::vector<int> inside() const {
    std::vector<int> all;
    for (int k = 0; objective.observes() && k < objective.observations; ++k)
      if (observation(k) != t0 && observation(k) != t1) all.push_back(k);
    return all;
  }
  /// Entries that differences are taken in: both ends and the first, the middle and the last observation between them.
  /// An observation that is hit at an end is that end; one on the dense output there could be moved to one side only,
  /// and its end not at all.
  [[nodiscard]] std::vector<int> movable() const {
    std::vector<int> entries;
    bool const on_dense = objective.kind == LossKind::dense && objective.observations > 0;
    if (!on_dense || observation(0) != t0) entries.push_back(begin);
    if (!on_dense || observation(objective.observations - 1) != t1) entries.push_back(end);
    std::vector<int> const between = inside();
    if (between.empty()) return entries;
    std::vector<int> some{between.front(), between[between.size() / 2], between.back()};
    some.erase(std::unique(some.begin(), some.end()), some.end());
    for (int const k : some) entries.push_back(first_observation + k);
    return entries;
  }
  /// Observations that are hit at a moved end go with it.
  [[nodiscard]] SolveTimes moved(int entry, double by) const {
    SolveTimes there = *this;
    double const from = entry == begin ? t0 : entry == end ? t1 : observation(entry - first_observation);
    if (entry == begin) there.t0 += by;
    if (entry == end) there.t1 += by;
    for (int k = 0; objective.observes() && k < objective.observations; ++k) {
      bool const goes_along = entry < first_observation ? hits() : k == entry - first_observation;
      if (goes_along && observation(k) == from) there.objective.times[static_cast<std::size_t>(k)] += by;
    }
    return there;
  }
  /// Steps from t0 to t1 with their nodes moved by rule (i) of docs/methods.md: with t0 all nodes before the first one
  /// that is given (t1, or an observation that is hit), with any other time its own node.
  [[nodiscard]] std::vector<StepSpan<double>> moved(std::vector<StepSpan<double>> steps, int entry, double by) const {
    auto const is_given = [&](double t) {
      for (int k = 0; hits() && k < objective.observations; ++k)
        if (observation(k) == t) return true;
      return t == t1;
    };
    auto shift = [&, before_given = true](double t, bool first) mutable {
      if (!first && is_given(t)) before_given = false;
      bool const own = entry == end ? t == t1 : entry > end && t == observation(entry - first_observation);
      return own || (entry == begin && before_given) ? by : 0.0;
    };
    double here = steps.empty() ? 0.0 : shift(steps.front().t, true);
    for (StepSpan<double>& step : steps) {
      double const next = shift(step.t_next, false);
      step.t += here;
      step.t_next += next;
      step.h += next - here;
      here = next;
    }
    return steps;
  }
  /// The largest step of a difference on frozen steps: a quarter of their mean size, and no observation on the dense
  /// output may pass a node.
  [[nodiscard]] double frozen_reach(std::vector<StepSpan<double>> const& steps) const {
    double reach = 0.25 * std::abs(t1 - t0) / static_cast<double>(steps.size());
    if (objective.kind != LossKind::dense) return reach;
    for (int const k : inside())
      for (auto const& step : steps) reach = std::min(reach, 0.5 * std::abs(observation(k) - step.t));
    return reach;
  }
  /// Of the live program, whose pattern of decisions must not change: a small share of the distances of given times.
  [[nodiscard]] double live_reach() const {
    double gap = std::abs(t1 - t0), before = t0;
    for (int const k : inside()) {
      gap = std::min(gap, std::abs(observation(k) - before));
      before = observation(k);
    }
    return 0x1p-8 * std::min(gap, std::abs(t1 - before));
  }
};

/// d loss / d (one time) by differences; loss_at(e) is the loss, or nothing, with that time moved by e.
template <class LossAt>
[[nodiscard]] DifferenceEstimate differentiate_in_time(SolveTimes const& times, double reach, double loss,
                                                       LossAt&& loss_at) {
  constexpr double unit_round_off = 1.1e-16;
  constexpr int levels = 14;
  double const last_bit = unit_round_off * std::max(std::abs(times.t0), std::abs(times.t1));
  double noise = unit_round_off * std::abs(loss);
  for (double const bits : {-4.0, -2.0, 2.0, 4.0}) {
    std::optional<double> const value = loss_at(bits * last_bit);
    if (value) noise = std::max(noise, std::abs(*value - loss));
  }
  return richardson_derivative(loss_at, reach, levels, noise);
}

/// The worst of several differences, relative to their bars.
struct WorstDifference {
  DifferenceError worst{};
  double ratio = -1.0;

  /// `derivative` is held against `estimate`; `size`: what is large for such a derivative.
  void add(double derivative, DifferenceEstimate const& estimate, double size) {
    ++worst.tried;
    if (!std::isfinite(estimate.bar)) return;
    ++worst.compared;
    double const error = std::abs(derivative - estimate.derivative), here = error / estimate.bar;
    if (here <= ratio) return;
    ratio = here;
    worst.error = error;
    worst.bar = estimate.bar;
    worst.derivative = size;
  }
};

}  // namespace retrace
