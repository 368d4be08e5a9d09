#pragma once

#include "core/lanes.hpp"
#include "core/precision.hpp"
#include "core/view_of.hpp"
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
        scalars_(unwritten_view_of<Kokkos::View<S*, Kokkos::HostSpace>>(
            "retrace::arena::scalars", static_cast<std::size_t>(capacity * shape.scalars))),
        states_(unwritten_view_of<State>("retrace::arena::states",
                                         static_cast<std::size_t>(capacity * shape.states * entries_))),
        slots_(unwritten_view_of<State>("retrace::arena::slots", static_cast<std::size_t>(shape.slots * entries_))) {}

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

  void put_slot(int /*lane*/, std::int64_t slot, State const& x) {
    State to = row(slots_, slot);
    algebra_->assign(to, x);
  }
  /// A copy, unlike `get_state_where`: the state may move on.
  void get_slot_where(bool where, std::int64_t slot, State& x) const {
    if (where) algebra_->assign(x, row(slots_, slot));
  }

 private:
  [[nodiscard]] State slot(std::int64_t record, int state) const {
    return row(states_, record * shape_.states + state);
  }
  [[nodiscard]] State row(State const& rows, std::int64_t i) const {
    return Kokkos::subview(rows, Kokkos::pair<std::int64_t, std::int64_t>(i * entries_, (i + 1) * entries_));
  }

  Algebra const* algebra_;
  RecordShape shape_;
  std::int64_t entries_, capacity_, records_ = 0;
  Kokkos::View<S*, Kokkos::HostSpace> scalars_;
  State states_, slots_;
};

/// A gradient method on a field as `Model` computes it (FieldModel, DeviceFieldModel), batch split over the ranks;
/// every rank takes the same steps. The method runs on the host. A second `run` finds all memory that it needs.
template <class Model, class Method>
class FieldDriver final : public GradientDriver {
 public:
  using Problem = typename Model::Problem;
  using T = typename Model::Scalar;
  using S = typename Model::Time;
  using Tape = FieldTape<typename Model::Algebra>;
  /// Records that the arena begins with.
  static constexpr std::int64_t first_capacity = 32;

  FieldDriver(Problem const& problem, Tableau const& tab, StepControl const& control, BlockPartition const& partition,
              Communicator const& comm)
      : problem_(problem),
        tab_(tab),
        shape_(supported_record_shape<Method>(tab, control)),
        control_(control),
        comm_(&comm),
        model_(problem_, partition, comm, parameter_values(problem_)),
        y0_(model_.make_state("retrace::field::y0")),
        workspace_(tab, control, model_),
        g_{model_.make_state("retrace::field::y"), model_.make_state("retrace::field::lambda"),
           model_.make_parameters("retrace::field::p_bar"), S(0.0)},
        tape_(model_, shape_, record_bytes() > 0 ? first_capacity : 0) {
    model_.initial_state(y0_);
    dloss_dt_.resize(control.time_gradients ? 2 + static_cast<std::size_t>(control.objective.observations) : 0);
  }

  void run() override {
    attempt();
    if (status_ == SolveStatus::arena_exhausted) {
      std::int64_t const needed = tape_.records();
      tape_ = Tape(model_, shape_, 0);  // freed first: the peak is the larger arena, not the sum
      tape_ = Tape(model_, shape_, needed);
      ++redos_;
      attempt();
    }
    model_.wait();
  }

  [[nodiscard]] GradientResult result() const override {
    GradientResult result;
    result.status = status_;
    result.failed_trajectories = status_ == SolveStatus::success ? 0 : 1;
    result.work = work_;
    result.dloss_dy0 = values_of(g_.lambda);
    result.final_state = values_of(g_.y);
    result.dloss_dt = dloss_dt_;
    if (status_ != SolveStatus::success) {
      std::ranges::fill(result.dloss_dy0, std::numeric_limits<double>::quiet_NaN());
      std::ranges::fill(result.dloss_dt, std::numeric_limits<double>::quiet_NaN());
    }
    result.checkpoint_bytes = tape_.records() * record_bytes() + slot_bytes();
    result.arena_bytes = tape_.capacity() * record_bytes() + slot_bytes();
    WorkspaceShape const work = Method::workspace_shape(tab_, control_);
    constexpr std::int64_t own_states = 3;  // y0, y, lambda
    result.model_bytes =
        model_.bytes(own_states + work.states, work.kept, work.augmented, work.recent_parameters) + result.arena_bytes;
    result.round_trip = g_.round_trip;
    result.tape_bytes = comm_->all_sum(tape_.records() * record_bytes());
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
  [[nodiscard]] static std::vector<double> values_of(typename Model::State const& x) {
    auto const here = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), x);
    return std::vector<double>(here.data(), here.data() + here.size());
  }
  [[nodiscard]] std::int64_t record_bytes() const {
    return static_cast<std::int64_t>(sizeof(S)) * shape_.scalars +
           static_cast<std::int64_t>(sizeof(T)) * shape_.states * model_.layout().local_entries();
  }
  /// Of the states that are kept beside the records.
  [[nodiscard]] std::int64_t slot_bytes() const {
    return static_cast<std::int64_t>(sizeof(T)) * shape_.slots * model_.layout().local_entries();
  }
  void attempt() {
    tape_.clear();
    model_.assign(g_.y, y0_);
    model_.clear(g_.p_bar);
    WorkCountsOf<CountOf<S>> counts;
    g_.times = {};
    g_.round_trip = {};
    if (!dloss_dt_.empty()) {
      g_.times.at_observations = dloss_dt_.data() + 2;
      g_.times.lane_rows = 1;
    }
    status_ = Method::run(tab_, model_, control_, S(problem_.t0), S(problem_.t1), workspace_, tape_, g_, counts);
    work_ = lane(counts, 0);
    if (dloss_dt_.empty()) return;
    dloss_dt_[0] = static_cast<double>(g_.times.dt0);
    dloss_dt_[1] = static_cast<double>(g_.times.dt1);
  }
  void reduce(GradientResult& result) const {
    bool const good = status_ == SolveStatus::success;
    auto const blocks = model_.partition().local_blocks();
    auto const p = static_cast<std::size_t>(problem_.parameters());
    std::vector<double> sums(static_cast<std::size_t>(blocks) * (1 + p), std::numeric_limits<double>::quiet_NaN());
    if (good) model_.block_results(g_.y, g_.p_bar, sums);
    if (good && control_.objective.kind != LossKind::terminal) {  // a loss of the whole field, for its first block
      for (std::int64_t b = 0; b < blocks; ++b)
        sums[static_cast<std::size_t>(b) * (1 + p)] =
            model_.partition().first_block() + b == 0 ? static_cast<double>(g_.loss) : 0.0;
    }
    auto const item = static_cast<std::size_t>(problem_.sample_size());
    add_blocks(model_.partition(), *comm_, sums, problem_.parameters(), result.dloss_dy0, item, result);
  }

  Problem problem_;
  Tableau tab_;
  RecordShape shape_;
  StepControl control_;
  Communicator const* comm_;
  Model model_;
  typename Model::State y0_;
  typename Method::template Workspace<Model> workspace_;
  GradientState<Model> g_;
  Tape tape_;
  WorkCounts work_;
  std::vector<double> dloss_dt_;  // t0, t1, observation times; or nothing
  SolveStatus status_ = SolveStatus::success;
  std::int64_t redos_ = 0;
};

/// On host threads.
template <FieldProblem Problem, class Method, class Exec, class Precision = F64>
using FieldGradient =
    FieldDriver<FieldModel<Problem, typename Precision::State, typename Precision::Time, Exec>, Method>;

}  // namespace retrace
