#pragma once

#include "core/blocks.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace retrace {

/// A contiguous run of numbers [first, last).
struct IndexRange {
  std::int64_t first, last;
};

/// Deals `pieces` of work to the threads of a host execution space, always the same pieces to the same thread, so that
/// a block's data stay in that thread's caches. A thread works in a "slot", which owns scratch. Allocates nothing and
/// does not fence: host spaces return when the work is done.
template <class Exec>
class FieldLoop {
  static_assert(Kokkos::SpaceAccessibility<Kokkos::HostSpace, typename Exec::memory_space>::accessible);

 public:
  explicit FieldLoop(std::int64_t pieces)
      : pieces_(pieces), slots_(std::min<std::int64_t>(pieces, Exec().concurrency())) {
    policy_.set_chunk_size(1);
  }

  [[nodiscard]] std::int64_t pieces() const { return pieces_; }
  [[nodiscard]] std::int64_t slots() const { return slots_; }
  /// The part of `count` things that falls to a slot.
  [[nodiscard]] IndexRange share(std::int64_t slot, std::int64_t count) const {
    return {slot * count / slots_, (slot + 1) * count / slots_};
  }
  /// body(slot), all at once. `label` is a string that lives on: making one here would allocate.
  template <class Body>
  void each_slot(std::string const& label, Body const& body) const {
    if (slots_ > 0) Kokkos::parallel_for(label, policy_, [&](std::int64_t slot) { body(slot); });
  }
  /// body(piece, slot) for every piece, those of a slot in order.
  template <class Body>
  void each_piece(std::string const& label, Body const& body) const {
    each_slot(label, [&](std::int64_t slot) {
      IndexRange const mine = share(slot, pieces_);
      for (std::int64_t piece = mine.first; piece < mine.last; ++piece) body(piece, slot);
    });
  }

 private:
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::Schedule<Kokkos::Static>, Kokkos::IndexType<std::int64_t>>;

  std::int64_t pieces_, slots_;
  Policy policy_{Exec(), 0, slots_};  // made once: Kokkos 4.5 allocates a string or two for every policy made
};

}  // namespace retrace
