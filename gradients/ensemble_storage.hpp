#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "core/precision.hpp"
#include "core/view_of.hpp"
#include "gradients/gradient_driver.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace retrace {

/// Where the kernel of an ensemble reads and writes, as bare pointers: arena and outcome of each trajectory of the
/// rank.
template <class State, class Time>
struct EnsembleArrays {
  Time* scalars;                                      ///< [pack or chunk][record][scalar][lane], see EnsembleTape
  State *states, *slots;                              ///< likewise
  double *loss, *dloss_dy0, *final_state, *dloss_dp;  ///< [trajectory][component or parameter]
  double* dloss_dt;                                   ///< [trajectory][t0, t1, observation times]; or null
  SolveStatus* status;
  std::int64_t* records;
  WorkCounts* work;
  RoundTrip* round_trip;  ///< null unless the method is reversible
};

/// What storage has to know of problem, scheme and method.
struct EnsembleLayout {
  int dimension = 0, parameters = 0;
  int width = 1;  ///< trajectories side by side in one work item
  RecordShape shape{};
  std::int64_t times = 0;  ///< that gradients are wanted in
  bool reversible = false;
  std::int64_t arena_budget = 0, least_items = 1;  ///< bytes that an arena keeps to, unless so many items need more
};

/// Views of an ensemble gradient: the outcome of each trajectory, and an arena for the records of one chunk of them. It
/// depends on neither problem nor method, so that it is compiled once per precision and memory space.
template <class State, class Time, class Memory>
class EnsembleStorage {
 public:
  /// Records per trajectory that an arena begins with.
  static constexpr std::int64_t first_capacity = 64;

  EnsembleStorage(EnsembleLayout const& layout, BlockPartition const& partition, Communicator const& comm)
      : of_(layout), partition_(partition), comm_(&comm) {
    std::size_t const n = trajectories();
    loss_ = view_of<decltype(loss_)>("retrace::ensemble::loss", n);
    dloss_dy0_ = view_of<decltype(dloss_dy0_)>("retrace::ensemble::dloss_dy0", n * dimension());
    final_state_ = view_of<decltype(final_state_)>("retrace::ensemble::final_state", n * dimension());
    dloss_dp_ = view_of<decltype(dloss_dp_)>("retrace::ensemble::dloss_dp", n * parameters());
    dloss_dt_ = view_of<decltype(dloss_dt_)>("retrace::ensemble::dloss_dt", n * times());
    status_ = view_of<decltype(status_)>("retrace::ensemble::status", n);
    records_ = view_of<decltype(records_)>("retrace::ensemble::records", n);
    work_ = view_of<decltype(work_)>("retrace::ensemble::work", n);
    round_trip_ = view_of<decltype(round_trip_)>("retrace::ensemble::round_trip", of_.reversible ? n : 0);
    allocate_arena(record_bytes() > 0 ? first_capacity : 0);
  }

  [[nodiscard]] std::int64_t capacity() const { return capacity_; }  ///< records per lane
  [[nodiscard]] std::int64_t chunk() const { return chunk_; }        ///< trajectories that share the arena

  [[nodiscard]] EnsembleArrays<State, Time> arrays() const {
    return {.scalars = scalars_.data(),
            .states = states_.data(),
            .slots = slots_.data(),
            .loss = loss_.data(),
            .dloss_dy0 = dloss_dy0_.data(),
            .final_state = final_state_.data(),
            .dloss_dp = dloss_dp_.data(),
            .dloss_dt = dloss_dt_.data(),
            .status = status_.data(),
            .records = records_.data(),
            .work = work_.data(),
            .round_trip = round_trip_.data()};
  }

  /// A larger arena in place of one that overflowed; what it held is lost.
  void enlarge(std::int64_t capacity) {
    allocate_arena(capacity);
    ++redos_;
  }

  /// Collective.
  [[nodiscard]] GradientResult result() const {
    auto const loss = on_host(loss_), dy0 = on_host(dloss_dy0_), dp = on_host(dloss_dp_), end = on_host(final_state_),
               dt = on_host(dloss_dt_);
    auto const status = on_host(status_);
    auto const records = on_host(records_);
    auto const work = on_host(work_);

    GradientResult result;
    result.dloss_dy0.assign(dy0.data(), dy0.data() + dy0.size());
    result.dloss_dp_each.assign(dp.data(), dp.data() + dp.size());
    result.final_state.assign(end.data(), end.data() + end.size());
    WorkCounts work_sum;
    std::int64_t failed = 0, worst = 0, most_records = 0, all_records = 0;
    for (std::size_t i = 0; i < trajectories(); ++i) {
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
    if (of_.reversible) result.round_trip = worst_round_trip();
    reduce_trajectories(partition_, *comm_, {loss.data(), loss.size()}, of_.parameters, result);
    result.dloss_dt_each.assign(dt.data(), dt.data() + dt.size());
    if (of_.times > 0) result.dloss_dt = sum_of_rows(partition_, *comm_, {dt.data(), dt.size()}, times());
    return result;
  }

 private:
  template <class X>
  using Array = Kokkos::View<X*, Memory>;
  template <class X>
  [[nodiscard]] static auto on_host(Array<X> const& array) {
    return Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, array);
  }

  [[nodiscard]] std::size_t trajectories() const { return static_cast<std::size_t>(partition_.local_items()); }
  [[nodiscard]] std::size_t dimension() const { return static_cast<std::size_t>(of_.dimension); }
  [[nodiscard]] std::size_t parameters() const { return static_cast<std::size_t>(of_.parameters); }
  [[nodiscard]] std::size_t times() const { return static_cast<std::size_t>(of_.times); }

  [[nodiscard]] std::int64_t record_bytes() const {
    return static_cast<std::int64_t>(sizeof(Time)) * of_.shape.scalars + state_bytes() * of_.shape.states;
  }
  /// Of the states of a lane that are kept beside its records.
  [[nodiscard]] std::int64_t slot_bytes() const { return state_bytes() * of_.shape.slots; }
  [[nodiscard]] std::int64_t state_bytes() const { return static_cast<std::int64_t>(sizeof(State)) * of_.dimension; }
  [[nodiscard]] std::int64_t output_bytes() const {
    std::size_t const each = sizeof(double) * (1 + 2 * dimension() + parameters() + times()) + sizeof(SolveStatus) +
                             sizeof(std::int64_t) + sizeof(WorkCounts) + (of_.reversible ? sizeof(RoundTrip) : 0);
    return static_cast<std::int64_t>(trajectories() * each);
  }
  /// Over all trajectories of all ranks that came back at all.
  [[nodiscard]] RoundTrip worst_round_trip() const {
    auto const each = on_host(round_trip_);
    RoundTrip worst{.error = 0.0, .lost = 0.0};
    double apart = -1.0;  // nobody has measured
    for (std::size_t i = 0; i < each.size(); ++i) {
      if (std::isnan(each(i).error)) continue;
      worst.error = std::max(worst.error, each(i).error);
      worst.lost = std::max(worst.lost, each(i).lost);
      worst.growth = std::max(worst.growth, each(i).growth);
      apart = std::max(apart, std::isnan(each(i).copies_apart) ? -1.0 : each(i).copies_apart);
    }
    apart = comm_->all_max(apart);
    return {.error = comm_->all_max(worst.error),
            .lost = comm_->all_max(worst.lost),
            .growth = comm_->all_max(worst.growth),
            .copies_apart = apart < 0.0 ? RoundTrip::unknown : apart};
  }

  /// Trajectories of a chunk whose lanes have so many records: what the budget allows, whole packs.
  [[nodiscard]] std::int64_t chunk_for(std::int64_t capacity) const {
    std::int64_t const per_lane = std::max<std::int64_t>(1, capacity * record_bytes() + slot_bytes());
    std::int64_t const least = of_.width * of_.least_items;
    std::int64_t const wanted = std::min(std::max(of_.arena_budget / per_lane, least), partition_.local_items());
    return (wanted + of_.width - 1) / of_.width * of_.width;
  }
  void allocate_arena(std::int64_t capacity) {
    scalars_ = {};  // freed first: the peak is the larger arena, not the sum
    states_ = {};
    slots_ = {};
    capacity_ = capacity;
    chunk_ = chunk_for(capacity);
    auto const records = static_cast<std::size_t>(chunk_ * capacity);
    auto const at = [](int count) { return static_cast<std::size_t>(count); };
    scalars_ = unwritten_view_of<decltype(scalars_)>("retrace::arena::scalars", records * at(of_.shape.scalars));
    states_ =
        unwritten_view_of<decltype(states_)>("retrace::arena::states", records * at(of_.shape.states) * dimension());
    slots_ = unwritten_view_of<decltype(slots_)>("retrace::arena::slots",
                                                 static_cast<std::size_t>(chunk_) * at(of_.shape.slots) * dimension());
  }

  EnsembleLayout of_;
  BlockPartition partition_;
  Communicator const* comm_;
  std::int64_t chunk_ = 0, capacity_ = 0, redos_ = 0;
  Array<Time> scalars_;
  Array<State> states_, slots_;
  Array<double> loss_, dloss_dy0_, final_state_, dloss_dp_, dloss_dt_;
  Array<SolveStatus> status_;
  Array<std::int64_t> records_;
  Array<WorkCounts> work_;
  Array<RoundTrip> round_trip_;
};

extern template class EnsembleStorage<F64::State, F64::Time, Kokkos::HostSpace>;
extern template class EnsembleStorage<F32::State, F32::Time, Kokkos::HostSpace>;
extern template class EnsembleStorage<Mixed::State, Mixed::Time, Kokkos::HostSpace>;

}  // namespace retrace
