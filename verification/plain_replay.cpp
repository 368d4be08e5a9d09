#include "verification/plain_replay.hpp"

#include <cstddef>

namespace retrace {

namespace {

using Numbers = std::vector<double>;

/// to := y + h sum_j a_j k_j
void combine(Numbers const& y, double h, CoefficientRow const& row, std::vector<Numbers> const& k, Numbers& to) {
  to = y;
  for (int j = row.begin; j < row.end; ++j) {
    double const factor = h * row.at(j);
    if (factor == 0.0) continue;
    Numbers const& stage = k[static_cast<std::size_t>(j)];
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * stage[i];
  }
}

/// A state and its stages; a tangent and its.
struct Moving {
  Numbers now, argument, next;
  std::vector<Numbers> k;
  Moving(Tableau const& tab, std::size_t size)
      : now(size), argument(size), next(size), k(static_cast<std::size_t>(tab.stages), Numbers(size)) {}
};

void advance(Tableau const& tab, StepSpan<double> const& span, PlainSystem& system, Moving& y, Moving* dy,
             double const* dp) {
  for (int i = 0; i < tab.last_used_stage; ++i) {
    auto const s = static_cast<std::size_t>(i);
    double const t = span.t + tab.c[s] * span.h;
    combine(y.now, span.h, tab.stage_row(i), y.k, y.argument);
    system.rhs(t, y.argument.data(), y.k[s].data());
    if (dy == nullptr) continue;
    combine(dy->now, span.h, tab.stage_row(i), dy->k, dy->argument);
    system.jvp(t, y.argument.data(), dy->argument.data(), dp, dy->k[s].data());
  }
  for (Moving* const x : {&y, dy}) {
    if (x == nullptr) continue;
    combine(x->now, span.h, CoefficientRow{tab.b.data(), 0, tab.last_used_stage}, x->k, x->next);
    x->now.swap(x->next);
  }
}

}  // namespace

ReplayedLoss replay_with_tangent(Tableau const& tab, std::span<StepSpan<double> const> steps, PlainSystem& system,
                                 std::span<double const> dy0, std::span<double const> dp,
                                 EndOfStep const& end_of_step) {
  auto const n = static_cast<std::size_t>(system.dimension());
  Moving y(tab, n), dy(tab, n);
  system.initial_state(y.now.data());
  if (!dy0.empty()) dy.now.assign(dy0.begin(), dy0.end());
  for (auto const& span : steps) {
    advance(tab, span, system, y, &dy, dp.empty() ? nullptr : dp.data());
    if (end_of_step) end_of_step(y.now, dy.now);
  }
  Numbers gradient(n);
  system.loss_gradient(y.now.data(), gradient.data());
  ReplayedLoss result{system.loss(y.now.data()), 0.0};
  for (std::size_t i = 0; i < n; ++i) result.derivative += gradient[i] * dy.now[i];
  return result;
}

double replay_loss(Tableau const& tab, std::span<StepSpan<double> const> steps, PlainSystem& system) {
  Moving y(tab, static_cast<std::size_t>(system.dimension()));
  system.initial_state(y.now.data());
  for (auto const& span : steps) advance(tab, span, system, y, nullptr, nullptr);
  return system.loss(y.now.data());
}

std::vector<StepSpan<double>> halved(std::span<StepSpan<double> const> steps) {
  std::vector<StepSpan<double>> halves;
  for (auto const& [t, h, t_next] : steps) {
    double const middle = t + 0.5 * h;
    halves.push_back({t, middle - t, middle});
    halves.push_back({middle, t_next - middle, t_next});
  }
  return halves;
}

}  // namespace retrace
