#pragma once

#include "core/blocks.hpp"
#include "core/math.hpp"
#include "solvers/step_control.hpp"
#include "solvers/vec_algebra.hpp"

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace retrace {

/// How the entries of a field's state lie: `copies` arrays that are spread over the ranks by the same partition (a
/// block of the partition is `block_items * item_size` consecutive entries of each copy), then `replicated` entries
/// that every rank holds alike. (y) is one copy; (y, lambda, mu) of the continuous adjoint is two copies and a
/// replicated tail.
struct FieldLayout {
  BlockPartition partition;
  std::int64_t item_size = 0, copies = 1, replicated = 0;

  [[nodiscard]] std::int64_t copy_entries() const { return partition.local_items() * item_size; }
  [[nodiscard]] std::int64_t local_entries() const { return copies * copy_entries() + replicated; }
  [[nodiscard]] std::int64_t global_entries() const { return copies * partition.total() * item_size + replicated; }
};

/// out = sum of `Terms` factors times arrays, one pass over memory.
template <class T, int Terms>
struct FusedCombination {
  T* out;
  Kokkos::Array<T const*, Terms> x;
  Kokkos::Array<T, Terms> factor;

  void operator()(std::int64_t i) const {
    T sum = factor[0] * x[0][i];
    for (std::size_t j = 1; j < Terms; ++j) sum += factor[j] * x[j][i];
    out[i] = sum;
  }
};

/// The operations of VecAlgebra on one large state in host memory, distributed as `FieldLayout` says. States are
/// handles: copying one names the same memory. Sums are formed per block and added in global block order, so they have
/// the same bits for any number of ranks and threads; each costs one MPI_Allgatherv of one number per block.
template <class T, class S, class Exec_>
class FieldAlgebra {
 public:
  using Exec = Exec_;
  using Scalar = T;
  using Time = S;
  using State = Kokkos::View<T*, Kokkos::HostSpace>;
  template <int Count>
  using Stages = Kokkos::Array<State, Count>;

  FieldAlgebra(FieldLayout layout, Communicator const& comm)
      : layout_(std::move(layout)),
        sums_(std::make_shared<Sums>(
            Sums{BlockSum(layout_.partition, comm, numbers_per_sum),
                 std::vector<double>(static_cast<std::size_t>(layout_.partition.local_blocks() * numbers_per_sum))})) {}

  [[nodiscard]] FieldLayout const& layout() const { return layout_; }

  [[nodiscard]] State make_state(char const* label) const {
    return State(std::string(label), static_cast<std::size_t>(layout_.local_entries()));
  }
  template <int Count>
  [[nodiscard]] Stages<Count> make_stages(char const* label) const {
    Stages<Count> stages;
    for (int i = 0; i < Count; ++i) stages[static_cast<std::size_t>(i)] = make_state(label);
    return stages;
  }
  void assign(State& to, State const& from) const { Kokkos::deep_copy(Exec(), to, from); }
  void assign_where(bool where, State& to, State const& from) const {
    if (where) assign(to, from);
  }
  void take_where(bool where, State& to, State& from) const {
    if (where) std::swap(to, from);
  }
  /// to = from and from = 0, or to = 0.
  void move_where(bool where, State& to, State& from) const {
    if (where) std::swap(to, from);
    set_zero(where ? from : to);
  }
  void refer(State& to, State const& from) const { to = from; }
  void set_zero(State& x) const { Kokkos::deep_copy(Exec(), x, T(0.0)); }

  template <class Row, class StageArray, class... Extra>
  void combine(State& out, S const& scale, StageArray const& x, Extra const&... extra) const {
    constexpr int terms = nonzeros<Row>() + static_cast<int>(sizeof...(Extra));
    if constexpr (terms == 0) {
      set_zero(out);
    } else {
      FusedCombination<T, terms> kernel{out.data(), {}, {}};
      std::size_t at = 0;
      auto put = [&](T const& factor, State const& state) {
        kernel.factor[at] = factor;
        kernel.x[at++] = state.data();
      };
      (put(factor_of(extra), extra.x), ...);
      static_for<Row::begin, Row::end>([&](auto j) {
        if constexpr (Row::at(j()) != 0.0) put(T(scale) * T(Row::at(j())), x[static_cast<std::size_t>(j())]);
      });
      for_entries("retrace::field::combine", kernel);
    }
  }
  void add(State& x, S const& factor, State const& y) const {
    for_entries("retrace::field::add", FusedCombination<T, 2>{x.data(), {{x.data(), y.data()}}, {{T(1.0), T(factor)}}});
  }

  void add_where(bool where, State& x, State const& y) const {
    if (where) add(x, S(1.0), y);
  }

  [[nodiscard]] bool is_finite(State const& x) const {
    return sum_over_entries([=](std::int64_t i) { return S(math::is_finite(x(i)) ? 0.0 : 1.0); }) == S(0.0);
  }
  [[nodiscard]] S dot(State const& a, State const& b) const {
    return sum_over_entries([=](std::int64_t i) { return S(a(i)) * S(b(i)); });
  }

  template <class Tab, class StageArray>
  [[nodiscard]] S error_norm(StepControl const& control, State const& y, State const& y_new, S const& h,
                             StageArray const& k) const {
    S const sum = sum_over_entries([=, this](std::int64_t i) {
      S const scaled = error_component<Tab>(i, h, k) / weight(control, y(i), y_new(i));
      return scaled * scaled;
    });
    return math::sqrt(sum / entries());
  }
  template <class Tab, class StageArray>
  void error_norm_vjp(StepControl const& control, S const& e_norm, S const& e_norm_bar, State const& y,
                      State const& y_new, S const& h, StageArray const& k, State& e_bar, State& y_bar,
                      State& y_new_bar) const {
    for_entries("retrace::field::error_norm_vjp", [=, this](std::int64_t i) {
      S const w = weight(control, y(i), y_new(i)), e = error_component<Tab>(i, h, k);
      S const common = e_norm_bar * e / (entries() * e_norm * w * w);
      e_bar(i) = T(common);
      S const w_bar = -common * e / w;
      bool const new_is_larger = math::abs(y_new(i)) > math::abs(y(i));
      T const share = T(S(control.relative_tolerance) * w_bar) * math::sign(new_is_larger ? y_new(i) : y(i));
      (new_is_larger ? y_new_bar : y_bar)(i) += share;
    });
  }
  [[nodiscard]] S weighted_rms(StepControl const& control, State const& x, State const& y) const {
    S const sum = sum_over_entries([=](std::int64_t i) {
      S const scaled = S(x(i)) / weight(control, y(i), y(i));
      return scaled * scaled;
    });
    return math::sqrt(sum / entries());
  }
  void weighted_rms_vjp(StepControl const& control, S const& norm, S const& norm_bar, State const& x, State const& y,
                        State& x_bar, State& y_bar) const {
    for_entries("retrace::field::weighted_rms_vjp", [=, this](std::int64_t i) {
      S const w = weight(control, y(i), y(i));
      S const common = norm_bar * S(x(i)) / (entries() * norm * w * w);
      T const through_weight = T(-common * S(x(i)) / w * S(control.relative_tolerance)) * math::sign(y(i));
      x_bar(i) += T(common);
      y_bar(i) += through_weight;
    });
  }

 private:
  static constexpr int numbers_per_sum = static_cast<int>(sizeof(S) / sizeof(double));  // a dual is several
  struct Sums {
    BlockSum over_ranks;
    std::vector<double> per_block;
  };

  [[nodiscard]] S entries() const { return S(static_cast<double>(layout_.global_entries())); }

  [[nodiscard]] static T factor_of(Scaled<S, State> const& term) { return T(term.factor); }
  [[nodiscard]] static T factor_of(Plain<State> const&) { return T(1.0); }
  template <class Row>
  [[nodiscard]] static constexpr int nonzeros() {
    int count = 0;
    for (int j = Row::begin; j < Row::end; ++j) count += Row::at(j) != 0.0 ? 1 : 0;
    return count;
  }
  template <class Kernel>
  void for_entries(char const* label, Kernel const& kernel) const {
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(0, layout_.local_entries()),
                         kernel);
  }
  /// Sum of term(i) over all entries of all ranks: block by block, then the replicated tail.
  template <class Term>
  [[nodiscard]] S sum_over_entries(Term const& term) const {
    S* const per_block = reinterpret_cast<S*>(sums_->per_block.data());
    FieldLayout const& layout = layout_;
    Kokkos::parallel_for("retrace::field::block_sums",
                         Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(0, layout.partition.local_blocks()),
                         [&](std::int64_t b) {
                           S sum(0.0);
                           for (std::int64_t copy = 0; copy < layout.copies; ++copy) {
                             std::int64_t const first =
                                 copy * layout.copy_entries() + layout.partition.block_offset(b) * layout.item_size;
                             std::int64_t const last = first + layout.partition.block_items(b) * layout.item_size;
                             for (std::int64_t i = first; i < last; ++i) sum += term(i);
                           }
                           per_block[b] = sum;
                         });
    S total(0.0);
    sums_->over_ranks.sum(sums_->per_block, {reinterpret_cast<double*>(&total), numbers_per_sum});
    for (std::int64_t i = layout.local_entries() - layout.replicated; i < layout.local_entries(); ++i) total += term(i);
    return total;
  }
  [[nodiscard]] static S weight(StepControl const& control, T const& y, T const& y_new) {
    return S(control.absolute_tolerance) + S(control.relative_tolerance) * S(math::max(math::abs(y), math::abs(y_new)));
  }
  template <class Tab, class StageArray>
  [[nodiscard]] static S error_component(std::int64_t i, S const& h, StageArray const& k) {
    T sum(0.0);
    static_for<0, Tab::stages>([&](auto j) {
      if constexpr (Tab::b[j()] != Tab::b_hat[j()])
        sum += T(Tab::b[j()] - Tab::b_hat[j()]) * k[static_cast<std::size_t>(j())](i);
    });
    return h * S(sum);
  }

  FieldLayout layout_;
  std::shared_ptr<Sums> sums_;
};

}  // namespace retrace
