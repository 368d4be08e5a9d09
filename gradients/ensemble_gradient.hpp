#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "gradients/ensemble_tape.hpp"
#include "gradients/gradient_driver.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/tableau.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace retrace {

/// One chunk of trajectories: work item i solves and differentiates trajectory `first + i` from beginning to end.
template <EnsembleProblem Problem, class Method, Tableau Tab, class Memory>
struct EnsembleKernel {
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using Model = EnsembleModel<Problem, double>;
  using Tape = EnsembleTape<double, double, N>;
  static constexpr RecordShape shape = Method::template record_shape<Tab>();

  Problem problem;
  StepControl control;
  std::int64_t first_global, first_local;  // of this chunk
  std::int64_t capacity, lanes;            // of the arena; lanes = 1: each item's records lie together
  Kokkos::View<double*, Memory> scalars, states;
  Kokkos::View<double*, Memory> loss;
  Kokkos::View<double*[N], Kokkos::LayoutRight, Memory> dloss_dy0, final_state;
  Kokkos::View<double* [P], Kokkos::LayoutRight, Memory> dloss_dp;
  Kokkos::View<SolveStatus*, Memory> status;
  Kokkos::View<std::int64_t*, Memory> records;
  Kokkos::View<WorkCounts*, Memory> work;

  KOKKOS_FUNCTION void operator()(std::int64_t i) const { solve(i); }

  /// Apart and not inlined, so that it is compiled once for all host execution spaces.
  [[gnu::noinline]] KOKKOS_FUNCTION void solve(std::int64_t i) const {
    std::int64_t const local = first_local + i;
    Model model{};
    model.p = problem.parameter_values(first_global + i);
    GradientState<Model> g{problem.initial_state(first_global + i), {}, model.make_parameters(""), 0.0};
    for (int d = 0; d < N; ++d) g.lambda[d] = 0.0;

    std::int64_t const group = i / lanes, lane = i % lanes;
    Tape tape(shape, scalars.data() + group * capacity * shape.scalars * lanes + lane,
              states.data() + group * capacity * shape.states * N * lanes + lane, capacity, lanes);
    typename Method::template Workspace<Tab, Model> workspace(model);
    WorkCounts counts;
    SolveStatus const outcome =
        Method::template run<Tab>(model, control, problem.t0, problem.t1, workspace, tape, g, counts);

    bool const good = outcome == SolveStatus::success;
    double const not_a_number = Kokkos::Experimental::quiet_NaN_v<double>;
    status(local) = outcome;
    records(local) = tape.records();
    work(local) = counts;
    loss(local) = good ? g.loss : not_a_number;
    for (int d = 0; d < N; ++d) {
      dloss_dy0(local, d) = good ? g.lambda[d] : not_a_number;
      final_state(local, d) = g.y[d];
    }
    for (int j = 0; j < P; ++j) dloss_dp(local, j) = good ? g.p_bar[j] : not_a_number;
  }
};

/// A gradient method on an ensemble, on one execution space. Trajectories are solved in chunks that share one arena; a
/// chunk that overflows it is solved again with an arena of exactly the size that it asked for.
template <EnsembleProblem Problem, class Method, Tableau Tab, class Exec>
class EnsembleGradient final : public GradientDriver {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;
  using Memory = typename Exec::memory_space;
  using Kernel = EnsembleKernel<Problem, Method, Tab, Memory>;

  /// Trajectories that share an arena; enough to keep the threads of a node busy.
  static constexpr std::int64_t chunk_trajectories = 256;
  /// Records per trajectory that an arena begins with.
  static constexpr std::int64_t first_capacity = 64;

  EnsembleGradient(Problem const& problem, StepControl const& control, BlockPartition const& partition,
                   Communicator const& comm)
      : problem_(problem),
        control_(control),
        partition_(partition),
        comm_(&comm),
        chunk_(std::min(chunk_trajectories, partition.local_items())) {
    auto const n = static_cast<std::size_t>(partition.local_items());
    loss_ = decltype(loss_)("retrace::ensemble::loss", n);
    dloss_dy0_ = decltype(dloss_dy0_)("retrace::ensemble::dloss_dy0", n);
    final_state_ = decltype(final_state_)("retrace::ensemble::final_state", n);
    dloss_dp_ = decltype(dloss_dp_)("retrace::ensemble::dloss_dp", n);
    status_ = decltype(status_)("retrace::ensemble::status", n);
    records_ = decltype(records_)("retrace::ensemble::records", n);
    work_ = decltype(work_)("retrace::ensemble::work", n);
    allocate_arena(Kernel::shape.scalars + Kernel::shape.states > 0 ? first_capacity : 0);
  }

  void run() override {
    for (std::int64_t first = 0; first < partition_.local_items(); first += chunk_) {
      std::int64_t const items = std::min(chunk_, partition_.local_items() - first);
      std::int64_t const needed = run_chunk(first, items);
      if (needed > capacity_) {
        allocate_arena(needed);
        ++redos_;
        run_chunk(first, items);
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
    result.model_bytes = output_bytes() + chunk_ * std::max(most_records, initial_capacity()) * record_bytes();
    result.arena_redos = comm_->all_sum(redos_);
    reduce_trajectories(partition_, *comm_, {loss.data(), n}, P, result);
    return result;
  }

 private:
  [[nodiscard]] static constexpr std::int64_t record_bytes() {
    return static_cast<std::int64_t>(sizeof(double)) * (Kernel::shape.scalars + N * Kernel::shape.states);
  }
  [[nodiscard]] static constexpr std::int64_t initial_capacity() { return record_bytes() > 0 ? first_capacity : 0; }
  [[nodiscard]] std::int64_t output_bytes() const {
    return partition_.local_items() * static_cast<std::int64_t>(sizeof(double) * (1 + 2 * N + P) + sizeof(SolveStatus) +
                                                                sizeof(std::int64_t) + sizeof(WorkCounts));
  }

  void allocate_arena(std::int64_t capacity) {
    scalars_ = {};  // freed first: the peak is the larger arena, not the sum
    states_ = {};
    capacity_ = capacity;
    auto const records = static_cast<std::size_t>(chunk_ * capacity);
    scalars_ = arena("retrace::arena::scalars", records * static_cast<std::size_t>(Kernel::shape.scalars));
    states_ = arena("retrace::arena::states", records * static_cast<std::size_t>(Kernel::shape.states * N));
  }
  [[nodiscard]] static Kokkos::View<double*, Memory> arena(std::string const& label, std::size_t entries) {
    return Kokkos::View<double*, Memory>(Kokkos::view_alloc(label, Kokkos::WithoutInitializing), entries);
  }

  /// Returns the largest number of records that a trajectory of the chunk asked for.
  std::int64_t run_chunk(std::int64_t first, std::int64_t items) {
    constexpr bool on_host = Kokkos::SpaceAccessibility<Kokkos::HostSpace, Memory>::accessible;
    Kernel const kernel{problem_,   control_,     partition_.first_item() + first,
                        first,      capacity_,    on_host ? 1 : chunk_,
                        scalars_,   states_,      loss_,
                        dloss_dy0_, final_state_, dloss_dp_,
                        status_,    records_,     work_};
    Kokkos::parallel_for(
        "retrace::ensemble::gradient",
        Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Dynamic>, Kokkos::IndexType<std::int64_t>>(exec_, 0, items),
        kernel);
    std::int64_t needed = 0;
    auto const records = records_;
    Kokkos::parallel_reduce(
        "retrace::ensemble::needed_records",
        Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(exec_, first, first + items),
        KOKKOS_LAMBDA(std::int64_t i, std::int64_t & most) { most = records(i) > most ? records(i) : most; },
        Kokkos::Max<std::int64_t>(needed));
    return needed;
  }

  Exec exec_{};
  Problem problem_;
  StepControl control_;
  BlockPartition partition_;
  Communicator const* comm_;
  std::int64_t chunk_, capacity_ = 0, redos_ = 0;
  Kokkos::View<double*, Memory> scalars_, states_, loss_;
  Kokkos::View<double*[N], Kokkos::LayoutRight, Memory> dloss_dy0_, final_state_;
  Kokkos::View<double* [P], Kokkos::LayoutRight, Memory> dloss_dp_;
  Kokkos::View<SolveStatus*, Memory> status_;
  Kokkos::View<std::int64_t*, Memory> records_;
  Kokkos::View<WorkCounts*, Memory> work_;
};

}  // namespace retrace
