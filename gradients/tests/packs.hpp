#pragma once

#include "gradients/ensemble_gradient.hpp"
#include "gradients/tests/gradient_of.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace retrace::tests {

/// All that a trajectory comes out with; doubles by their bits, so that NaN equals NaN.
struct Outcome {
  SolveStatus status = SolveStatus::success;
  std::int64_t accepted = 0, rejected = 0;
  std::vector<std::int64_t> counts;  ///< records and every count of work
  std::vector<std::uint64_t> loss, dloss_dy0, dloss_dp, final_state;
};

inline void expect_the_same(Outcome const& a, Outcome const& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.counts, b.counts);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.dloss_dy0, b.dloss_dy0);
  EXPECT_EQ(a.dloss_dp, b.dloss_dp);
  EXPECT_EQ(a.final_state, b.final_state);
}
inline void expect_the_same(std::vector<Outcome> const& a, std::vector<Outcome> const& b, std::string const& what) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(what + ", trajectory " + std::to_string(i));
    expect_the_same(a[i], b[i]);
  }
}

/// The outcome of each trajectory, `W` of them side by side: the kernel of EnsembleGradient, item by item.
template <class Method, class Precision, int W, EnsembleProblem Problem>
[[nodiscard]] std::vector<Outcome> outcomes(Problem const& problem, Tableau const& tab, StepControl const& control) {
  using Kernel = EnsembleKernel<Problem, Method, Precision, W>;
  RecordShape const shape = Method::record_shape(tab, control);
  constexpr int N = Problem::dimension, P = Problem::parameters;
  constexpr std::int64_t capacity = 2048;  // records; whoever needs more gets arena_exhausted
  std::int64_t const n = problem.trajectories, items = (n + W - 1) / W;
  auto const at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  auto const arena = at(shape.scalars == 0 ? 0 : items * W * capacity);
  // A real arena is not initialised: what a lane reads beyond its records must not matter.
  std::vector<typename Precision::Time> scalars(arena * at(shape.scalars), std::nan(""));
  std::vector<typename Precision::State> states(arena * at(shape.states * N), std::nanf("")),
      slots(at(items * W * shape.slots * N), std::nanf(""));
  std::vector<double> loss(at(n)), dloss_dy0(at(n * N)), final_state(at(n * N)), dloss_dp(at(n * P));
  std::vector<SolveStatus> status(at(n));
  std::vector<std::int64_t> records(at(n));
  std::vector<WorkCounts> work(at(n));
  Kernel const kernel{problem,
                      tab,
                      shape,
                      control,
                      0,
                      0,
                      n,
                      capacity,
                      W,
                      {.scalars = scalars.data(),
                       .states = states.data(),
                       .slots = slots.data(),
                       .loss = loss.data(),
                       .dloss_dy0 = dloss_dy0.data(),
                       .final_state = final_state.data(),
                       .dloss_dp = dloss_dp.data(),
                       .dloss_dt = nullptr,
                       .status = status.data(),
                       .records = records.data(),
                       .work = work.data(),
                       .round_trip = nullptr}};
  for (std::int64_t item = 0; item < items; ++item) kernel.solve(item);

  std::vector<Outcome> all(at(n));
  auto const bits = [&](std::vector<double> const& rows, std::int64_t i, int size) {
    std::vector<std::uint64_t> list;
    for (int d = 0; d < size; ++d) list.push_back(std::bit_cast<std::uint64_t>(rows[at(i * size + d)]));
    return list;
  };
  for (std::int64_t i = 0; i < n; ++i) {
    WorkCounts w = work[at(i)];
    // The lanes of a pack go back by one schedule, the longest's: what is computed again depends on the neighbours.
    if (shape.slots > 0) w.rhs_backward = w.readvanced = 0;
    all[at(i)] = {status[at(i)],
                  w.accepted,
                  w.rejected,
                  {records[at(i)], w.rhs_forward, w.rhs_backward, w.vjp, w.accepted, w.rejected, w.reverse_accepted,
                   w.reverse_rejected, w.readvanced, w.graph_depth},
                  bits(loss, i, 1),
                  bits(dloss_dy0, i, N),
                  bits(dloss_dp, i, P),
                  bits(final_state, i, N)};
  }
  return all;
}

}  // namespace retrace::tests
