#pragma once

#include "problems/field_problem.hpp"
#include "solvers/field_algebra.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace retrace {

template <class Model>
class AugmentedFieldModel;

/// A field problem as the integrator and the gradient methods see it, its samples spread over the ranks of `comm`.
/// Parameter gradients are kept per block, [local block][parameter], and summed in block order at the end. Rows of
/// blocks begin on cache lines, so that a block is computed alike wherever it lies.
template <FieldProblem Problem_, class T, class S, class Exec>
class FieldModel : public FieldAlgebra<T, S, Exec> {
 public:
  using Problem = Problem_;
  using Algebra = FieldAlgebra<T, S, Exec>;
  using State = typename Algebra::State;
  using Rows = Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace>;  // [block or slot][…]
  using Parameters = Rows;
  using Augmented = AugmentedFieldModel<FieldModel>;
  using Execution = Exec;
  /// What `Count` evaluations of f leave behind for the VJPs at the same arguments.
  template <int Count>
  using Kept = Kokkos::Array<Rows, Count>;

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
      problem_->vjp(b.samples, p_.data(), w.data() + b.first, y_bar.data() + b.first, row(p_bar, b.local),
                    row(kept_, b.slot), row(scratch_, b.slot));
    });
  }
  /// As `rhs`; what its VJP at this y needs goes to place `I` of `kept`.
  template <int I, class KeptArray>
  void rhs_keeping(S const& /*t*/, State const& y, State& dydt, KeptArray const& kept) const {
    static std::string const label("retrace::field::rhs_keeping");
    for_blocks(label, [&](Block const& b) {
      problem_->rhs(b.samples, y.data() + b.first, p_.data(), dydt.data() + b.first, row(kept[I], b.local),
                    row(scratch_, b.slot));
    });
  }
  /// As `vjp` at the y that place `I` of `kept` was filled with.
  template <int I, class KeptArray>
  void vjp_kept(S const& /*t*/, State const& /*y*/, State const& w, State& y_bar, Parameters& p_bar, S& /*t_bar*/,
                KeptArray const& kept) const {
    static std::string const label("retrace::field::vjp_kept");
    for_blocks(label, [&](Block const& b) {
      problem_->vjp(b.samples, p_.data(), w.data() + b.first, y_bar.data() + b.first, row(p_bar, b.local),
                    row(kept[I], b.local), row(scratch_, b.slot));
    });
  }
  /// L over all samples of all ranks.
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
  [[nodiscard]] Parameters make_parameters(char const* label) const {
    return make_rows(label, partition().local_blocks(), problem_->parameters());
  }
  void clear(Parameters const& p_bar) const {
    static std::string const label("retrace::field::clear_parameters");
    for_blocks(label, [&](Block const& b) { std::fill_n(row(p_bar, b.local), p_bar.extent(1), T(0.0)); });
  }
  template <int Count>
  [[nodiscard]] Kept<Count> make_kept(char const* label) const {
    Kept<Count> kept;
    for (std::size_t i = 0; i < Count; ++i)
      kept[i] = make_rows(label, partition().local_blocks(), problem_->kept_size(largest_block()));
    return kept;
  }
  [[nodiscard]] Augmented augmented() const { return Augmented(*this); }

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
  [[nodiscard]] static Rows make_rows(char const* label, std::int64_t rows, std::int64_t numbers) {
    constexpr std::int64_t line = 16;  // floats in 64 bytes
    return Rows(std::string(label), static_cast<std::size_t>(rows),
                static_cast<std::size_t>((numbers + line - 1) / line * line));
  }
  [[nodiscard]] static T* row(Rows const& rows, std::int64_t i) {
    return rows.data() + i * static_cast<std::int64_t>(rows.extent(1));
  }

  Problem const* problem_;
  Communicator const* comm_;
  Kokkos::View<T*, Kokkos::HostSpace> p_;
  Rows scratch_, kept_;  // [slot][…]
};

/// (y, lambda, mu) of the continuous adjoint of a field; mu is held by every rank, so each evaluation costs one
/// reduction of the parameter gradient (as data-parallel training does), and every component is in the error norm.
template <class Model>
class AugmentedFieldModel
    : public FieldAlgebra<typename Model::Scalar, typename Model::Time, typename Model::Execution> {
 public:
  using T = typename Model::Scalar;
  using S = typename Model::Time;
  using Algebra = FieldAlgebra<T, S, typename Model::Execution>;
  using State = typename Algebra::State;

  explicit AugmentedFieldModel(Model const& base)
      : Algebra(FieldLayout{base.partition(), base.problem().sample_size(), 2, base.problem().parameters()},
                base.communicator()),
        base_(base),
        p_bar_(base.make_parameters("retrace::adjoint::p_bar")),
        kept_(base.template make_kept<1>("retrace::adjoint::kept")),
        sum_(std::make_shared<ParameterSum>(base, p_bar_)) {}

  void rhs(S const& t, State const& x, State& dxdt) const {
    State const y = part(x, 0), lambda = part(x, 1);
    State dydt = part(dxdt, 0), dlambda_dt = part(dxdt, 1);
    auto p_bar = p_bar_;
    S unused_t_bar(0.0);
    base_.template rhs_keeping<0>(t, y, dydt, kept_);
    base_.clear(p_bar);
    base_.template vjp_kept<0>(t, y, lambda, dlambda_dt, p_bar, unused_t_bar, kept_);
    sum_->form(p_bar);
    for (std::int64_t j = 0; j < this->layout().replicated; ++j)
      tail(dxdt)[j] = static_cast<T>(-sum_->result[static_cast<std::size_t>(j)]);
    base_.template combine<NegativeRow>(dlambda_dt, S(1.0), Kokkos::Array<State, 1>{{dlambda_dt}});
  }
  void pack(State const& y, State const& lambda, State& x) const {
    this->set_zero(x);
    State first = part(x, 0), second = part(x, 1);
    base_.assign(first, y);
    base_.assign(second, lambda);
  }
  /// mu is the same on all ranks; it goes to the first block of rank 0, so that the sum over blocks is mu.
  template <class Gradient>
  void unpack_gradient(State const& x, Gradient& g) const {
    base_.assign(g.lambda, part(x, 1));
    if (base_.partition().first_block() != 0 || base_.partition().local_blocks() == 0) return;
    T const* const mu = tail(x);
    for (std::int64_t j = 0; j < this->layout().replicated; ++j) g.p_bar(0, j) += mu[j];
  }

 private:
  struct NegativeRow {
    static constexpr int begin = 0, end = 1;
    [[nodiscard]] static constexpr double at(int) { return -1.0; }
  };
  /// The sum of the blocks' parameter gradients, over all ranks, in double.
  struct ParameterSum {
    BlockSum over_blocks;
    std::vector<double> blocks, result;
    ParameterSum(Model const& base, typename Model::Parameters const& p_bar)
        : over_blocks(base.partition(), base.communicator(), static_cast<std::int64_t>(p_bar.extent(1))),
          blocks(std::is_same_v<T, double> ? 0 : p_bar.size()),
          result(p_bar.extent(1)) {}
    void form(typename Model::Parameters const& p_bar) {
      if constexpr (std::is_same_v<T, double>) {
        over_blocks.sum({p_bar.data(), p_bar.size()}, result);
      } else {
        std::copy_n(p_bar.data(), p_bar.size(), blocks.data());
        over_blocks.sum(blocks, result);
      }
    }
  };

  [[nodiscard]] State part(State const& x, std::int64_t copy) const {
    std::int64_t const n = this->layout().copy_entries();
    return Kokkos::subview(x, Kokkos::pair<std::int64_t, std::int64_t>(copy * n, (copy + 1) * n));
  }
  [[nodiscard]] T* tail(State const& x) const { return x.data() + 2 * this->layout().copy_entries(); }

  Model base_;
  typename Model::Parameters p_bar_;
  typename Model::template Kept<1> kept_;
  std::shared_ptr<ParameterSum> sum_;
};

}  // namespace retrace
