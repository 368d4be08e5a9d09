#pragma once

#include "core/view_of.hpp"
#include "problems/field_problem.hpp"
#include "solvers/field_algebra.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace retrace {

template <class Model>
class AugmentedFieldModel;
template <class Model>
class FieldParameterSum;

/// The gradient in the parameters, block by block; rows begin on cache lines. VJPs add to `recent`, in the precision of
/// the state. Where sums are to be double and the state is not, `total` takes over what has gathered at the end of each
/// step, so that the length of a solve does not show in the rounding; else it is empty.
template <class T, class MemorySpace = Kokkos::HostSpace>
struct FieldParameters {
  using Rows = Kokkos::View<T**, Kokkos::LayoutRight, MemorySpace>;
  Rows recent;                                                       // [local block][parameter]
  Kokkos::View<double**, Kokkos::LayoutRight, MemorySpace> total{};  // the same, or nothing

  [[nodiscard]] T* row(std::int64_t block) const { return recent.data() + block * stride(); }
  [[nodiscard]] double* total_row(std::int64_t block) const { return total.data() + block * stride(); }
  [[nodiscard]] std::int64_t stride() const { return static_cast<std::int64_t>(recent.extent(1)); }
  [[nodiscard]] double value(std::int64_t block, std::int64_t parameter) const {
    double const gathered = total.size() > 0 ? total_row(block)[parameter] : 0.0;
    return gathered + static_cast<double>(row(block)[parameter]);
  }
};

/// A field problem as the integrator and the gradient methods see it, its samples spread over the ranks of `comm`.
/// Parameter gradients are kept per block and summed in block order at the end. Rows of blocks begin on cache lines, so
/// that a block is computed alike wherever it lies.
template <FieldProblem Problem_, class T, class S, class Exec>
class FieldModel : public FieldAlgebra<T, S, Exec> {
 public:
  using Problem = Problem_;
  using Algebra = FieldAlgebra<T, S, Exec>;
  using State = typename Algebra::State;
  using Parameters = FieldParameters<T>;
  using Rows = typename Parameters::Rows;  // [block or slot][…]
  template <AdjointNorm>
  using Augmented = AugmentedFieldModel<FieldModel>;
  using ParameterSum = FieldParameterSum<FieldModel>;
  /// What evaluations of f leave behind for the VJPs at the same arguments, one place for each.
  using Kept = Kokkos::Array<Rows, max_stages>;

  /// `parameters`: [parameter], the values of p.
  FieldModel(Problem const& problem, BlockPartition const& partition, Communicator const& comm,
             std::span<T const> parameters)
      : Algebra(FieldLayout{partition, problem.sample_size(), 1, 0}, comm),
        problem_(&problem),
        comm_(&comm),
        p_("retrace::field::parameters", parameters.size()),
        scratch_(make_rows("retrace::field::scratch", this->loop().slots(), problem.scratch_size(largest_block()))),
        kept_(make_rows("retrace::field::kept", this->loop().slots(), problem.kept_size(largest_block()))) {
    for (std::size_t j = 0; j < parameters.size(); ++j) p_(j) = parameters[j];
  }

  [[nodiscard]] Problem const& problem() const { return *problem_; }
  [[nodiscard]] Communicator const& communicator() const { return *comm_; }
  [[nodiscard]] BlockPartition const& partition() const { return this->layout().partition; }

  void rhs(S const& /*t*/, State const& y, State& dydt) const {
    static std::string const label("retrace::field::rhs");
    for_blocks(label, [&](Block const& b) {
      problem_->rhs(b.samples, y.data() + b.first, p_.data(), dydt.data() + b.first, row(kept_, b.slot),
                    row(scratch_, b.slot));
    });
  }
  void vjp(S const& /*t*/, State const& y, State const& w, State& y_bar, Parameters& p_bar, S& /*t_bar*/) const {
    static std::string const label("retrace::field::vjp");
    for_blocks(label, [&](Block const& b) {
      problem_->keep(b.samples, y.data() + b.first, p_.data(), row(kept_, b.slot));
      problem_->vjp(b.samples, p_.data(), w.data() + b.first, y_bar.data() + b.first, p_bar.row(b.local),
                    row(kept_, b.slot), row(scratch_, b.slot));
    });
  }
  /// As `rhs`; what its VJP at this y needs goes to `place` of `kept`.
  void rhs_keeping(S const& /*t*/, State const& y, State& dydt, Kept const& kept, int place) const {
    Rows const& rows = kept[static_cast<std::size_t>(place)];
    static std::string const label("retrace::field::rhs_keeping");
    for_blocks(label, [&](Block const& b) {
      problem_->rhs(b.samples, y.data() + b.first, p_.data(), dydt.data() + b.first, row(rows, b.local),
                    row(scratch_, b.slot));
    });
  }
  /// As `vjp` at the y that `place` of `kept` was filled with.
  void vjp_kept(S const& /*t*/, State const& /*y*/, State const& w, State& y_bar, Parameters& p_bar, S& /*t_bar*/,
                Kept const& kept, int place) const {
    Rows const& rows = kept[static_cast<std::size_t>(place)];
    static std::string const label("retrace::field::vjp_kept");
    for_blocks(label, [&](Block const& b) {
      problem_->vjp(b.samples, p_.data(), w.data() + b.first, y_bar.data() + b.first, p_bar.row(b.local),
                    row(rows, b.local), row(scratch_, b.slot));
    });
  }
  /// L over all samples of all ranks.
  /// The same in the scalar of the state; of this rank's samples only, where that is a dual.
  [[nodiscard]] auto state_loss(State const& y) const {
    if constexpr (std::is_floating_point_v<T>) {
      return loss(y);
    } else {
      T sum(0.0);
      for (std::int64_t b = 0; b < partition().local_blocks(); ++b) sum += block_loss(b, y);
      return sum;
    }
  }
  [[nodiscard]] S loss(State const& y) const {
    static std::string const label("retrace::field::loss");
    return this->sum_over_blocks(label, [&](std::int64_t b) { return S(block_loss(b, y)); });
  }
  /// The share of local block `b` in L.
  [[nodiscard]] auto block_loss(std::int64_t b, State const& y) const {
    T const* const first = y.data() + partition().block_offset(b) * this->layout().item_size;
    return problem_->loss(partition().block_items(b), first);
  }
  void loss_gradient(State const& y, State& lambda) const {
    static std::string const label("retrace::field::loss_gradient");
    for_blocks(label, [&](Block const& b) {
      problem_->loss_gradient(b.samples, y.data() + b.first, lambda.data() + b.first);
    });
  }
  /// For each local block its share of L, then of the gradient in p: [local block][1 + parameter].
  void block_results(State const& y, Parameters const& p_bar, std::span<double> results) const {
    std::int64_t const p = problem_->parameters();
    for (std::int64_t b = 0; b < partition().local_blocks(); ++b) {
      double* const of_block = results.data() + b * (1 + p);
      of_block[0] = block_loss(b, y);
      for (std::int64_t j = 0; j < p; ++j) of_block[1 + j] = p_bar.value(b, j);
    }
  }
  /// Until all that was asked for is done: host spaces return when it is.
  void wait() const {}
  /// Of one evaluation: without totals.
  [[nodiscard]] Parameters make_recent_parameters(char const* label) const {
    return {.recent = make_rows(label, partition().local_blocks(), problem_->parameters())};
  }
  [[nodiscard]] Parameters make_parameters(char const* label) const {
    Parameters p_bar = make_recent_parameters(label);
    if constexpr (has_totals)
      p_bar.total =
          view_of<decltype(p_bar.total)>(std::string(label) + "_total", p_bar.recent.extent(0), p_bar.recent.extent(1));
    return p_bar;
  }
  void clear(Parameters const& p_bar) const {
    static std::string const label("retrace::field::clear_parameters");
    for_blocks(label, [&](Block const& b) {
      std::fill_n(p_bar.row(b.local), p_bar.stride(), T(0.0));
      if (p_bar.total.size() > 0) std::fill_n(p_bar.total_row(b.local), p_bar.stride(), 0.0);
    });
  }
  /// Adds `values` [parameter] to this rank's first block.
  void add_to_first_block(Parameters const& p_bar, T const* values) const {
    for (std::int64_t j = 0; j < problem_->parameters(); ++j) p_bar.row(0)[j] += values[j];
  }
  /// The end of a step: what VJPs have added goes to the totals, where there are any.
  void settle(Parameters const& p_bar) const {
    if constexpr (has_totals) {
      static std::string const label("retrace::field::settle_parameters");
      for_blocks(label, [&](Block const& b) {
        T* const recent = p_bar.row(b.local);
        double* const total = p_bar.total_row(b.local);
        for_lanes<loop_lanes<double>>(0, p_bar.stride(), [&](auto width, std::int64_t i) {
          using Wide = Lanes<double, width()>;
          store_lanes(load_lanes<width()>(total + i) + Wide(load_lanes<width()>(recent + i)), total + i);
          store_lanes(Lanes<T, width()>(T(0.0)), recent + i);
        });
      });
    }
  }
  [[nodiscard]] Kept make_kept(char const* label, int count) const {
    Kept kept;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      kept[i] = make_rows(label, partition().local_blocks(), problem_->kept_size(largest_block()));
    return kept;
  }
  template <AdjointNorm norm>
  [[nodiscard]] Augmented<norm> augmented(bool running_loss) const {
    return Augmented<norm>(*this, norm, running_loss);
  }

  /// Bytes of the model itself, and of so many further states, sets of kept numbers and augmented states, with what
  /// the augmented model has for itself.
  [[nodiscard]] std::int64_t bytes(std::int64_t states, std::int64_t kept, std::int64_t augmented,
                                   std::int64_t recent_parameters = 0) const {
    std::int64_t const entries = this->layout().local_entries(), p = problem_->parameters(),
                       blocks = partition().local_blocks(), slots = this->loop().slots();
    std::int64_t const kept_row = row_size(problem_->kept_size(largest_block())), p_row = row_size(p);
    std::int64_t const numbers = p + slots * (row_size(problem_->scratch_size(largest_block())) + kept_row) +
                                 states * entries + kept * blocks * kept_row + augmented * (2 * entries + p) +
                                 ((augmented > 0 ? 2 : 1) + recent_parameters) * blocks * p_row;
    return numbers * static_cast<std::int64_t>(sizeof(T)) +
           (has_totals ? blocks * p_row * static_cast<std::int64_t>(sizeof(double)) : 0);
  }

  /// y0 of this rank's samples.
  void initial_state(State& y) const {
    auto const size = static_cast<std::size_t>(problem_->sample_size());
    std::vector<double> sample(size);
    for (std::int64_t i = 0; i < partition().local_items(); ++i) {
      problem_->initial_state(partition().first_item() + i, sample);
      for (std::size_t d = 0; d < size; ++d) y(static_cast<std::size_t>(i) * size + d) = T(sample[d]);
    }
  }

 private:
  static constexpr bool has_totals = std::is_same_v<S, double> && std::is_same_v<T, float>;

  /// Local block number `local`: so many samples, whose states begin at entry `first`; computed in slot `slot`.
  struct Block {
    std::int64_t local, samples, first, slot;
  };
  template <class Body>
  void for_blocks(std::string const& label, Body const& body) const {
    BlockPartition const& cut = partition();
    std::int64_t const item = this->layout().item_size;
    this->loop().each_piece(label, [&](std::int64_t b, std::int64_t slot) {
      body(Block{b, cut.block_items(b), cut.block_offset(b) * item, slot});
    });
  }
  [[nodiscard]] std::int64_t largest_block() const { return std::min(partition().block_size(), partition().total()); }
  /// Numbers of a row of whole cache lines.
  [[nodiscard]] static std::int64_t row_size(std::int64_t numbers) {
    constexpr std::int64_t line = 16;  // floats in 64 bytes
    return (numbers + line - 1) / line * line;
  }
  [[nodiscard]] static Rows make_rows(char const* label, std::int64_t rows, std::int64_t numbers) {
    return view_of<Rows>(label, static_cast<std::size_t>(rows), static_cast<std::size_t>(row_size(numbers)));
  }
  [[nodiscard]] static T* row(Rows const& rows, std::int64_t i) {
    return rows.data() + i * static_cast<std::int64_t>(rows.extent(1));
  }

  Problem const* problem_;
  Communicator const* comm_;
  Kokkos::View<T*, Kokkos::HostSpace> p_;
  Rows scratch_, kept_;  // [slot][…]
};

/// The sum of the blocks' parameter gradients over all ranks, formed in double. Collective; allocates nothing.
template <class Model>
class FieldParameterSum {
 public:
  using T = typename Model::Scalar;
  using Rows = typename Model::Rows;

  FieldParameterSum(Model const& model, Rows const& p_bar)
      : over_blocks_(model.partition(), model.communicator(), static_cast<std::int64_t>(p_bar.extent(1))),
        blocks_(std::is_same_v<T, double> ? 0 : p_bar.size()),
        result_(p_bar.extent(1)),
        parameters_(static_cast<std::size_t>(model.problem().parameters())) {}

  /// to [parameter] = minus the sum.
  void form_negative(Rows const& p_bar, T* to) {
    if constexpr (std::is_same_v<T, double>) {
      over_blocks_.sum({p_bar.data(), p_bar.size()}, result_);
    } else {
      std::copy_n(p_bar.data(), p_bar.size(), blocks_.data());
      over_blocks_.sum(blocks_, result_);
    }
    for (std::size_t j = 0; j < parameters_; ++j) to[j] = static_cast<T>(-result_[j]);
  }

 private:
  BlockSum over_blocks_;
  std::vector<double> blocks_, result_;
  std::size_t parameters_;
};

/// (y, lambda, mu) of the continuous adjoint of a field; mu is held by every rank, so each evaluation costs one
/// reduction of the parameter gradient (as data-parallel training does).
template <class Model>
class AugmentedFieldModel : public Model::Algebra {
 public:
  using T = typename Model::Scalar;
  using S = typename Model::Time;
  using Algebra = typename Model::Algebra;
  using State = typename Algebra::State;

  /// `running_loss`: the loss is the integral of l, and lambda' = -f_y^T lambda - grad l(y).
  AugmentedFieldModel(Model const& base, AdjointNorm norm, bool running_loss)
      : Algebra(FieldLayout{base.partition(), base.problem().sample_size(), 2, base.problem().parameters(),
                            norm != AdjointNorm::seminorm},
                base.communicator()),
        base_(base),

        p_bar_(base.make_recent_parameters("retrace::adjoint::p_bar")),
        kept_(base.make_kept("retrace::adjoint::kept", 1)),
        sum_(std::make_shared<typename Model::ParameterSum>(base, p_bar_.recent)) {
    if (running_loss) running_gradient_ = base.make_state("retrace::adjoint::running_gradient");
    if (norm == AdjointNorm::blocks)
      mu_.emplace(FieldLayout{base.partition(), base.problem().sample_size(), 0, base.problem().parameters()},
                  base.communicator());
  }

  void rhs(S const& t, State const& x, State& dxdt) const {
    State const y = part(x, 0), lambda = part(x, 1);
    State dydt = part(dxdt, 0), dlambda_dt = part(dxdt, 1);
    auto p_bar = p_bar_;
    S unused_t_bar(0.0);
    base_.rhs_keeping(t, y, dydt, kept_, 0);
    base_.clear(p_bar);
    base_.vjp_kept(t, y, lambda, dlambda_dt, p_bar, unused_t_bar, kept_, 0);
    sum_->form_negative(p_bar.recent, tail(dxdt));
    base_.scale(dlambda_dt, S(-1.0));
    if (running_gradient_.size() == 0) return;
    State gradient = running_gradient_;
    base_.loss_gradient(y, gradient);
    base_.add(dlambda_dt, S(-1.0), gradient);
  }
  /// With AdjointNorm::blocks the largest of the norms of y, lambda and mu.
  [[nodiscard]] S error_norm(Tableau const& tab, StepControl const& control, State const& x, State const& x_new,
                             S const& h, typename Algebra::Stages const& k) const {
    if (!mu_ || control.norm == ErrorNorm::max) return Algebra::error_norm(tab, control, x, x_new, h, k);
    auto const norm_of = [&](auto const& algebra, auto const& cut) {
      typename Algebra::Stages parts;
      for (int i = 0; i < tab.stages; ++i) parts[static_cast<std::size_t>(i)] = cut(k[static_cast<std::size_t>(i)]);
      return algebra.error_norm(tab, control, cut(x), cut(x_new), h, parts);
    };
    S const both = larger_norm(norm_of(base_, [&](State const& all) { return part(all, 0); }),
                               norm_of(base_, [&](State const& all) { return part(all, 1); }));
    if (base_.problem().parameters() == 0) return both;
    return larger_norm(both, norm_of(*mu_, [&](State const& all) { return parameters_of(all); }));
  }
  [[nodiscard]] S update_and_error_norm(Tableau const& tab, StepControl const& control, State const& x, State& x_new,
                                        S const& h, typename Algebra::Stages const& k) const {
    if (!mu_) return Algebra::update_and_error_norm(tab, control, x, x_new, h, k);
    this->combine(x_new, tab.weight_row(), h, k, Plain{x});
    return error_norm(tab, control, x, x_new, h, k);
  }
  void pack(State const& y, State const& lambda, State& x) const {
    this->set_zero(x);
    State first = part(x, 0), second = part(x, 1);
    base_.assign(first, y);
    base_.assign(second, lambda);
  }
  [[nodiscard]] State state_of(State const& x) const { return part(x, 0); }
  [[nodiscard]] State adjoint_of(State const& x) const { return part(x, 1); }
  /// lambda += grad l(y), which `gradient` holds afterwards.
  void jump(State& x, State& gradient) const {
    State lambda = part(x, 1);
    base_.loss_gradient(part(x, 0), gradient);
    base_.add(lambda, S(1.0), gradient);
  }
  /// y := `to`, which may be what `state_of` names already.
  void set_state(State& x, State const& to) const {
    State y = part(x, 0);
    if (y.data() != to.data()) base_.assign(y, to);
  }
  /// mu is the same on all ranks; it goes to the first block of rank 0, so that the sum over blocks is mu.
  template <class Gradient>
  void unpack_gradient(State const& x, Gradient& g) const {
    base_.assign(g.lambda, part(x, 1));
    if (base_.partition().first_block() != 0 || base_.partition().local_blocks() == 0) return;
    base_.add_to_first_block(g.p_bar, tail(x));
  }

 private:
  [[nodiscard]] State part(State const& x, std::int64_t copy) const {
    std::int64_t const n = this->layout().copy_entries();
    return Kokkos::subview(x, Kokkos::pair<std::int64_t, std::int64_t>(copy * n, (copy + 1) * n));
  }
  [[nodiscard]] State parameters_of(State const& x) const {
    std::int64_t const first = 2 * this->layout().copy_entries();
    return Kokkos::subview(x, Kokkos::pair<std::int64_t, std::int64_t>(first, this->layout().local_entries()));
  }
  [[nodiscard]] T* tail(State const& x) const { return x.data() + 2 * this->layout().copy_entries(); }

  Model base_;
  std::optional<Algebra> mu_;  // norms of mu alone, where there are norms by blocks
  typename Model::Parameters p_bar_;
  typename Model::Kept kept_;
  State running_gradient_;  // scratch, where there is a running loss
  std::shared_ptr<typename Model::ParameterSum> sum_;
};

}  // namespace retrace
