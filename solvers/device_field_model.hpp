#pragma once

#include "core/view_of.hpp"
#include "solvers/device_field_passes.hpp"
#include "solvers/field_model.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace retrace {

namespace field_kernels {

/// total += recent, recent = 0
template <class T>
struct Settle {
  T* recent;
  double* total;
  KOKKOS_FUNCTION void operator()(std::int64_t i) const {
    total[i] += static_cast<double>(recent[i]);
    recent[i] = T(0.0);
  }
};
/// x += y
template <class T>
struct AddTo {
  T const* y;
  T* x;
  KOKKOS_FUNCTION void operator()(std::int64_t i) const { x[i] += y[i]; }
};
/// to = minus the sum over the rows, in their order; one column per work item.
template <class T>
struct NegativeSumOfRows {
  std::int64_t rows, stride;
  T const* x;
  T* to;
  KOKKOS_FUNCTION void operator()(std::int64_t j) const {
    double sum = 0.0;
    for (std::int64_t row = 0; row < rows; ++row) sum += static_cast<double>(x[row * stride + j]);
    to[j] = static_cast<T>(-sum);
  }
};

}  // namespace field_kernels

template <class Model>
class DeviceParameterSum;

/// A field problem in the memory of a device as the integrator and the gradient methods, which run on the host, see it:
/// what FieldModel is to host threads. `Batch` (problems/neural_mlp_batch.hpp) evaluates f and its VJP for all samples
/// of the rank at once. Parameter gradients are kept per block, [local block][parameter], as there.
template <class Batch, class S>
class DeviceFieldModel : public DeviceFieldAlgebra<typename Batch::Scalar, S, typename Batch::Exec> {
 public:
  using Problem = typename Batch::Description;
  using T = typename Batch::Scalar;
  using Execution = typename Batch::Exec;
  using Algebra = DeviceFieldAlgebra<T, S, Execution>;
  using State = typename Algebra::State;
  using Parameters = FieldParameters<T, typename Execution::memory_space>;
  using Rows = typename Parameters::Rows;
  template <AdjointNorm>
  using Augmented = AugmentedFieldModel<DeviceFieldModel>;
  using ParameterSum = DeviceParameterSum<DeviceFieldModel>;
  /// What evaluations of f leave behind for the VJPs at the same arguments, one place for each.
  using Kept = Kokkos::Array<Kokkos::View<T*, typename Execution::memory_space>, max_stages>;

  /// `parameters`: [parameter], the values of p.
  DeviceFieldModel(Problem const& problem, BlockPartition const& partition, Communicator const& comm,
                   std::span<T const> parameters)
      : Algebra(FieldLayout{partition, problem.sample_size(), 1, 0}, comm),
        comm_(&comm),
        batch_(problem, partition, this->exec()),
        p_("retrace::field::parameters", parameters.size()),
        kept_("retrace::field::kept", static_cast<std::size_t>(batch_.kept_size())) {
    to_device(parameters.data(), p_);
  }

  [[nodiscard]] Problem const& problem() const { return batch_.description(); }
  [[nodiscard]] Communicator const& communicator() const { return *comm_; }
  [[nodiscard]] BlockPartition const& partition() const { return this->layout().partition; }
  [[nodiscard]] Execution const& execution() const { return this->exec(); }

  void rhs(S const& /*t*/, State const& y, State& dydt) const {
    batch_.rhs(y.data(), p_.data(), dydt.data(), kept_.data());
  }
  /// `w` and `y_bar` must not be the same.
  void vjp(S const& /*t*/, State const& y, State const& w, State& y_bar, Parameters& p_bar, S& /*t_bar*/) const {
    batch_.keep(y.data(), p_.data(), kept_.data());
    batch_.vjp(y.data(), p_.data(), w.data(), y_bar.data(), p_bar.row(0), p_bar.stride(), kept_.data());
  }
  /// As `rhs`; what its VJP at this y needs goes to `place` of `kept`.
  void rhs_keeping(S const& /*t*/, State const& y, State& dydt, Kept const& kept, int place) const {
    batch_.rhs(y.data(), p_.data(), dydt.data(), kept[static_cast<std::size_t>(place)].data());
  }
  /// As `vjp` at the y that `place` of `kept` was filled with.
  void vjp_kept(S const& /*t*/, State const& y, State const& w, State& y_bar, Parameters& p_bar, S& /*t_bar*/,
                Kept const& kept, int place) const {
    batch_.vjp(y.data(), p_.data(), w.data(), y_bar.data(), p_bar.row(0), p_bar.stride(),
               kept[static_cast<std::size_t>(place)].data());
  }
  /// L over all samples of all ranks.
  [[nodiscard]] S state_loss(State const& y) const { return loss(y); }
  [[nodiscard]] S loss(State const& y) const { return static_cast<S>(batch_.loss_factor()) * sum_of_losses(y); }
  void loss_gradient(State const& y, State& lambda) const {
    static std::string const label("retrace::field::loss_gradient");
    this->each_entry(label, batch_.loss_gradient(y.data(), lambda.data()));
  }
  /// For each local block its share of L, then of the gradient in p: [local block][1 + parameter]. Allocates copies.
  void block_results(State const& y, Parameters const& p_bar, std::span<double> results) const {
    static std::string const label("retrace::field::block_losses");
    std::span<double const> const losses = this->template block_sums<double>(label, batch_.loss_term(y.data()));
    auto const recent = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), p_bar.recent);
    auto const total = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), p_bar.total);
    FieldParameters<T> const on_host{recent, total};
    std::int64_t const p = problem().parameters();
    for (std::int64_t b = 0; b < partition().local_blocks(); ++b) {
      double* const of_block = results.data() + b * (1 + p);
      of_block[0] = batch_.loss_factor() * losses[static_cast<std::size_t>(b)];
      for (std::int64_t j = 0; j < p; ++j) of_block[1 + j] = on_host.value(b, j);
    }
  }
  /// Until all that was asked for is done.
  void wait() const { this->exec().fence("retrace::field: a gradient is complete when run returns"); }

  /// Of one evaluation: without totals.
  [[nodiscard]] Parameters make_recent_parameters(char const* label) const {
    return {.recent = view_of<Rows>(label, static_cast<std::size_t>(partition().local_blocks()),
                                    static_cast<std::size_t>(row_size(problem().parameters())))};
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
    each(label, p_bar.recent.size(), ZeroOf<T>{{p_bar.recent.data()}});
    if (p_bar.total.size() > 0) each(label, p_bar.total.size(), ZeroOf<double>{{p_bar.total.data()}});
  }
  /// Adds `values` [parameter] to this rank's first block.
  void add_to_first_block(Parameters const& p_bar, T const* values) const {
    static std::string const label("retrace::field::add_to_first_block");
    each(label, static_cast<std::size_t>(problem().parameters()), field_kernels::AddTo<T>{values, p_bar.row(0)});
  }
  /// The end of a step: what VJPs have added goes to the totals, where there are any.
  void settle(Parameters const& p_bar) const {
    if constexpr (has_totals) {
      static std::string const label("retrace::field::settle_parameters");
      each(label, p_bar.recent.size(), field_kernels::Settle<T>{p_bar.recent.data(), p_bar.total.data()});
    }
  }
  [[nodiscard]] Kept make_kept(char const* label, int count) const {
    Kept kept;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      kept[i] = view_of<typename Kept::value_type>(label, kept_.extent(0));
    return kept;
  }
  template <AdjointNorm norm>
  [[nodiscard]] Augmented<norm> augmented(bool running_loss) const {
    return Augmented<norm>(*this, norm, running_loss);
  }

  /// Bytes of the model itself, and of so many further states, sets of kept numbers and augmented states, with what
  /// the augmented model has for itself; without what cuBLAS takes.
  [[nodiscard]] std::int64_t bytes(std::int64_t states, std::int64_t kept, std::int64_t augmented,
                                   std::int64_t recent_parameters = 0) const {
    std::int64_t const entries = this->layout().local_entries(), p = problem().parameters(),
                       p_rows = partition().local_blocks() * row_size(p);
    bool const has_augmented = augmented > 0, adds_on_host = has_augmented && comm_->size() > 1;
    FieldLayout const augmented_layout{partition(), problem().sample_size(), 2, p};
    std::int64_t const numbers =
        p + batch_.scratch_size() + (1 + kept) * batch_.kept_size() + states * entries + augmented * (2 * entries + p) +
        ((has_augmented ? 2 : 1) + recent_parameters) * p_rows + (adds_on_host ? p_rows + p : 0);
    std::int64_t const sums = this->sum_bytes(this->layout()) + (has_augmented ? this->sum_bytes(augmented_layout) : 0);
    return numbers * static_cast<std::int64_t>(sizeof(T)) + sums +
           (has_totals ? p_rows * static_cast<std::int64_t>(sizeof(double)) : 0);
  }

  /// y0 of this rank's samples, formed on the host.
  void initial_state(State& y) const {
    auto const size = static_cast<std::size_t>(problem().sample_size());
    std::vector<double> sample(size);
    std::vector<T> all;
    for (std::int64_t i = 0; i < partition().local_items(); ++i) {
      problem().initial_state(partition().first_item() + i, sample);
      for (double const x : sample) all.push_back(static_cast<T>(x));
    }
    to_device(all.data(), y);
  }

  /// kernel(i) for i = 0 … count - 1.
  template <class Kernel>
  void each(std::string const& label, std::size_t count, Kernel const& kernel) const {
    auto const last = static_cast<std::int64_t>(count);
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Execution, Kokkos::IndexType<std::int64_t>>(this->exec(), 0, last),
                         kernel);
  }

 private:
  static constexpr bool has_totals = std::is_same_v<S, double> && std::is_same_v<T, float>;
  template <class Number>
  using ZeroOf = field_kernels::EachEntry<field_kernels::FillWithZero<Number>>;

  /// Numbers of a row of whole cache lines.
  [[nodiscard]] static std::int64_t row_size(std::int64_t numbers) {
    constexpr std::int64_t line = 16;  // floats in 64 bytes
    return (numbers + line - 1) / line * line;
  }
  [[nodiscard]] S sum_of_losses(State const& y) const {
    static std::string const label("retrace::field::loss");
    return this->add_over_ranks(this->template block_sums<double>(label, batch_.loss_term(y.data())));
  }
  static void to_device(T const* from, State const& to) {
    Kokkos::deep_copy(to, Kokkos::View<T const*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>(from, to.extent(0)));
  }

  Communicator const* comm_;
  Batch batch_;
  State p_, kept_;
};

/// What FieldParameterSum is on the host. On one rank the sum stays on the device; else the blocks of all ranks are
/// added on the host, in the same order.
template <class Model>
class DeviceParameterSum {
 public:
  using T = typename Model::Scalar;
  using Rows = typename Model::Rows;

  DeviceParameterSum(Model const& model, Rows const& p_bar)
      : model_(model),
        over_blocks_(model.partition(), model.communicator(), static_cast<std::int64_t>(p_bar.extent(1))) {
    if (model.communicator().size() == 1) return;
    rows_ = Kokkos::create_mirror(p_bar);
    blocks_.resize(p_bar.size());
    result_.resize(p_bar.extent(1));
    negative_ = HostNumbers("retrace::adjoint::parameter_sum", parameters());
  }

  /// to [parameter] = minus the sum.
  void form_negative(Rows const& p_bar, T* to) {
    static std::string const label("retrace::field::parameter_sum");
    if (model_.communicator().size() == 1) {
      model_.each(label, parameters(),
                  field_kernels::NegativeSumOfRows<T>{static_cast<std::int64_t>(p_bar.extent(0)),
                                                      static_cast<std::int64_t>(p_bar.extent(1)), p_bar.data(), to});
      return;
    }
    Kokkos::deep_copy(model_.execution(), rows_, p_bar);
    model_.execution().fence("retrace::field: ranks add parameter gradients on the host");
    std::copy_n(rows_.data(), rows_.size(), blocks_.data());
    over_blocks_.sum(blocks_, result_);
    for (std::size_t j = 0; j < parameters(); ++j) negative_(j) = static_cast<T>(-result_[j]);
    Kokkos::deep_copy(model_.execution(),
                      Kokkos::View<T*, typename Rows::memory_space, Kokkos::MemoryUnmanaged>(to, parameters()),
                      negative_);
  }

 private:
  using HostNumbers = Kokkos::View<T*, Kokkos::HostSpace>;
  [[nodiscard]] std::size_t parameters() const { return static_cast<std::size_t>(model_.problem().parameters()); }

  Model model_;
  BlockSum over_blocks_;
  typename Rows::HostMirror rows_;
  std::vector<double> blocks_, result_;
  HostNumbers negative_;
};

}  // namespace retrace
