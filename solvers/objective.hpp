#pragma once

#include "core/lanes.hpp"
#include "solvers/dense_output.hpp"

#include <Kokkos_Core.hpp>

#include <string_view>

namespace retrace {

/// What the loss of a trajectory is made of; l is the problem's loss of one state.
enum class LossKind {
  terminal,  ///< l(y(t1))
  exact,     ///< sum_k l(y(t_k)); every t_k is the end of a step, clipped to hit it
  dense,     ///< sum_k l(y(t_k)) on the dense output of the steps, whose grid does not know of the t_k
  integral   ///< the integral of l(y(t)) over [t0, t1], by the weights of each step; left out of the error norm
};

[[nodiscard]] constexpr std::string_view name_of(LossKind kind) {
  switch (kind) {
    case LossKind::terminal:
      return "terminal";
    case LossKind::exact:
      return "exact";
    case LossKind::dense:
      return "dense";
    case LossKind::integral:
      return "integral";
  }
  return "unknown";
}

/// The loss of a trajectory; plain data. Observation times lie in [t0, t1], in the order in which they are passed, each
/// once; t0 and t1 may be among them, and there may be none.
struct Objective {
  static constexpr int most_observations = 256;

  LossKind kind = LossKind::terminal;
  int observations = 0;
  Kokkos::Array<double, most_observations> times{};
  Interpolant interpolant{};  ///< of the scheme that is used, for `dense`

  [[nodiscard]] KOKKOS_INLINE_FUNCTION bool observes() const {
    return kind == LossKind::exact || kind == LossKind::dense;
  }
  /// Stages that a step must have room for beside its own; 0: no more.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr int columns() const {
    return kind == LossKind::dense ? interpolant.columns.stages : 0;
  }
  /// Time number `k` of each lane.
  template <class S>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S time(CountOf<S> const& k) const {
    S all{};
    for (int l = 0; l < LaneTraits<S>::width; ++l) set_value(all, l, times[static_cast<std::size_t>(lane(k, l))]);
    return all;
  }

 private:
  template <class S>
  KOKKOS_INLINE_FUNCTION static void set_value(S& all, int l, double time) {
    if constexpr (LaneTraits<S>::width == 1)
      all = S(time);
    else
      set_lane(all, l, static_cast<ValueOf<S>>(time));
  }
};

/// Throws UsageError, naming the time, unless the observation times lie in [t0, t1] in the order in which they are
/// passed, each once.
void require_valid(Objective const& objective, double t0, double t1);

/// Observations from the first to the last along a solve, per lane: which one comes next.
template <class S>
class ObservationCursor {
 public:
  using Mask = MaskOf<S>;
  using Count = CountOf<S>;

  /// `times` of an objective of the given kind are gone through, of others none.
  KOKKOS_INLINE_FUNCTION ObservationCursor(Objective const& objective, bool used)
      : objective_(&objective), count_(used ? objective.observations : 0) {}

  /// Lanes that still have one.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask more() const { return next_ < Count(count_); }
  /// The next time; `none` in lanes that have no more.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S time_or(S const& none) const {
    if (count_ == 0) return none;
    Mask const left = more();
    return select(left, objective_->template time<S>(select(left, next_, Count(0))), none);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Count number() const { return next_; }
  KOKKOS_INLINE_FUNCTION void advance(Mask where) { next_ += one_where<Count>(where); }

 private:
  Objective const* objective_;
  int count_;
  Count next_{0};
};

}  // namespace retrace
