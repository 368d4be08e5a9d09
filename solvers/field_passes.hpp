#pragma once

#include "core/blocks.hpp"
#include "core/dual.hpp"
#include "core/lane_loops.hpp"
#include "solvers/field_layout.hpp"
#include "solvers/field_loop.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace retrace {

namespace detail {
template <class S>
struct SumOf {
  using type = double;
};
template <class T, int N>
struct SumOf<Dual<T, N>> {
  using type = Dual<double, N>;
};

template <class To, class From>
[[nodiscard]] To converted(From const& x) {
  if constexpr (std::is_arithmetic_v<To>) {
    return static_cast<To>(x);
  } else {
    To y;
    y.value = static_cast<decltype(y.value)>(x.value);
    for (std::size_t i = 0; i < std::size(y.tangent); ++i) y.tangent[i] = static_cast<decltype(y.value)>(x.tangent[i]);
    return y;
  }
}
/// The larger of `most` and the value of `x`; infinite where that is not finite.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION double larger_or_infinite(double most, S const& x) {
  double const value = value_of(x);
  if (!Kokkos::isfinite(value)) return Kokkos::Experimental::infinity_v<double>;
  return value > most ? value : most;
}

}  // namespace detail

/// Passes over a field's states in host memory, shared among the threads of `Exec`; blocks by the thread that they
/// belong to, several entries at a time. Sums are formed per block and added in global block order, so they have the
/// same bits for any number of ranks and threads; each costs one MPI_Allgatherv of one number per block. Nothing is
/// allocated.
template <class T, class S, class Exec_>
class HostFieldPasses {
 public:
  using Exec = Exec_;
  using Scalar = T;
  using Time = S;
  using State = Kokkos::View<T*, Kokkos::HostSpace>;

  HostFieldPasses(FieldLayout layout, Communicator const& comm)
      : layout_(std::move(layout)),
        loop_(std::max<std::int64_t>(layout_.partition.local_blocks(), layout_.replicated > 0 ? 1 : 0)),
        comm_(&comm),
        sums_(std::make_shared<Sums>(layout_, comm, loop_.slots())) {}

  [[nodiscard]] FieldLayout const& layout() const { return layout_; }

 protected:
  [[nodiscard]] FieldLoop<Exec> const& loop() const { return loop_; }
  /// to = from, over all local entries.
  void copy(T const* from, T* to) const {
    static std::string const label("retrace::field::copy");
    each_range(label, [=](IndexRange range) { std::copy(from + range.first, from + range.last, to + range.first); });
  }
  void fill_with_zero(T* to) const {
    static std::string const label("retrace::field::set_zero");
    each_range(label, [=](IndexRange range) { std::fill(to + range.first, to + range.last, T(0.0)); });
  }
  /// kernel(width, i) for all local entries.
  template <class Kernel>
  void each_entry(std::string const& label, Kernel const& kernel) const {
    each_range(label, [&](IndexRange range) { for_lanes<loop_lanes<T>>(range.first, range.last, kernel); });
  }
  /// The same for a kernel that takes one entry at a time.
  template <class Kernel>
  void each_entry_alone(std::string const& label, Kernel const& kernel) const {
    each_range(label, [&](IndexRange range) { for_lanes<1>(range.first, range.last, kernel); });
  }
  /// Sum of term(width, i) over all entries of all ranks: block by block, then the replicated tail by pieces.
  template <class Term>
  [[nodiscard]] S sum_over_entries(std::string const& label, Term const& term, bool with_tail = true) const {
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
    if (tail_pieces == 0 || !with_tail) return total;
    Sum* const sums = sums_->pieces.data() + blocks;
    loop_.each_slot(label, [&](std::int64_t slot) {
      IndexRange const mine = loop_.share(slot, tail_pieces);
      for (std::int64_t piece = mine.first; piece < mine.last; ++piece) {
        std::int64_t const begin = first + piece * tail_piece;
        sums[piece] = detail::converted<Sum>(sum_of_lanes<lanes, S>(begin, std::min(begin + tail_piece, last), term));
      }
    });
    for (std::int64_t piece = 0; piece < tail_pieces; ++piece) total += detail::converted<S>(sums[piece]);
    return total;
  }
  /// Largest term(Width<1>, i), which is not negative, over all entries of all ranks, as a plain number; infinite where
  /// a term is not finite. One MPI_Allreduce.
  template <class Term>
  [[nodiscard]] double max_over_entries(std::string const& label, Term const& term, bool with_tail = true) const {
    std::vector<double>& maxima = sums_->maxima;
    std::ranges::fill(maxima, 0.0);
    std::int64_t const tail = layout_.local_entries() - layout_.replicated;
    each_range_of_slot(label, [&](std::int64_t slot, IndexRange range) {
      if (!with_tail && range.first >= tail) return;
      double& most = maxima[static_cast<std::size_t>(slot)];
      for (std::int64_t i = range.first; i < range.last; ++i)
        most = detail::larger_or_infinite(most, term(Width<1>{}, i));
    });
    double most = 0.0;
    for (double const x : maxima) most = std::max(most, x);
    return comm_->all_max(most);
  }
  /// Sum over the blocks of all ranks, in global order, of body(block), which gives an `S`.
  template <class Body>
  [[nodiscard]] S sum_over_blocks(std::string const& label, Body const& body) const {
    Sum* const sums = sums_->pieces.data();
    loop_.each_piece(label, [&](std::int64_t block, std::int64_t) {
      if (block < layout_.partition.local_blocks()) sums[block] = detail::converted<Sum>(body(block));
    });
    Sum total(0.0);
    auto const local = static_cast<std::size_t>(layout_.partition.local_blocks() * numbers_per_sum);
    sums_->over_ranks.sum({reinterpret_cast<double const*>(sums), local},
                          {reinterpret_cast<double*>(&total), numbers_per_sum});
    return detail::converted<S>(total);
  }

 private:
  /// What is added over blocks: doubles, or duals of doubles.
  using Sum = typename detail::SumOf<S>::type;
  static constexpr std::int64_t numbers_per_sum = sizeof(Sum) / sizeof(double);
  /// Entries of the replicated tail that are added up by one thread.
  static constexpr std::int64_t tail_piece = 4096;

  struct Sums {
    BlockSum over_ranks;
    std::vector<Sum> pieces;     // of the local blocks, then of the tail
    std::vector<double> maxima;  // [slot]
    Sums(FieldLayout const& layout, Communicator const& comm, std::int64_t slots)
        : over_ranks(layout.partition, comm, numbers_per_sum),
          pieces(static_cast<std::size_t>(layout.partition.local_blocks() +
                                          (layout.replicated + tail_piece - 1) / tail_piece)),
          maxima(static_cast<std::size_t>(slots)) {}
  };

  /// Local entries of block `b` in one copy.
  [[nodiscard]] IndexRange block_range(std::int64_t copy, std::int64_t b) const {
    std::int64_t const first = copy * layout_.copy_entries() + layout_.partition.block_offset(b) * layout_.item_size;
    return {first, first + layout_.partition.block_items(b) * layout_.item_size};
  }
  /// body(range) for ranges that cover all local entries, blocks by the thread that they belong to.
  template <class Body>
  void each_range(std::string const& label, Body const& body) const {
    each_range_of_slot(label, [&](std::int64_t, IndexRange range) { body(range); });
  }
  /// body(slot, range)
  template <class Body>
  void each_range_of_slot(std::string const& label, Body const& body) const {
    std::int64_t const blocks = layout_.partition.local_blocks(), distributed = layout_.distributed_entries();
    loop_.each_slot(label, [&](std::int64_t slot) {
      IndexRange const mine = loop_.share(slot, blocks), tail = loop_.share(slot, layout_.replicated);
      for (std::int64_t copy = 0; copy < layout_.copies && mine.first < mine.last; ++copy)
        body(slot, IndexRange{block_range(copy, mine.first).first, block_range(copy, mine.last - 1).last});
      body(slot, IndexRange{distributed + tail.first, distributed + tail.last});
    });
  }

  FieldLayout layout_;
  FieldLoop<Exec> loop_;
  Communicator const* comm_;
  std::shared_ptr<Sums> sums_;
};

}  // namespace retrace
