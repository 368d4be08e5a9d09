#pragma once

#include "core/lanes.hpp"
#include "core/vec.hpp"
#include "gradients/gradient_method.hpp"

#include <Kokkos_Core.hpp>

namespace retrace {

/// The part of an arena that belongs to one work item: a trajectory, or a pack of them. Laid out
/// [record][component][lane]: coalesced on a GPU, contiguous on a CPU. Every lane counts its own records. Appending to
/// a full tape stores nothing but goes on counting, so that after an overflow the size that is needed is known and one
/// more attempt suffices. Holds no memory of its own.
template <class T, class S, int N>
class EnsembleTape {
 public:
  using State = Vec<T, N>;
  using Mask = MaskOf<S>;
  using Count = CountOf<S>;
  static constexpr int width = LaneTraits<S>::width;

  /// `scalars`, `states` and `slots` point at this item's first lane; consecutive components lie `lanes` apart (a
  /// pack's lanes are neighbours, so `lanes` is at least the width).
  KOKKOS_INLINE_FUNCTION EnsembleTape(RecordShape shape, ValueOf<S>* scalars, ValueOf<T>* states, ValueOf<T>* slots,
                                      std::int64_t capacity, std::int64_t lanes)
      : shape_(shape), scalars_(scalars), states_(states), slots_(slots), capacity_(capacity), lanes_(lanes) {}

  /// Of lane `l`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t records(int l) const { return lane(records_, l); }
  /// Of the lane that has most.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t longest() const {
    std::int64_t most = 0;
    for (int l = 0; l < width; ++l) most = records(l) > most ? records(l) : most;
    return most;
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask overflowed() const { return records_ > largest_count<S>(capacity_); }
  /// Which lanes have a record number `n`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask holds(std::int64_t n) const { return records_ > largest_count<S>(n); }

  /// Starts a record in those lanes; returns the ones that have room for it.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask append(Mask where) {
    records_ += one_where<Count>(where);
    row_ = lane(records_, 0) - 1;
    together_ = all(Mask(where & Mask(records_ == Count(lane(records_, 0)))));
    return where & !overflowed();
  }
  KOKKOS_INLINE_FUNCTION void put(Mask where, int scalar, S const& value) {
    put_entry(scalars_, shape_.scalars, scalar, where, value);
  }
  KOKKOS_INLINE_FUNCTION void put_state(Mask where, int state, State const& x) {
    for (int d = 0; d < N; ++d) put_entry(states_, shape_.states * N, state * N + d, where, x[d]);
  }
  /// Means nothing in lanes that do not hold the record.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S get(std::int64_t record, int scalar) const {
    return load<S>(scalars_ + (record * shape_.scalars + scalar) * lanes_);
  }
  /// `x` becomes the stored state in those lanes and stays as it is in the others.
  KOKKOS_INLINE_FUNCTION void get_state_where(Mask where, std::int64_t record, int state, State& x) const {
    ValueOf<T> const* const at = states_ + (record * shape_.states + state) * N * lanes_;
    for (int d = 0; d < N; ++d) x[d] = select(where, load<T>(at + d * lanes_), x[d]);
  }

  /// Lane `l` of `x` goes to the same lane of a slot.
  KOKKOS_INLINE_FUNCTION void put_slot(int l, std::int64_t slot, State const& x) {
    for (int d = 0; d < N; ++d) slots_[(slot * N + d) * lanes_ + l] = lane(x[d], l);
  }
  KOKKOS_INLINE_FUNCTION void get_slot_where(Mask where, std::int64_t slot, State& x) const {
    ValueOf<T> const* const at = slots_ + slot * N * lanes_;
    for (int d = 0; d < N; ++d) x[d] = select(where, load<T>(at + d * lanes_), x[d]);
  }

 private:
  template <class X>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static X load(ValueOf<X> const* from) {
    if constexpr (width == 1)
      return *from;
    else
      return X::load(from);
  }
  /// Lanes at the same row are stored at once; else each to its own row.
  template <class X>
  KOKKOS_INLINE_FUNCTION void put_entry(ValueOf<X>* entries, int per_record, int entry, Mask where, X const& value) {
    if constexpr (width == 1) {
      if (where) entries[(row_ * per_record + entry) * lanes_] = value;
    } else {
      if (together_ && all(where)) {
        value.store(entries + (row_ * per_record + entry) * lanes_);
        return;
      }
      for (int l = 0; l < width; ++l) {
        if (lane(where, l)) entries[((records(l) - 1) * per_record + entry) * lanes_ + l] = lane(value, l);
      }
    }
  }

  RecordShape shape_;
  ValueOf<S>* scalars_;
  ValueOf<T>*states_, *slots_;
  std::int64_t capacity_, lanes_, row_ = -1;
  Count records_{0};
  bool together_ = true;
};

}  // namespace retrace
