#pragma once

#include "gradients/gradient_driver.hpp"
#include "solvers/field_model.hpp"
#include "solvers/tableau.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace retrace {

/// The arena of a field: one row of states per record, the plain numbers beside it. Same contract as EnsembleTape;
/// states handed out name the arena's memory.
template <class Algebra>
class FieldTape {
 public:
  using T = typename Algebra::Scalar;
  using S = typename Algebra::Time;
  using State = typename Algebra::State;

  FieldTape(RecordShape shape, std::int64_t entries, std::int64_t capacity)
      : shape_(shape),
        entries_(entries),
        capacity_(capacity),
        scalars_(Kokkos::view_alloc("retrace::arena::scalars", Kokkos::WithoutInitializing),
                 static_cast<std::size_t>(capacity * shape.scalars)),
        states_(Kokkos::view_alloc("retrace::arena::states", Kokkos::WithoutInitializing),
                static_cast<std::size_t>(capacity * shape.states * entries)) {}

  [[nodiscard]] std::int64_t records() const { return records_; }
  [[nodiscard]] std::int64_t capacity() const { return capacity_; }
  [[nodiscard]] bool overflowed() const { return records_ > capacity_; }
  [[nodiscard]] std::int64_t longest() const { return records_; }
  [[nodiscard]] bool holds(std::int64_t n) const { return n < records_; }
  [[nodiscard]] bool append(bool where) {
    if (where) ++records_;
    return where && !overflowed();
  }
  void clear() { records_ = 0; }

  void put(bool where, int scalar, S const& value) {
    if (where) scalars_((records_ - 1) * shape_.scalars + scalar) = value;
  }
  void put_state(bool where, int state, State const& x) {
    if (where) Kokkos::deep_copy(typename Algebra::Exec(), slot(records_ - 1, state), x);
  }
  [[nodiscard]] S get(std::int64_t record, int scalar) const { return scalars_(record * shape_.scalars + scalar); }
  void get_state_where(bool where, std::int64_t record, int state, State& x) const {
    if (where) x = slot(record, state);
  }

 private:
  [[nodiscard]] State slot(std::int64_t record, int state) const {
    std::int64_t const first = (record * shape_.states + state) * entries_;
    return Kokkos::subview(states_, Kokkos::pair<std::int64_t, std::int64_t>(first, first + entries_));
  }

  RecordShape shape_;
  std::int64_t entries_, capacity_, records_ = 0;
  Kokkos::View<S*, Kokkos::HostSpace> scalars_;
  State states_;
};

/// A gradient method on a field, batch split over the ranks; every rank takes the same steps.
template <FieldProblem Problem, class Method, Tableau Tab, class Exec>
class FieldGradient final : public GradientDriver {
 public:
  using Model = FieldModel<Problem, double, double, Exec>;
  using Tape = FieldTape<typename Model::Algebra>;
  static constexpr RecordShape shape = Method::template record_shape<Tab>();
  /// Records that the arena begins with.
  static constexpr std::int64_t first_capacity = 32;

  FieldGradient(Problem const& problem, StepControl const& control, BlockPartition const& partition,
                Communicator const& comm)
      : problem_(problem),
        control_(control),
        comm_(&comm),
        model_(problem_, partition, comm, parameter_values(problem_)),
        workspace_(model_),
        g_{model_.make_state("retrace::field::y"), model_.make_state("retrace::field::lambda"),
           model_.make_parameters("retrace::field::p_bar"), 0.0},
        tape_(shape, model_.layout().local_entries(), shape.states > 0 ? first_capacity : 0) {}

  void run() override {
    attempt();
    if (status_ == SolveStatus::arena_exhausted) {
      std::int64_t const needed = tape_.records();
      tape_ = Tape(shape, 0, 0);  // freed first: the peak is the larger arena, not the sum
      tape_ = Tape(shape, model_.layout().local_entries(), needed);
      ++redos_;
      attempt();
    }
  }

  [[nodiscard]] GradientResult result() const override {
    GradientResult result;
    result.status = status_;
    result.failed_trajectories = status_ == SolveStatus::success ? 0 : 1;
    result.work = work_;
    auto const entries = static_cast<std::size_t>(model_.layout().local_entries());
    result.dloss_dy0.assign(g_.lambda.data(), g_.lambda.data() + entries);
    result.final_state.assign(g_.y.data(), g_.y.data() + entries);
    if (status_ != SolveStatus::success) std::ranges::fill(result.dloss_dy0, std::numeric_limits<double>::quiet_NaN());
    result.checkpoint_bytes = tape_.records() * record_bytes();
    result.arena_bytes = tape_.capacity() * record_bytes();
    result.arena_redos = redos_;
    reduce(result);
    return result;
  }

 private:
  [[nodiscard]] static std::vector<double> parameter_values(Problem const& problem) {
    std::vector<double> p(static_cast<std::size_t>(problem.parameters()));
    problem.parameter_values(p);
    return p;
  }
  [[nodiscard]] std::int64_t record_bytes() const {
    return static_cast<std::int64_t>(sizeof(double)) * (shape.scalars + shape.states * model_.layout().local_entries());
  }
  void attempt() {
    tape_.clear();
    work_ = {};
    model_.initial_state(g_.y);
    Kokkos::deep_copy(Exec(), g_.p_bar, 0.0);
    status_ = Method::template run<Tab>(model_, control_, problem_.t0, problem_.t1, workspace_, tape_, g_, work_);
  }
  void reduce(GradientResult& result) const {
    bool const good = status_ == SolveStatus::success;
    std::vector<double> losses = model_.block_losses(g_.y);
    auto const blocks = losses.size(), p = static_cast<std::size_t>(problem_.parameters());
    std::vector<double> sums(blocks * (1 + p), std::numeric_limits<double>::quiet_NaN());
    for (std::size_t b = 0; good && b < blocks; ++b) {
      sums[b * (1 + p)] = losses[b];
      for (std::size_t j = 0; j < p; ++j) sums[b * (1 + p) + 1 + j] = g_.p_bar(b, j);
    }
    auto const item = static_cast<std::size_t>(problem_.sample_size());
    add_blocks(model_.partition(), *comm_, sums, problem_.parameters(), result.dloss_dy0, item, result);
  }

  Problem problem_;
  StepControl control_;
  Communicator const* comm_;
  Model model_;
  typename Method::template Workspace<Tab, Model> workspace_;
  GradientState<Model> g_;
  Tape tape_;
  WorkCounts work_;
  SolveStatus status_ = SolveStatus::success;
  std::int64_t redos_ = 0;
};

}  // namespace retrace
