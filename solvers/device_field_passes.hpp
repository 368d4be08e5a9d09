#pragma once

#include "core/blocks.hpp"
#include "core/lane_loops.hpp"
#include "solvers/field_algebra.hpp"
#include "solvers/field_layout.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace retrace {

namespace field_kernels {

/// Kernel for one entry per work item; neighbours in memory are neighbouring work items.
template <class Kernel>
struct EachEntry {
  Kernel kernel;
  KOKKOS_FUNCTION void operator()(std::int64_t i) const { kernel(Width<1>{}, i); }
};
/// The largest of terms, for Kokkos::Max.
template <class Term>
struct LargestTerm {
  Term term;
  KOKKOS_FUNCTION void operator()(std::int64_t i, double& most) const {
    most = retrace::detail::larger_or_infinite(most, term(Width<1>{}, i));
  }
};
template <class T>
struct Copy {
  T const* from;
  T* to;
  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width /*one*/, std::int64_t i) const {
    to[i] = from[i];
  }
};
template <class T>
struct FillWithZero {
  T* to;
  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width /*one*/, std::int64_t i) const {
    to[i] = T(0.0);
  }
};

/// How the entries of a rank are cut into pieces for sums: each copy of each block, and the replicated tail, into runs
/// of `length`. The cut of a block does not depend on what other blocks a rank has.
struct SumPieces {
  static constexpr std::int64_t length = 4096;

  std::int64_t blocks, copies, block_entries, copy_entries, replicated;

  explicit SumPieces(FieldLayout const& layout)
      : blocks(layout.partition.local_blocks()),
        copies(layout.copies),
        block_entries(layout.partition.block_size() * layout.item_size),
        copy_entries(layout.copy_entries()),
        replicated(layout.replicated) {}
  [[nodiscard]] static KOKKOS_INLINE_FUNCTION std::int64_t pieces_of(std::int64_t entries) {
    return (entries + length - 1) / length;
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t per_block() const { return copies * pieces_of(block_entries); }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t in_blocks() const { return blocks * per_block(); }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t count() const { return in_blocks() + pieces_of(replicated); }
  /// The entries [begin, end) of a piece; none where a block is short.
  KOKKOS_INLINE_FUNCTION void range(std::int64_t piece, std::int64_t& begin, std::int64_t& end) const {
    std::int64_t limit = 0;
    if (piece < in_blocks()) {
      std::int64_t const block = piece / per_block(), part = piece % per_block(),
                         copy = part / pieces_of(block_entries), run = part % pieces_of(block_entries);
      begin = copy * copy_entries + block * block_entries + run * length;
      limit = smaller((copy + 1) * copy_entries, copy * copy_entries + (block + 1) * block_entries);
    } else {
      begin = copies * copy_entries + (piece - in_blocks()) * length;
      limit = copies * copy_entries + replicated;
    }
    end = smaller(begin + length, limit);
  }

 private:
  [[nodiscard]] static KOKKOS_INLINE_FUNCTION std::int64_t smaller(std::int64_t a, std::int64_t b) {
    return a < b ? a : b;
  }
};

/// The sum of one piece per team: `partial_sums` of every so-many-th entry, then a tree over them. Its shape does not
/// depend on the size of the team, so that sums have the same bits on every space and device.
template <class Exec, class Sum, class Term>
struct SumOfPiece {
  static constexpr int partial_sums = 256;
  static constexpr std::size_t scratch_bytes = partial_sums * sizeof(Sum);

  SumPieces pieces;
  Term term;
  double* to;

  KOKKOS_FUNCTION void operator()(typename Kokkos::TeamPolicy<Exec>::member_type const& team) const {
    auto* const sums = static_cast<Sum*>(team.team_scratch(0).get_shmem(static_cast<std::ptrdiff_t>(scratch_bytes)));
    std::int64_t begin = 0, end = 0;
    pieces.range(team.league_rank(), begin, end);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, partial_sums), [&](int l) {
      Sum sum(0);
      for (std::int64_t i = begin + l; i < end; i += partial_sums) sum += term(Width<1>{}, i);
      sums[l] = sum;
    });
    team.team_barrier();
    for (int half = partial_sums / 2; half > 0; half /= 2) {
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, half), [&](int l) { sums[l] += sums[l + half]; });
      team.team_barrier();
    }
    Kokkos::single(Kokkos::PerTeam(team), [&]() { to[team.league_rank()] = static_cast<double>(sums[0]); });
  }
};

}  // namespace field_kernels

/// Passes over a field's states in the memory of `Exec`, which may be a device: one entry per work item. Work is left
/// on the default instance of `Exec`; only sums fence, once each, since they are decided upon on the host. A block's
/// sum has a fixed shape, blocks are added in global order on the host: the same bits for any number of ranks and any
/// `Exec`. Nothing is allocated after construction. `T` and `S` are plain numbers.
template <class T, class S, class Exec_>
class DeviceFieldPasses {
 public:
  using Exec = Exec_;
  using MemorySpace = typename Exec::memory_space;
  using Scalar = T;
  using Time = S;
  using State = Kokkos::View<T*, MemorySpace>;

  DeviceFieldPasses(FieldLayout layout, Communicator const& comm)
      : layout_(std::move(layout)),
        pieces_(layout_),
        entries_(exec_, 0, layout_.local_entries()),
        teams_(exec_, static_cast<int>(pieces_.count()), team_size),
        comm_(&comm),
        sums_(std::make_shared<Sums>(layout_, pieces_, comm)) {
    teams_.set_scratch_size(0, Kokkos::PerTeam(scratch_bytes));
  }

  [[nodiscard]] FieldLayout const& layout() const { return layout_; }

 protected:
  [[nodiscard]] Exec const& exec() const { return exec_; }
  /// Bytes that sums over a state of that layout need, on device and host.
  [[nodiscard]] static std::int64_t sum_bytes(FieldLayout const& layout) {
    return 2 * static_cast<std::int64_t>(sizeof(double)) * field_kernels::SumPieces(layout).count();
  }
  /// to = from, over all local entries.
  void copy(T const* from, T* to) const {
    static std::string const label("retrace::field::copy");
    each_entry(label, field_kernels::Copy<T>{from, to});
  }
  void fill_with_zero(T* to) const {
    static std::string const label("retrace::field::set_zero");
    each_entry(label, field_kernels::FillWithZero<T>{to});
  }
  /// kernel(Width<1>, i) for all local entries.
  template <class Kernel>
  void each_entry(std::string const& label, Kernel const& kernel) const {
    Kokkos::parallel_for(label, entries_, field_kernels::EachEntry<Kernel>{kernel});
  }
  template <class Kernel>
  void each_entry_alone(std::string const& label, Kernel const& kernel) const {
    each_entry(label, kernel);
  }
  /// Sum of term(Width<1>, i) over all entries of all ranks: block by block, then the replicated tail by pieces.
  template <class Term>
  [[nodiscard]] S sum_over_entries(std::string const& label, Term const& term, bool with_tail = true) const {
    S total = add_over_ranks(block_sums<S>(label, term));
    for (std::int64_t piece = pieces_.in_blocks(); with_tail && piece < pieces_.count(); ++piece)
      total += static_cast<S>(sums_->on_host(static_cast<std::size_t>(piece)));
    return total;
  }
  /// Largest term(Width<1>, i), which is not negative, over all entries of all ranks; infinite where a term is not
  /// finite. One fence, one MPI_Allreduce.
  template <class Term>
  [[nodiscard]] double max_over_entries(std::string const& label, Term const& term, bool with_tail = true) const {
    std::int64_t const count = layout_.local_entries() - (with_tail ? 0 : layout_.replicated);
    double most = 0.0;
    if (count > 0) {
      Kokkos::parallel_reduce(label, Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(exec_, 0, count),
                              field_kernels::LargestTerm<Term>{term}, Kokkos::Max<double>(most));
    }
    return comm_->all_max(most);
  }
  /// [local block]: the sums of a term, formed in `Sum`.
  template <class Sum, class Term>
  [[nodiscard]] std::span<double const> block_sums(std::string const& label, Term const& term) const {
    static_assert(sizeof(Sum) <= sizeof(double));
    Sums& sums = *sums_;
    if (pieces_.count() > 0) {
      Kokkos::parallel_for(label, teams_,
                           field_kernels::SumOfPiece<Exec, Sum, Term>{pieces_, term, sums.on_device.data()});
      Kokkos::deep_copy(exec_, sums.on_host, sums.on_device);
      exec_.fence("retrace::field: the host adds and decides");
    }
    std::int64_t const per_block = pieces_.per_block();
    for (std::int64_t b = 0; b < pieces_.blocks; ++b) {
      Sum sum(0);
      for (std::int64_t i = 0; i < per_block; ++i)
        sum += static_cast<Sum>(sums.on_host(static_cast<std::size_t>(b * per_block + i)));
      sums.of_blocks[static_cast<std::size_t>(b)] = static_cast<double>(sum);
    }
    return sums.of_blocks;
  }
  [[nodiscard]] S add_over_ranks(std::span<double const> of_blocks) const {
    double total = 0.0;
    sums_->over_ranks.sum(of_blocks, {&total, 1});
    return static_cast<S>(total);
  }

 private:
  /// A team is one thread on a host: team members there are threads that spin at barriers.
  static constexpr int team_size = Kokkos::SpaceAccessibility<Kokkos::HostSpace, MemorySpace>::accessible ? 1 : 128;
  static constexpr int scratch_bytes = 256 * sizeof(double);

  struct Sums {
    BlockSum over_ranks;
    Kokkos::View<double*, MemorySpace> on_device;                     // [piece]
    typename Kokkos::View<double*, MemorySpace>::HostMirror on_host;  // the same
    std::vector<double> of_blocks;
    Sums(FieldLayout const& layout, field_kernels::SumPieces const& pieces, Communicator const& comm)
        : over_ranks(layout.partition, comm, 1),
          on_device("retrace::field::sums", static_cast<std::size_t>(pieces.count())),
          on_host(Kokkos::create_mirror(on_device)),
          of_blocks(static_cast<std::size_t>(pieces.blocks)) {}
  };

  FieldLayout layout_;
  Exec exec_;
  field_kernels::SumPieces pieces_;
  Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>> entries_;  // made once, as a policy costs allocations
  Kokkos::TeamPolicy<Exec> teams_;
  Communicator const* comm_;
  std::shared_ptr<Sums> sums_;
};

/// The operations on a state in the memory of `Exec`.
template <class T, class S, class Exec>
using DeviceFieldAlgebra = FieldOperations<DeviceFieldPasses<T, S, Exec>>;

}  // namespace retrace
