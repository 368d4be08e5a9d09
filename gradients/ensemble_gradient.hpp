#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "core/lanes.hpp"
#include "core/precision.hpp"
#include "gradients/ensemble_storage.hpp"
#include "gradients/ensemble_tape.hpp"
#include "gradients/gradient_driver.hpp"
#include "gradients/host_items.hpp"
#include "gradients/lane_width.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/tableau.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>

namespace retrace {

/// One chunk of trajectories: work item i solves and differentiates `W` of them from beginning to end.
template <EnsembleProblem Problem, class Method, class Precision, int W>
struct EnsembleKernel {
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using T = Lanes<typename Precision::State, W>;
  using S = Lanes<typename Precision::Time, W>;
  using Model = EnsembleModel<Problem, T, S>;
  using Tape = EnsembleTape<T, S, N>;

  Problem problem;
  Tableau tab;
  RecordShape shape;
  StepControl control;
  std::int64_t first_global, first_local, trajectories;  // of this chunk
  std::int64_t capacity, lanes;                          // of the arena: records per lane, lanes side by side
  EnsembleArrays<ValueOf<T>, ValueOf<S>> at;

  KOKKOS_FUNCTION void operator()(std::int64_t item) const { solve(item); }
  /// For ItemOnHost: one function for all host execution spaces.
  static void solve_one(void const* kernel, std::int64_t item) {
    static_cast<EnsembleKernel const*>(kernel)->solve(item);
  }

  KOKKOS_FUNCTION void solve(std::int64_t item) const {
    Model model{};
    GradientState<Model> g{{}, {}, model.make_parameters(""), S(0.0)};
    model.set_zero(g.lambda);
    for (int l = 0; l < W; ++l) load(trajectory(item, l), l, model, g.y);

    if (control.time_gradients) {
      std::int64_t const left = trajectories - item * W;
      g.times.at_observations = at.dloss_dt + (first_local + item * W) * times() + 2;
      g.times.row = times();
      g.times.lane_rows = left < W ? left : W;
    }

    std::int64_t const first = item * W, group = first / lanes, lane = first % lanes;
    Tape tape(shape, at.scalars + group * capacity * shape.scalars * lanes + lane,
              at.states + group * capacity * shape.states * N * lanes + lane,
              at.slots + group * shape.slots * N * lanes + lane, capacity, lanes);
    typename Method::template Workspace<Model> workspace(tab, control, model);
    WorkCountsOf<CountOf<S>> counts;
    LaneStatus<S> const outcome =
        Method::run(tab, model, control, S(problem.t0), S(problem.t1), workspace, tape, g, counts);
    for (int l = 0; l < W && first + l < trajectories; ++l)
      store(first_local + first + l, l, outcome.of_lane(l), tape.records(l), retrace::lane(counts, l), g);
  }

 private:
  /// Entries of a row of dloss_dt.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t times() const { return 2 + control.objective.observations; }
  /// The trajectory of a lane within the chunk; lanes beyond the last repeat it, and are not stored.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t trajectory(std::int64_t item, int l) const {
    std::int64_t const i = item * W + l;
    return i < trajectories ? i : trajectories - 1;
  }
  KOKKOS_INLINE_FUNCTION void load(std::int64_t i, int l, Model& model, Vec<T, N>& y) const {
    Vec<double, N> const y0 = problem.initial_state(first_global + i);
    Vec<double, P> const p = problem.parameter_values(first_global + i);
    for (int d = 0; d < N; ++d) set_lane(y[d], l, static_cast<ValueOf<T>>(y0[d]));
    for (int j = 0; j < P; ++j) set_lane(model.p[j], l, static_cast<ValueOf<T>>(p[j]));
  }
  KOKKOS_INLINE_FUNCTION void store(std::int64_t local, int l, SolveStatus outcome, std::int64_t records_written,
                                    WorkCounts const& counts, GradientState<Model> const& g) const {
    bool const good = outcome == SolveStatus::success;
    double const not_a_number = Kokkos::Experimental::quiet_NaN_v<double>;
    at.status[local] = outcome;
    at.records[local] = records_written;
    at.work[local] = counts;
    if constexpr (is_reversible<Method>) at.round_trip[local] = g.round_trip;
    at.loss[local] = good ? static_cast<double>(retrace::lane(g.loss, l)) : not_a_number;
    for (int d = 0; d < N; ++d) {
      at.dloss_dy0[local * N + d] = good ? static_cast<double>(retrace::lane(g.lambda[d], l)) : not_a_number;
      at.final_state[local * N + d] = static_cast<double>(retrace::lane(g.y[d], l));
    }
    if (control.time_gradients) {
      double* const dloss_dt = at.dloss_dt + local * times();
      dloss_dt[0] = static_cast<double>(retrace::lane(g.times.dt0, l));
      dloss_dt[1] = static_cast<double>(retrace::lane(g.times.dt1, l));
      for (std::int64_t k = 0; !good && k < times(); ++k) dloss_dt[k] = not_a_number;
    }
    for (int j = 0; j < P; ++j)
      at.dloss_dp[local * P + j] = good ? static_cast<double>(retrace::lane(g.p_bar[j], l)) : not_a_number;
  }
};

/// A gradient method on an ensemble, on one execution space. Trajectories are solved in chunks that share one arena,
/// cut so that the arena keeps to a budget of bytes. A chunk that overflows is solved again with an arena whose lanes
/// hold exactly the records that it asked for.
template <EnsembleProblem Problem, class Method, class Exec, class Precision = F64,
          int W = Method::packs ? lane_width<Exec, Precision> : 1>
class EnsembleGradient final : public GradientDriver {
 public:
  using Memory = typename Exec::memory_space;
  using Kernel = EnsembleKernel<Problem, Method, Precision, W>;
  static constexpr bool on_host = Kokkos::SpaceAccessibility<Kokkos::HostSpace, Memory>::accessible;

  /// Bytes that an arena keeps to, unless one work item per thread needs more: about a core's share of cache, or for a
  /// device enough to fill it.
  static constexpr std::int64_t default_arena_budget = on_host ? 8 << 20 : 1 << 30;

  EnsembleGradient(Problem const& problem, Tableau const& tab, StepControl const& control,
                   BlockPartition const& partition, Communicator const& comm,
                   std::int64_t arena_budget = default_arena_budget)
      : problem_(problem),
        tab_(tab),
        shape_(supported_record_shape<Method>(tab, control)),
        control_(control),
        partition_(partition),
        storage_(layout(arena_budget), partition, comm) {}

  void run() override {
    for (std::int64_t first = 0; first < partition_.local_items();) {
      std::int64_t const items = std::min(storage_.chunk(), partition_.local_items() - first);
      std::int64_t const needed = run_chunk(first, items);
      if (needed > storage_.capacity())
        storage_.enlarge(needed);
      else
        first += items;
    }
  }

  [[nodiscard]] GradientResult result() const override { return storage_.result(); }

 private:
  [[nodiscard]] EnsembleLayout layout(std::int64_t arena_budget) const {
    return {.dimension = Problem::dimension,
            .parameters = Problem::parameters,
            .width = W,
            .shape = shape_,
            .times = control_.time_gradients ? 2 + control_.objective.observations : 0,
            .reversible = is_reversible<Method>,
            .arena_budget = arena_budget,
            .least_items = on_host ? static_cast<std::int64_t>(exec_.concurrency()) : 1024};
  }

  /// Returns the largest number of records that a trajectory of the chunk asked for.
  std::int64_t run_chunk(std::int64_t first, std::int64_t trajectories) {
    Kernel const kernel{problem_,
                        tab_,
                        shape_,
                        control_,
                        partition_.first_item() + first,
                        first,
                        trajectories,
                        storage_.capacity(),
                        on_host ? W : storage_.chunk(),
                        storage_.arrays()};
    std::int64_t const items = (trajectories + W - 1) / W;
    if constexpr (on_host) {
      solve_items(exec_, items, {&kernel, &Kernel::solve_one});
      return most_records_on_host(first, first + trajectories, {storage_.arrays().records});
    } else {
      Kokkos::parallel_for("retrace::ensemble::gradient",
                           Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(exec_, 0, items), kernel);
      return most_records(exec_, first, first + trajectories, {storage_.arrays().records});
    }
  }

  Exec exec_{};
  Problem problem_;
  Tableau tab_;
  RecordShape shape_;
  StepControl control_;
  BlockPartition partition_;
  EnsembleStorage<typename Precision::State, typename Precision::Time, Memory> storage_;
};

}  // namespace retrace
