#pragma once

#include "core/vec.hpp"
#include "gradients/gradient_method.hpp"

#include <Kokkos_Core.hpp>

namespace retrace {

/// One trajectory's part of the arena of its chunk, laid out [record][component][lane]: coalesced on a GPU, contiguous
/// on a CPU. Appending to a full tape stores nothing but goes on counting, so that after an overflow the size that is
/// needed is known and one more attempt suffices. Holds no memory of its own.
template <class T, class S, int N>
class EnsembleTape {
 public:
  using State = Vec<T, N>;

  EnsembleTape() = default;
  /// `scalars` and `states` point at this lane's first entry; consecutive components lie `lanes` apart.
  KOKKOS_INLINE_FUNCTION EnsembleTape(RecordShape shape, S* scalars, T* states, std::int64_t capacity,
                                      std::int64_t lanes)
      : shape_(shape), scalars_(scalars), states_(states), capacity_(capacity), lanes_(lanes) {}

  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t records() const { return records_; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION bool overflowed() const { return records_ > capacity_; }
  /// Starts a record; false when there is no room for it.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION bool append() { return ++records_ <= capacity_; }

  KOKKOS_INLINE_FUNCTION void put(int scalar, S const& value) {
    scalars_[((records_ - 1) * shape_.scalars + scalar) * lanes_] = value;
  }
  KOKKOS_INLINE_FUNCTION void put_state(int state, State const& x) {
    T* const at = states_ + ((records_ - 1) * shape_.states + state) * N * lanes_;
    for (int d = 0; d < N; ++d) at[d * lanes_] = x[d];
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S get(std::int64_t record, int scalar) const {
    return scalars_[(record * shape_.scalars + scalar) * lanes_];
  }
  /// `x` is the stored state; for reading only.
  KOKKOS_INLINE_FUNCTION void get_state(std::int64_t record, int state, State& x) const {
    T const* const at = states_ + (record * shape_.states + state) * N * lanes_;
    for (int d = 0; d < N; ++d) x[d] = at[d * lanes_];
  }

 private:
  RecordShape shape_{};
  S* scalars_ = nullptr;
  T* states_ = nullptr;
  std::int64_t capacity_ = 0, lanes_ = 1, records_ = 0;
};

}  // namespace retrace
