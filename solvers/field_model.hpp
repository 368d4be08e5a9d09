#pragma once

#include "problems/field_problem.hpp"
#include "solvers/field_algebra.hpp"

#include <algorithm>
#include <memory>
#include <span>
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
  using Parameters = Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace>;
  using Augmented = AugmentedFieldModel<FieldModel>;
  using Execution = Exec;

  /// `parameters`: [parameter], the values of p.
  FieldModel(Problem const& problem, BlockPartition const& partition, Communicator const& comm,
             std::span<T const> parameters)
      : Algebra(FieldLayout{partition, problem.sample_size(), 1, 0}, comm),
        problem_(&problem),
        comm_(&comm),
        p_("retrace::field::parameters", parameters.size()),
        scratch_("retrace::field::scratch", static_cast<std::size_t>(partition.local_blocks()),
                 static_cast<std::size_t>(whole_lines(problem.scratch_size(partition.block_size())))) {
    for (std::size_t j = 0; j < parameters.size(); ++j) p_(j) = parameters[j];
  }

  [[nodiscard]] Problem const& problem() const { return *problem_; }
  [[nodiscard]] Communicator const& communicator() const { return *comm_; }
  [[nodiscard]] BlockPartition const& partition() const { return this->layout().partition; }

  void rhs(S const& /*t*/, State const& y, State& dydt) const {
    for_blocks("retrace::field::rhs", [=, this](std::int64_t b, std::int64_t samples, std::int64_t first) {
      problem_->rhs(samples, y.data() + first, p_.data(), dydt.data() + first, &scratch_(b, 0));
    });
  }
  void vjp(S const& /*t*/, State const& y, State const& w, State& y_bar, Parameters& p_bar, S& /*t_bar*/) const {
    for_blocks("retrace::field::vjp", [=, this](std::int64_t b, std::int64_t samples, std::int64_t first) {
      problem_->vjp(samples, y.data() + first, p_.data(), w.data() + first, y_bar.data() + first, &p_bar(b, 0),
                    &scratch_(b, 0));
    });
  }
  /// L over all samples of all ranks.
  [[nodiscard]] S loss(State const& y) const {
    constexpr int numbers = static_cast<int>(sizeof(S) / sizeof(double));
    std::vector<S> const local = block_losses(y);
    S total(0.0);
    BlockSum(partition(), *comm_, numbers)
        .sum({reinterpret_cast<double const*>(local.data()), local.size() * numbers},
             {reinterpret_cast<double*>(&total), numbers});
    return total;
  }
  [[nodiscard]] std::vector<S> block_losses(State const& y) const {
    std::vector<S> losses(static_cast<std::size_t>(partition().local_blocks()));
    for_blocks("retrace::field::loss", [&](std::int64_t b, std::int64_t samples, std::int64_t first) {
      losses[static_cast<std::size_t>(b)] = S(problem_->loss(samples, y.data() + first));
    });
    return losses;
  }
  void loss_gradient(State const& y, State& lambda) const {
    for_blocks("retrace::field::loss_gradient", [&](std::int64_t, std::int64_t samples, std::int64_t first) {
      problem_->loss_gradient(samples, y.data() + first, lambda.data() + first);
    });
  }
  [[nodiscard]] Parameters make_parameters(char const* label) const {
    return Parameters(std::string(label), static_cast<std::size_t>(partition().local_blocks()),
                      static_cast<std::size_t>(whole_lines(problem_->parameters())));
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
  [[nodiscard]] static constexpr std::int64_t whole_lines(std::int64_t numbers) { return (numbers + 7) / 8 * 8; }
  template <class Body>
  void for_blocks(char const* label, Body const& body) const {
    BlockPartition const& cut = partition();
    std::int64_t const item = this->layout().item_size;
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(0, cut.local_blocks()),
                         [&](std::int64_t b) { body(b, cut.block_items(b), cut.block_offset(b) * item); });
  }

  Problem const* problem_;
  Communicator const* comm_;
  Kokkos::View<T*, Kokkos::HostSpace> p_;
  Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace> scratch_;
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
        sum_(std::make_shared<Sum>(
            Sum{BlockSum(base.partition(), base.communicator(), static_cast<std::int64_t>(p_bar_.extent(1))),
                std::vector<double>(p_bar_.extent(1))})) {}

  void rhs(S const& t, State const& x, State& dxdt) const {
    State const y = part(x, 0), lambda = part(x, 1);
    State dydt = part(dxdt, 0), dlambda_dt = part(dxdt, 1);
    auto p_bar = p_bar_;
    S unused_t_bar(0.0);
    base_.rhs(t, y, dydt);
    Kokkos::deep_copy(typename Model::Execution(), p_bar, T(0.0));
    base_.vjp(t, y, lambda, dlambda_dt, p_bar, unused_t_bar);
    sum_->over_blocks.sum({p_bar.data(), p_bar.size()}, sum_->result);
    std::copy_n(sum_->result.data(), this->layout().replicated, tail(dxdt));
    std::int64_t const first = this->layout().copy_entries(), last = this->layout().local_entries();
    Kokkos::parallel_for("retrace::adjoint::negate",
                         Kokkos::RangePolicy<typename Model::Execution, Kokkos::IndexType<std::int64_t>>(first, last),
                         [=](std::int64_t i) { dxdt(i) = -dxdt(i); });
  }
  void pack(State const& y, State const& lambda, State& x) const {
    this->set_zero(x);
    Kokkos::deep_copy(typename Model::Execution(), part(x, 0), y);
    Kokkos::deep_copy(typename Model::Execution(), part(x, 1), lambda);
  }
  /// mu is the same on all ranks; it goes to the first block of rank 0, so that the sum over blocks is mu.
  template <class Gradient>
  void unpack_gradient(State const& x, Gradient& g) const {
    Kokkos::deep_copy(typename Model::Execution(), g.lambda, part(x, 1));
    if (base_.partition().first_block() != 0 || base_.partition().local_blocks() == 0) return;
    double const* const mu = tail(x);
    for (std::int64_t j = 0; j < this->layout().replicated; ++j) g.p_bar(0, j) += mu[j];
  }

 private:
  [[nodiscard]] State part(State const& x, std::int64_t copy) const {
    std::int64_t const n = this->layout().copy_entries();
    return Kokkos::subview(x, Kokkos::pair<std::int64_t, std::int64_t>(copy * n, (copy + 1) * n));
  }
  [[nodiscard]] double* tail(State const& x) const { return x.data() + 2 * this->layout().copy_entries(); }

  Model base_;
  typename Model::Parameters p_bar_;
  struct Sum {
    BlockSum over_blocks;
    std::vector<double> result;
  };
  std::shared_ptr<Sum> sum_;
};

}  // namespace retrace
