#pragma once

#include "core/lanes.hpp"
#include "core/precision.hpp"
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
/// states handed out name the arena's memory, whose pages each thread of `algebra` touches first for its own blocks.
template <class Algebra>
class FieldTape {
 public:
  using T = typename Algebra::Scalar;
  using S = typename Algebra::Time;
  using State = typename Algebra::State;

  FieldTape(Algebra const& algebra, RecordShape shape, std::int64_t capacity)
      : algebra_(&algebra),
        shape_(shape),
        entries_(algebra.layout().local_entries()),
        capacity_(capacity),
        scalars_(Kokkos::view_alloc("retrace::arena::scalars", Kokkos::WithoutInitializing),
                 static_cast<std::size_t>(capacity * shape.scalars)),
        states_(Kokkos::view_alloc("retrace::arena::states", Kokkos::WithoutInitializing),
                static_cast<std::size_t>(capacity * shape.states * entries_)) {}

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
    if (!where) return;
    State to = slot(records_ - 1, state);
    algebra_->assign(to, x);
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

  Algebra const* algebra_;
  RecordShape shape_;
  std::int64_t entries_, capacity_, records_ = 0;
  Kokkos::View<S*, Kokkos::HostSpace> scalars_;
  State states_;
};

/// A gradient method on a field, batch split over the ranks; every rank takes the same steps. A second `run` finds all
/// memory that it needs.
template <FieldProblem Problem, class Method, Tableau Tab, class Exec, class Precision = F64>
class FieldGradient final : public GradientDriver {
 public:
  using T = typename Precision::State;
  using S = typename Precision::Time;
  using Model = FieldModel<Problem, T, S, Exec>;
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
        y0_(model_.make_state("retrace::field::y0")),
        workspace_(model_),
        g_{model_.make_state("retrace::field::y"), model_.make_state("retrace::field::lambda"),
           model_.make_parameters("retrace::field::p_bar"), S(0.0)},
        tape_(model_, shape, shape.states > 0 ? first_capacity : 0) {
    model_.initial_state(y0_);
  }

  void run() override {
    attempt();
    if (status_ == SolveStatus::arena_exhausted) {
      std::int64_t const needed = tape_.records();
      tape_ = Tape(model_, shape, 0);  // freed first: the peak is the larger arena, not the sum
      tape_ = Tape(model_, shape, needed);
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
  [[nodiscard]] static std::vector<T> parameter_values(Problem const& problem) {
    std::vector<double> p(static_cast<std::size_t>(problem.parameters()));
    problem.parameter_values(p);
    std::vector<T> rounded(p.size());
    std::ranges::transform(p, rounded.begin(), [](double x) { return static_cast<T>(x); });
    return rounded;
  }
  [[nodiscard]] std::int64_t record_bytes() const {
    return static_cast<std::int64_t>(sizeof(S)) * shape.scalars +
           static_cast<std::int64_t>(sizeof(T)) * shape.states * model_.layout().local_entries();
  }
  void attempt() {
    tape_.clear();
    model_.assign(g_.y, y0_);
    model_.clear(g_.p_bar);
    WorkCountsOf<CountOf<S>> counts;
    status_ =
        Method::template run<Tab>(model_, control_, S(problem_.t0), S(problem_.t1), workspace_, tape_, g_, counts);
    work_ = lane(counts, 0);
  }
  void reduce(GradientResult& result) const {
    bool const good = status_ == SolveStatus::success;
    auto const blocks = model_.partition().local_blocks();
    auto const p = static_cast<std::size_t>(problem_.parameters());
    std::vector<double> sums(static_cast<std::size_t>(blocks) * (1 + p), std::numeric_limits<double>::quiet_NaN());
    for (std::int64_t b = 0; good && b < blocks; ++b) {
      double* const of_block = sums.data() + static_cast<std::size_t>(b) * (1 + p);
      of_block[0] = model_.block_loss(b, g_.y);
      for (std::size_t j = 0; j < p; ++j) of_block[1 + j] = static_cast<double>(g_.p_bar(b, j));
    }
    auto const item = static_cast<std::size_t>(problem_.sample_size());
    add_blocks(model_.partition(), *comm_, sums, problem_.parameters(), result.dloss_dy0, item, result);
  }

  Problem problem_;
  StepControl control_;
  Communicator const* comm_;
  Model model_;
  typename Model::State y0_;
  typename Method::template Workspace<Tab, Model> workspace_;
  GradientState<Model> g_;
  Tape tape_;
  WorkCounts work_;
  SolveStatus status_ = SolveStatus::success;
  std::int64_t redos_ = 0;
};

}  // namespace retrace
