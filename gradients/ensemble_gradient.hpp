#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "core/lanes.hpp"
#include "core/precision.hpp"
#include "gradients/ensemble_tape.hpp"
#include "gradients/gradient_driver.hpp"
#include "gradients/lane_width.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/tableau.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace retrace {

/// One chunk of trajectories: work item i solves and differentiates `W` of them from beginning to end.
template <EnsembleProblem Problem, class Method, Tableau Tab, class Precision, int W, class Memory>
struct EnsembleKernel {
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using T = Lanes<typename Precision::State, W>;
  using S = Lanes<typename Precision::Time, W>;
  using Model = EnsembleModel<Problem, T, S>;
  using Tape = EnsembleTape<T, S, N>;
  static constexpr RecordShape shape = Method::template record_shape<Tab>();

  Problem problem;
  StepControl control;
  std::int64_t first_global, first_local, trajectories;  // of this chunk
  std::int64_t capacity, lanes;                          // of the arena: records per lane, lanes side by side
  Kokkos::View<ValueOf<S>*, Memory> scalars;
  Kokkos::View<ValueOf<T>*, Memory> states;
  Kokkos::View<double*, Memory> loss;
  Kokkos::View<double*[N], Kokkos::LayoutRight, Memory> dloss_dy0, final_state;
  Kokkos::View<double* [P], Kokkos::LayoutRight, Memory> dloss_dp;
  Kokkos::View<SolveStatus*, Memory> status;
  Kokkos::View<std::int64_t*, Memory> records;
  Kokkos::View<WorkCounts*, Memory> work;

  KOKKOS_FUNCTION void operator()(std::int64_t item) const { solve(item); }

  /// Apart and not inlined, so that it is compiled once for all host execution spaces.
  [[gnu::noinline]] KOKKOS_FUNCTION void solve(std::int64_t item) const {
    Model model{};
    GradientState<Model> g{{}, {}, model.make_parameters(""), S(0.0)};
    model.set_zero(g.lambda);
    for (int l = 0; l < W; ++l) load(trajectory(item, l), l, model, g.y);

    std::int64_t const first = item * W, group = first / lanes, lane = first % lanes;
    Tape tape(shape, scalars.data() + group * capacity * shape.scalars * lanes + lane,
              states.data() + group * capacity * shape.states * N * lanes + lane, capacity, lanes);
    typename Method::template Workspace<Tab, Model> workspace(model);
    WorkCountsOf<CountOf<S>> counts;
    LaneStatus<S> const outcome =
        Method::template run<Tab>(model, control, S(problem.t0), S(problem.t1), workspace, tape, g, counts);
    for (int l = 0; l < W && first + l < trajectories; ++l)
      store(first_local + first + l, l, outcome.of_lane(l), tape.records(l), retrace::lane(counts, l), g);
  }

 private:
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
    status(local) = outcome;
    records(local) = records_written;
    work(local) = counts;
    loss(local) = good ? static_cast<double>(retrace::lane(g.loss, l)) : not_a_number;
    for (int d = 0; d < N; ++d) {
      dloss_dy0(local, d) = good ? static_cast<double>(retrace::lane(g.lambda[d], l)) : not_a_number;
      final_state(local, d) = static_cast<double>(retrace::lane(g.y[d], l));
    }
    for (int j = 0; j < P; ++j)
      dloss_dp(local, j) = good ? static_cast<double>(retrace::lane(g.p_bar[j], l)) : not_a_number;
  }
};

/// The largest number of records that a trajectory asked for.
template <class Records>
struct MostRecords {
  Records records;
  KOKKOS_FUNCTION void operator()(std::int64_t i, std::int64_t& most) const {
    most = records(i) > most ? records(i) : most;
  }
};

/// A gradient method on an ensemble, on one execution space. Trajectories are solved in chunks that share one arena,
/// cut so that the arena keeps to a budget of bytes. A chunk that overflows is solved again with an arena whose lanes
/// hold exactly the records that it asked for.
template <EnsembleProblem Problem, class Method, Tableau Tab, class Exec, class Precision = F64,
          int W = lane_width<Exec, Precision>>
class EnsembleGradient final : public GradientDriver {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using Memory = typename Exec::memory_space;
  using Kernel = EnsembleKernel<Problem, Method, Tab, Precision, W, Memory>;
  static constexpr bool on_host = Kokkos::SpaceAccessibility<Kokkos::HostSpace, Memory>::accessible;

  /// Records per trajectory that an arena begins with.
  static constexpr std::int64_t first_capacity = 64;
  /// Bytes that an arena keeps to, unless one work item per thread needs more: about a core's share of cache, or for a
  /// device enough to fill it.
  static constexpr std::int64_t default_arena_budget = on_host ? 8 << 20 : 1 << 30;

  EnsembleGradient(Problem const& problem, StepControl const& control, BlockPartition const& partition,
                   Communicator const& comm, std::int64_t arena_budget = default_arena_budget)
      : problem_(problem), control_(control), partition_(partition), comm_(&comm), arena_budget_(arena_budget) {
    auto const n = static_cast<std::size_t>(partition.local_items());
    loss_ = decltype(loss_)("retrace::ensemble::loss", n);
    dloss_dy0_ = decltype(dloss_dy0_)("retrace::ensemble::dloss_dy0", n);
    final_state_ = decltype(final_state_)("retrace::ensemble::final_state", n);
    dloss_dp_ = decltype(dloss_dp_)("retrace::ensemble::dloss_dp", n);
    status_ = decltype(status_)("retrace::ensemble::status", n);
    records_ = decltype(records_)("retrace::ensemble::records", n);
    work_ = decltype(work_)("retrace::ensemble::work", n);
    allocate_arena(record_bytes() > 0 ? first_capacity : 0);
  }

  void run() override {
    for (std::int64_t first = 0; first < partition_.local_items();) {
      std::int64_t const items = std::min(chunk_, partition_.local_items() - first);
      std::int64_t const needed = run_chunk(first, items);
      if (needed > capacity_) {
        allocate_arena(needed);
        ++redos_;
      } else {
        first += items;
      }
    }
  }

  [[nodiscard]] GradientResult result() const override {
    auto const loss = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, loss_);
    auto const dy0 = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, dloss_dy0_);
    auto const dp = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, dloss_dp_);
    auto const end = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, final_state_);
    auto const status = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, status_);
    auto const records = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, records_);
    auto const work = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, work_);
    auto const n = static_cast<std::size_t>(partition_.local_items());

    GradientResult result;
    result.dloss_dy0.assign(dy0.data(), dy0.data() + n * N);
    result.dloss_dp_each.assign(dp.data(), dp.data() + n * P);
    result.final_state.assign(end.data(), end.data() + n * N);
    WorkCounts work_sum;
    std::int64_t failed = 0, worst = 0, most_records = 0;
    for (std::size_t i = 0; i < n; ++i) {
      work_sum += work(i);
      failed += status(i) == SolveStatus::success ? 0 : 1;
      worst = std::max<std::int64_t>(worst, static_cast<int>(status(i)));
      most_records = std::max(most_records, records(i));
    }
    result.status = static_cast<SolveStatus>(comm_->all_max(worst));
    result.failed_trajectories = comm_->all_sum(failed);
    result.work = sum_over_ranks(*comm_, work_sum);
    result.checkpoint_bytes = chunk_ * most_records * record_bytes();
    result.arena_bytes = chunk_ * capacity_ * record_bytes();
    result.model_bytes = output_bytes() + result.arena_bytes;
    result.arena_redos = comm_->all_sum(redos_);
    reduce_trajectories(partition_, *comm_, {loss.data(), n}, P, result);
    return result;
  }

 private:
  [[nodiscard]] static constexpr std::int64_t record_bytes() {
    return static_cast<std::int64_t>(sizeof(typename Precision::Time)) * Kernel::shape.scalars +
           static_cast<std::int64_t>(sizeof(typename Precision::State)) * N * Kernel::shape.states;
  }
  [[nodiscard]] std::int64_t output_bytes() const {
    return partition_.local_items() * static_cast<std::int64_t>(sizeof(double) * (1 + 2 * N + P) + sizeof(SolveStatus) +
                                                                sizeof(std::int64_t) + sizeof(WorkCounts));
  }

  /// Trajectories of a chunk whose lanes have so many records: what the budget allows, whole packs, at least one per
  /// thread of a host.
  [[nodiscard]] std::int64_t chunk_for(std::int64_t capacity) const {
    std::int64_t const per_lane = std::max<std::int64_t>(1, capacity * record_bytes());
    std::int64_t const least = W * (on_host ? static_cast<std::int64_t>(exec_.concurrency()) : 1024);
    std::int64_t const wanted = std::min(std::max(arena_budget_ / per_lane, least), partition_.local_items());
    return (wanted + W - 1) / W * W;
  }
  void allocate_arena(std::int64_t capacity) {
    scalars_ = {};  // freed first: the peak is the larger arena, not the sum
    states_ = {};
    capacity_ = capacity;
    chunk_ = chunk_for(capacity);
    auto const records = static_cast<std::size_t>(chunk_ * capacity);
    scalars_ = decltype(scalars_)(Kokkos::view_alloc("retrace::arena::scalars", Kokkos::WithoutInitializing),
                                  records * static_cast<std::size_t>(Kernel::shape.scalars));
    states_ = decltype(states_)(Kokkos::view_alloc("retrace::arena::states", Kokkos::WithoutInitializing),
                                records * static_cast<std::size_t>(Kernel::shape.states * N));
  }

  /// Returns the largest number of records that a trajectory of the chunk asked for.
  std::int64_t run_chunk(std::int64_t first, std::int64_t trajectories) {
    Kernel const kernel{problem_,
                        control_,
                        partition_.first_item() + first,
                        first,
                        trajectories,
                        capacity_,
                        on_host ? W : chunk_,
                        scalars_,
                        states_,
                        loss_,
                        dloss_dy0_,
                        final_state_,
                        dloss_dp_,
                        status_,
                        records_,
                        work_};
    using Policy = Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Dynamic>, Kokkos::IndexType<std::int64_t>>;
    Policy policy(exec_, 0, (trajectories + W - 1) / W);
    if constexpr (on_host) policy.set_chunk_size(1);  // an item is a whole solve
    Kokkos::parallel_for("retrace::ensemble::gradient", policy, kernel);
    std::int64_t needed = 0;
    Kokkos::parallel_reduce(
        "retrace::ensemble::needed_records",
        Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(exec_, first, first + trajectories),
        MostRecords<decltype(records_)>{records_}, Kokkos::Max<std::int64_t>(needed));
    return needed;
  }

  Exec exec_{};
  Problem problem_;
  StepControl control_;
  BlockPartition partition_;
  Communicator const* comm_;
  std::int64_t arena_budget_, chunk_ = 0, capacity_ = 0, redos_ = 0;
  Kokkos::View<typename Precision::Time*, Memory> scalars_;
  Kokkos::View<typename Precision::State*, Memory> states_;
  Kokkos::View<double*, Memory> loss_;
  Kokkos::View<double*[N], Kokkos::LayoutRight, Memory> dloss_dy0_, final_state_;
  Kokkos::View<double* [P], Kokkos::LayoutRight, Memory> dloss_dp_;
  Kokkos::View<SolveStatus*, Memory> status_;
  Kokkos::View<std::int64_t*, Memory> records_;
  Kokkos::View<WorkCounts*, Memory> work_;
};

}  // namespace retrace
