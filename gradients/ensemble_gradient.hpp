#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "core/lanes.hpp"
#include "core/precision.hpp"
#include "core/view_of.hpp"
#include "gradients/ensemble_tape.hpp"
#include "gradients/gradient_driver.hpp"
#include "gradients/lane_width.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/tableau.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace retrace {

/// One chunk of trajectories: work item i solves and differentiates `W` of them from beginning to end.
template <EnsembleProblem Problem, class Method, class Precision, int W, class Memory>
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
  Kokkos::View<ValueOf<S>*, Memory> scalars;
  Kokkos::View<ValueOf<T>*, Memory> states, slots;
  Kokkos::View<double*, Memory> loss;
  Kokkos::View<double*[N], Kokkos::LayoutRight, Memory> dloss_dy0, final_state;
  Kokkos::View<double* [P], Kokkos::LayoutRight, Memory> dloss_dp;
  Kokkos::View<double**, Kokkos::LayoutRight, Memory> dloss_dt;  // t0, t1, observation times; or empty
  Kokkos::View<SolveStatus*, Memory> status;
  Kokkos::View<std::int64_t*, Memory> records;
  Kokkos::View<WorkCounts*, Memory> work;
  Kokkos::View<RoundTrip*, Memory> round_trip{};  // of reversible methods only

  KOKKOS_FUNCTION void operator()(std::int64_t item) const { solve(item); }

  /// Apart and not inlined, so that it is compiled once for all host execution spaces.
  [[gnu::noinline]] KOKKOS_FUNCTION void solve(std::int64_t item) const {
    Model model{};
    GradientState<Model> g{{}, {}, model.make_parameters(""), S(0.0)};
    model.set_zero(g.lambda);
    for (int l = 0; l < W; ++l) load(trajectory(item, l), l, model, g.y);

    if (control.time_gradients) {
      std::int64_t const left = trajectories - item * W;
      g.times.at_observations =
          dloss_dt.data() + (first_local + item * W) * static_cast<std::int64_t>(dloss_dt.extent(1)) + 2;
      g.times.row = static_cast<std::int64_t>(dloss_dt.extent(1));
      g.times.lane_rows = left < W ? left : W;
    }

    std::int64_t const first = item * W, group = first / lanes, lane = first % lanes;
    Tape tape(shape, scalars.data() + group * capacity * shape.scalars * lanes + lane,
              states.data() + group * capacity * shape.states * N * lanes + lane,
              slots.data() + group * shape.slots * N * lanes + lane, capacity, lanes);
    typename Method::template Workspace<Model> workspace(tab, control, model);
    WorkCountsOf<CountOf<S>> counts;
    LaneStatus<S> const outcome =
        Method::run(tab, model, control, S(problem.t0), S(problem.t1), workspace, tape, g, counts);
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
    if constexpr (is_reversible<Method>) round_trip(local) = g.round_trip;
    loss(local) = good ? static_cast<double>(retrace::lane(g.loss, l)) : not_a_number;
    for (int d = 0; d < N; ++d) {
      dloss_dy0(local, d) = good ? static_cast<double>(retrace::lane(g.lambda[d], l)) : not_a_number;
      final_state(local, d) = static_cast<double>(retrace::lane(g.y[d], l));
    }
    if (control.time_gradients) {
      dloss_dt(local, 0) = static_cast<double>(retrace::lane(g.times.dt0, l));
      dloss_dt(local, 1) = static_cast<double>(retrace::lane(g.times.dt1, l));
      for (std::size_t k = 0; !good && k < dloss_dt.extent(1); ++k) dloss_dt(local, k) = not_a_number;
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
template <EnsembleProblem Problem, class Method, class Exec, class Precision = F64,
          int W = Method::packs ? lane_width<Exec, Precision> : 1>
class EnsembleGradient final : public GradientDriver {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using Memory = typename Exec::memory_space;
  using Kernel = EnsembleKernel<Problem, Method, Precision, W, Memory>;
  static constexpr bool on_host = Kokkos::SpaceAccessibility<Kokkos::HostSpace, Memory>::accessible;

  /// Records per trajectory that an arena begins with.
  static constexpr std::int64_t first_capacity = 64;
  /// Bytes that an arena keeps to, unless one work item per thread needs more: about a core's share of cache, or for a
  /// device enough to fill it.
  static constexpr std::int64_t default_arena_budget = on_host ? 8 << 20 : 1 << 30;

  EnsembleGradient(Problem const& problem, Tableau const& tab, StepControl const& control,
                   BlockPartition const& partition, Communicator const& comm,
                   std::int64_t arena_budget = default_arena_budget)
      : problem_(problem),
        tab_(tab),
        shape_(Method::record_shape(tab, control)),
        control_(control),
        partition_(partition),
        comm_(&comm),
        arena_budget_(arena_budget) {
    require_supported<Method>(control);
    auto const n = static_cast<std::size_t>(partition.local_items());
    loss_ = view_of<decltype(loss_)>("retrace::ensemble::loss", n);
    dloss_dy0_ = view_of<decltype(dloss_dy0_)>("retrace::ensemble::dloss_dy0", n);
    final_state_ = view_of<decltype(final_state_)>("retrace::ensemble::final_state", n);
    dloss_dp_ = view_of<decltype(dloss_dp_)>("retrace::ensemble::dloss_dp", n);
    if (control.time_gradients) dloss_dt_ = view_of<decltype(dloss_dt_)>("retrace::ensemble::dloss_dt", n, times());
    status_ = view_of<decltype(status_)>("retrace::ensemble::status", n);
    records_ = view_of<decltype(records_)>("retrace::ensemble::records", n);
    work_ = view_of<decltype(work_)>("retrace::ensemble::work", n);
    if constexpr (is_reversible<Method>)
      round_trip_ = view_of<decltype(round_trip_)>("retrace::ensemble::round_trip", n);
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
    std::int64_t failed = 0, worst = 0, most_records = 0, all_records = 0;
    for (std::size_t i = 0; i < n; ++i) {
      work_sum += work(i);
      failed += status(i) == SolveStatus::success ? 0 : 1;
      worst = std::max<std::int64_t>(worst, static_cast<int>(status(i)));
      most_records = std::max(most_records, records(i));
      all_records += records(i);
    }
    result.status = static_cast<SolveStatus>(comm_->all_max(worst));
    result.failed_trajectories = comm_->all_sum(failed);
    result.work = sum_over_ranks(*comm_, work_sum);
    result.checkpoint_bytes = chunk_ * (most_records * record_bytes() + slot_bytes());
    result.arena_bytes = chunk_ * (capacity_ * record_bytes() + slot_bytes());
    result.model_bytes = output_bytes() + result.arena_bytes;
    result.tape_bytes = comm_->all_sum(all_records * record_bytes());
    result.arena_redos = comm_->all_sum(redos_);
    if constexpr (is_reversible<Method>) result.round_trip = worst_round_trip();
    reduce_trajectories(partition_, *comm_, {loss.data(), n}, P, result);
    if (control_.time_gradients) {
      auto const dt = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, dloss_dt_);
      result.dloss_dt = sum_of_rows(partition_, *comm_, {dt.data(), dt.size()}, times());
    }
    return result;
  }

 private:
  [[nodiscard]] std::int64_t record_bytes() const {
    return static_cast<std::int64_t>(sizeof(typename Precision::Time)) * shape_.scalars +
           static_cast<std::int64_t>(sizeof(typename Precision::State)) * N * shape_.states;
  }
  /// Of the states of a lane that are kept beside its records.
  [[nodiscard]] std::int64_t slot_bytes() const {
    return static_cast<std::int64_t>(sizeof(typename Precision::State)) * N * shape_.slots;
  }
  /// Times that gradients are wanted in.
  [[nodiscard]] std::size_t times() const {
    return control_.time_gradients ? 2 + static_cast<std::size_t>(control_.objective.observations) : 0;
  }
  [[nodiscard]] std::int64_t output_bytes() const {
    return partition_.local_items() *
           static_cast<std::int64_t>(sizeof(double) * (1 + 2 * N + P + times()) + sizeof(SolveStatus) +
                                     sizeof(std::int64_t) + sizeof(WorkCounts) +
                                     (is_reversible<Method> ? sizeof(RoundTrip) : 0));
  }
  /// Over all trajectories of all ranks that came back at all.
  [[nodiscard]] RoundTrip worst_round_trip() const {
    auto const each = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, round_trip_);
    RoundTrip worst{.error = 0.0, .lost = 0.0};
    for (std::size_t i = 0; i < each.size(); ++i) {
      if (std::isnan(each(i).error)) continue;
      worst.error = std::max(worst.error, each(i).error);
      worst.lost = std::max(worst.lost, each(i).lost);
      worst.growth = std::max(worst.growth, each(i).growth);
    }
    return {comm_->all_max(worst.error), comm_->all_max(worst.lost), comm_->all_max(worst.growth)};
  }

  /// Trajectories of a chunk whose lanes have so many records: what the budget allows, whole packs, at least one per
  /// thread of a host.
  [[nodiscard]] std::int64_t chunk_for(std::int64_t capacity) const {
    std::int64_t const per_lane = std::max<std::int64_t>(1, capacity * record_bytes() + slot_bytes());
    std::int64_t const least = W * (on_host ? static_cast<std::int64_t>(exec_.concurrency()) : 1024);
    std::int64_t const wanted = std::min(std::max(arena_budget_ / per_lane, least), partition_.local_items());
    return (wanted + W - 1) / W * W;
  }
  void allocate_arena(std::int64_t capacity) {
    scalars_ = {};  // freed first: the peak is the larger arena, not the sum
    states_ = {};
    slots_ = {};
    capacity_ = capacity;
    chunk_ = chunk_for(capacity);
    auto const records = static_cast<std::size_t>(chunk_ * capacity);
    scalars_ = unwritten_view_of<decltype(scalars_)>("retrace::arena::scalars",
                                                     records * static_cast<std::size_t>(shape_.scalars));
    states_ = unwritten_view_of<decltype(states_)>("retrace::arena::states",
                                                   records * static_cast<std::size_t>(shape_.states * N));
    slots_ = unwritten_view_of<decltype(slots_)>("retrace::arena::slots",
                                                 static_cast<std::size_t>(chunk_ * shape_.slots * N));
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
                        capacity_,
                        on_host ? W : chunk_,
                        scalars_,
                        states_,
                        slots_,
                        loss_,
                        dloss_dy0_,
                        final_state_,
                        dloss_dp_,
                        dloss_dt_,
                        status_,
                        records_,
                        work_,
                        round_trip_};
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
  Tableau tab_;
  RecordShape shape_;
  StepControl control_;
  BlockPartition partition_;
  Communicator const* comm_;
  std::int64_t arena_budget_, chunk_ = 0, capacity_ = 0, redos_ = 0;
  Kokkos::View<typename Precision::Time*, Memory> scalars_;
  Kokkos::View<typename Precision::State*, Memory> states_, slots_;
  Kokkos::View<double*, Memory> loss_;
  Kokkos::View<double*[N], Kokkos::LayoutRight, Memory> dloss_dy0_, final_state_;
  Kokkos::View<double* [P], Kokkos::LayoutRight, Memory> dloss_dp_;
  Kokkos::View<double**, Kokkos::LayoutRight, Memory> dloss_dt_;
  Kokkos::View<SolveStatus*, Memory> status_;
  Kokkos::View<std::int64_t*, Memory> records_;
  Kokkos::View<WorkCounts*, Memory> work_;
  Kokkos::View<RoundTrip*, Memory> round_trip_;
};

}  // namespace retrace
