#pragma once

#include "core/blocks.hpp"
#include "core/lane_loops.hpp"
#include "core/math.hpp"
#include "solvers/field_loop.hpp"
#include "solvers/step_control.hpp"
#include "solvers/vec_algebra.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
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

/// out = scale * sum_j row_j x_j + sum of `Extra` factors times arrays, one pass over memory, with the roundings of
/// VecAlgebra. Entries of the row that are zero are left out.
template <class Row, class T, std::size_t Extra>
struct FusedCombination {
  static constexpr int terms = [] {
    int count = 0;
    for (int j = Row::begin; j < Row::end; ++j) count += Row::at(j) != 0.0 ? 1 : 0;
    return count;
  }();

  T* out;
  T scale;
  Kokkos::Array<T const*, Row::end + 1> x;  // one too many, because there are no empty aggregates
  Kokkos::Array<T const*, Extra + 1> extra;
  Kokkos::Array<T, Extra + 1> factor;

  template <class Width>
  void operator()(Width width, std::int64_t i) const {
    using X = Lanes<T, width()>;
    X sum(0.0);
    bool is_first = true;  // known to the compiler: the loops unroll
    if constexpr (terms > 0) {
      static_for<Row::begin, Row::end>([&](auto j) {
        if constexpr (Row::at(j()) != 0.0) {
          X const value = load_lanes<width()>(x[static_cast<std::size_t>(j())] + i), weight = X(T(Row::at(j())));
          sum = is_first ? weight * value : math::fma(weight, value, sum);
          is_first = false;
        }
      });
      if constexpr (Extra == 0)
        sum = X(scale) * sum;
      else
        sum = math::fma(X(scale), sum, X(factor[0]) * load_lanes<width()>(extra[0] + i));
    }
    static_for<terms == 0 ? 0 : 1, static_cast<int>(Extra)>([&](auto e) {
      constexpr auto at = static_cast<std::size_t>(e());
      sum = math::fma(X(factor[at]), load_lanes<width()>(extra[at] + i), sum);
    });
    store_lanes(sum, out + i);
  }
};

/// The operations of VecAlgebra on one large state in host memory, distributed as `FieldLayout` says; each is one pass
/// over the arrays it names, shared among the threads, without allocation. States are handles: copying one names the
/// same memory. Sums are formed per block and added in global block order, so they have the same bits for any number
/// of ranks and threads; each costs one MPI_Allgatherv of one number per block. `T` is the scalar of the state, `S`
/// that of time, norms and sums.
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
        loop_(std::max<std::int64_t>(layout_.partition.local_blocks(), layout_.replicated > 0 ? 1 : 0)),
        sums_(std::make_shared<Sums>(layout_, comm)) {}

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
  void assign(State& to, State const& from) const { copy(from.data(), to.data()); }
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
  void set_zero(State& x) const {
    static std::string const label("retrace::field::set_zero");
    T* const to = x.data();
    each_range(label, [=](IndexRange range) { std::fill(to + range.first, to + range.last, T(0.0)); });
  }

  template <class Row, class StageArray, class... Extra>
  void combine(State& out, S const& scale, StageArray const& x, Extra const&... extra) const {
    static std::string const label("retrace::field::combine");
    FusedCombination<Row, T, sizeof...(Extra)> kernel{
        out.data(), T(scale), {}, {{extra.x.data()...}}, {{factor_of(extra)...}}};
    static_for<Row::begin, Row::end>([&](auto j) {
      constexpr auto at = static_cast<std::size_t>(j());
      if constexpr (Row::at(j()) != 0.0) kernel.x[at] = x[at].data();
    });
    each_entry<loop_lanes<T>>(label, kernel);
  }
  void add(State& x, S const& factor, State const& y) const {
    static std::string const label("retrace::field::add");
    T* const to = x.data();
    T const* const from = y.data();
    auto const f = static_cast<T>(factor);
    each_entry<loop_lanes<T>>(label, [=](auto width, std::int64_t i) {
      using X = Lanes<T, width()>;
      store_lanes(math::fma(X(f), load_lanes<width()>(from + i), load_lanes<width()>(to + i)), to + i);
    });
  }
  void add_where(bool where, State& x, State const& y) const {
    if (where) add(x, S(1.0), y);
  }

  [[nodiscard]] bool is_finite(State const& x) const {
    static std::string const label("retrace::field::is_finite");
    T const* const from = x.data();
    return sum_over_entries(label, [=](auto width, std::int64_t i) {
             using XS = Lanes<S, width()>;
             MaskOf<XS> const finite(math::is_finite(load_lanes<width()>(from + i)));
             return select(finite, XS(0.0), XS(1.0));
           }) == S(0.0);
  }
  [[nodiscard]] S dot(State const& a, State const& b) const {
    static std::string const label("retrace::field::dot");
    T const *const x = a.data(), *const y = b.data();
    return sum_over_entries(label, [=](auto width, std::int64_t i) {
      using XS = Lanes<S, width()>;
      return XS(load_lanes<width()>(x + i)) * XS(load_lanes<width()>(y + i));
    });
  }

  template <class Tab, class StageArray>
  [[nodiscard]] S error_norm(StepControl const& control, State const& y, State const& y_new, S const& h,
                             StageArray const& k) const {
    static std::string const label("retrace::field::error_norm");
    Weights const weights{control, y.data(), y_new.data()};
    ErrorEstimate<Tab> const error(h, k);
    S const sum = sum_over_entries(label, [=](auto width, std::int64_t i) {
      auto const scaled = error.at(width, i) / weights.at(width, i);
      return scaled * scaled;
    });
    return math::sqrt(sum / entries());
  }
  template <class Tab, class StageArray>
  void error_norm_vjp(StepControl const& control, S const& e_norm, S const& e_norm_bar, State const& y,
                      State const& y_new, S const& h, StageArray const& k, State& e_bar, State& y_bar,
                      State& y_new_bar) const {
    static std::string const label("retrace::field::error_norm_vjp");
    Weights const weights{control, y.data(), y_new.data()};
    ErrorEstimate<Tab> const error(h, k);
    T *const to_error = e_bar.data(), *const to_old = y_bar.data(), *const to_new = y_new_bar.data();
    S const all = entries();
    each_entry<1>(label, [=](auto width, std::int64_t i) {
      S const w = weights.at(width, i), e = error.at(width, i);
      S const common = e_norm_bar * e / (all * e_norm * w * w);
      to_error[i] = T(common);
      S const w_bar = -common * e / w;
      bool const new_is_larger = math::abs(weights.y_new[i]) > math::abs(weights.y[i]);
      T const larger = new_is_larger ? weights.y_new[i] : weights.y[i];
      (new_is_larger ? to_new : to_old)[i] += T(S(control.relative_tolerance) * w_bar) * math::sign(larger);
    });
  }
  [[nodiscard]] S weighted_rms(StepControl const& control, State const& x, State const& y) const {
    static std::string const label("retrace::field::weighted_rms");
    Weights const weights{control, y.data(), y.data()};
    T const* const from = x.data();
    S const sum = sum_over_entries(label, [=](auto width, std::int64_t i) {
      auto const scaled = Lanes<S, width()>(load_lanes<width()>(from + i)) / weights.at(width, i);
      return scaled * scaled;
    });
    return math::sqrt(sum / entries());
  }
  void weighted_rms_vjp(StepControl const& control, S const& norm, S const& norm_bar, State const& x, State const& y,
                        State& x_bar, State& y_bar) const {
    static std::string const label("retrace::field::weighted_rms_vjp");
    Weights const weights{control, y.data(), y.data()};
    T const* const from = x.data();
    T *const to_x = x_bar.data(), *const to_y = y_bar.data();
    S const all = entries();
    each_entry<1>(label, [=](auto width, std::int64_t i) {
      S const w = weights.at(width, i);
      S const common = norm_bar * S(from[i]) / (all * norm * w * w);
      T const through_weight = T(-common * S(from[i]) / w * S(control.relative_tolerance)) * math::sign(weights.y[i]);
      to_x[i] += T(common);
      to_y[i] += through_weight;
    });
  }

 protected:
  [[nodiscard]] FieldLoop<Exec> const& loop() const { return loop_; }
  /// to = from, over all local entries.
  void copy(T const* from, T* to) const {
    static std::string const label("retrace::field::copy");
    each_range(label, [=](IndexRange range) { std::copy(from + range.first, from + range.last, to + range.first); });
  }
  /// Sum over the blocks of all ranks, in global order, of body(block), which gives an `S`.
  template <class Body>
  [[nodiscard]] S sum_over_blocks(std::string const& label, Body const& body) const {
    Sum* const sums = sums_->pieces.data();
    loop_.each_piece(label, [&](std::int64_t block, std::int64_t) {
      if (block < layout_.partition.local_blocks()) sums[block] = Sum(body(block));
    });
    Sum total(0.0);
    auto const local = static_cast<std::size_t>(layout_.partition.local_blocks() * numbers_per_sum);
    sums_->over_ranks.sum({reinterpret_cast<double const*>(sums), local},
                          {reinterpret_cast<double*>(&total), numbers_per_sum});
    return S(total);
  }

 private:
  /// What is added over blocks: a double, or a dual of such.
  using Sum = std::conditional_t<std::is_floating_point_v<S>, double, S>;
  static constexpr std::int64_t numbers_per_sum = sizeof(Sum) / sizeof(double);
  /// Entries of the replicated tail that are added up by one thread.
  static constexpr std::int64_t tail_piece = 4096;

  struct Sums {
    BlockSum over_ranks;
    std::vector<Sum> pieces;  // of the local blocks, then of the tail
    Sums(FieldLayout const& layout, Communicator const& comm)
        : over_ranks(layout.partition, comm, numbers_per_sum),
          pieces(static_cast<std::size_t>(layout.partition.local_blocks() +
                                          (layout.replicated + tail_piece - 1) / tail_piece)) {}
  };

  /// w_d = atol + rtol max(|y_d|, |y_new_d|).
  struct Weights {
    StepControl const& control;
    T const *y, *y_new;
    template <class Width>
    [[nodiscard]] auto at(Width width, std::int64_t i) const {
      using XS = Lanes<S, width()>;
      return XS(S(control.absolute_tolerance)) +
             XS(S(control.relative_tolerance)) *
                 XS(math::max(math::abs(load_lanes<width()>(y + i)), math::abs(load_lanes<width()>(y_new + i))));
    }
  };
  /// h sum_j (b_j - b_hat_j) k_j.
  template <class Tab>
  struct ErrorEstimate {
    S h;
    Kokkos::Array<T const*, Tab::stages> k;
    template <class StageArray>
    ErrorEstimate(S const& step, StageArray const& stages) : h(step) {
      for (std::size_t j = 0; j < Tab::stages; ++j) k[j] = stages[j].data();
    }
    template <class Width>
    [[nodiscard]] auto at(Width width, std::int64_t i) const {
      using X = Lanes<T, width()>;
      X sum(0.0);
      static_for<0, Tab::stages>([&](auto j) {
        constexpr auto stage = static_cast<std::size_t>(j());
        constexpr double d = Tab::b[stage] - Tab::b_hat[stage];
        if constexpr (d != 0.0) sum = math::fma(X(T(d)), load_lanes<width()>(k[stage] + i), sum);
      });
      return Lanes<S, width()>(h) * Lanes<S, width()>(sum);
    }
  };

  [[nodiscard]] S entries() const { return S(static_cast<double>(layout_.global_entries())); }
  [[nodiscard]] static T factor_of(Scaled<S, State> const& term) { return T(term.factor); }
  [[nodiscard]] static T factor_of(Plain<State> const&) { return T(1.0); }

  /// Local entries of block `b` in one copy.
  [[nodiscard]] IndexRange block_range(std::int64_t copy, std::int64_t b) const {
    std::int64_t const first = copy * layout_.copy_entries() + layout_.partition.block_offset(b) * layout_.item_size;
    return {first, first + layout_.partition.block_items(b) * layout_.item_size};
  }
  /// body(range) for ranges that cover all local entries, blocks by the thread that they belong to.
  template <class Body>
  void each_range(std::string const& label, Body const& body) const {
    std::int64_t const blocks = layout_.partition.local_blocks(), distributed = layout_.copies * layout_.copy_entries();
    loop_.each_slot(label, [&](std::int64_t slot) {
      IndexRange const mine = loop_.share(slot, blocks), tail = loop_.share(slot, layout_.replicated);
      for (std::int64_t copy = 0; copy < layout_.copies && mine.first < mine.last; ++copy)
        body(IndexRange{block_range(copy, mine.first).first, block_range(copy, mine.last - 1).last});
      body(IndexRange{distributed + tail.first, distributed + tail.last});
    });
  }
  template <int W, class Kernel>
  void each_entry(std::string const& label, Kernel const& kernel) const {
    each_range(label, [&](IndexRange range) { for_lanes<W>(range.first, range.last, kernel); });
  }
  /// Sum of term(width, i) over all entries of all ranks: block by block, then the replicated tail by pieces.
  template <class Term>
  [[nodiscard]] S sum_over_entries(std::string const& label, Term const& term) const {
    constexpr int lanes = std::min(loop_lanes<T>, loop_lanes<S>);
    std::int64_t const blocks = layout_.partition.local_blocks(), last = layout_.local_entries(),
                       first = last - layout_.replicated,
                       tail_pieces = (layout_.replicated + tail_piece - 1) / tail_piece;
    S total = sum_over_blocks(label, [&](std::int64_t b) {
      S sum(0.0);
      for (std::int64_t copy = 0; copy < layout_.copies; ++copy) {
        IndexRange const range = block_range(copy, b);
        sum += sum_of_lanes<lanes, S>(range.first, range.last, term);
      }
      return sum;
    });
    if (tail_pieces == 0) return total;
    Sum* const sums = sums_->pieces.data() + blocks;
    loop_.each_slot(label, [&](std::int64_t slot) {
      IndexRange const mine = loop_.share(slot, tail_pieces);
      for (std::int64_t piece = mine.first; piece < mine.last; ++piece) {
        std::int64_t const begin = first + piece * tail_piece;
        sums[piece] = Sum(sum_of_lanes<lanes, S>(begin, std::min(begin + tail_piece, last), term));
      }
    });
    for (std::int64_t piece = 0; piece < tail_pieces; ++piece) total += S(sums[piece]);
    return total;
  }

  FieldLayout layout_;
  FieldLoop<Exec> loop_;
  std::shared_ptr<Sums> sums_;
};

}  // namespace retrace
