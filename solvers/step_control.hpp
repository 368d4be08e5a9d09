#pragma once

#include "core/lanes.hpp"

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string_view>

namespace retrace {

/// How an integration ended. Anything but `success` ends the one case and is recorded.
enum class [[nodiscard]] SolveStatus : int{success, max_steps_reached, step_too_small, non_finite, arena_exhausted};

[[nodiscard]] constexpr std::string_view name_of(SolveStatus status) {
  switch (status) {
    case SolveStatus::success:
      return "success";
    case SolveStatus::max_steps_reached:
      return "max_steps";
    case SolveStatus::step_too_small:
      return "step_too_small";
    case SolveStatus::non_finite:
      return "non_finite";
    case SolveStatus::arena_exhausted:
      return "arena_exhausted";
  }
  return "unknown";
}

/// The status of each lane of a time scalar `S`; of a plain number, one status.
template <class S>
struct [[nodiscard]] LaneStatus {
  CountOf<S> code{0};

  KOKKOS_INLINE_FUNCTION void set(MaskOf<S> where, SolveStatus status) {
    code = select(where, CountOf<S>(static_cast<int>(status)), code);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<S> is(SolveStatus status) const {
    return code == CountOf<S>(static_cast<int>(status));
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION SolveStatus of_lane(int l) const {
    return static_cast<SolveStatus>(lane(code, l));
  }
  // NOLINTNEXTLINE(google-explicit-constructor): one lane is one status
  KOKKOS_INLINE_FUNCTION operator SolveStatus() const requires(LaneTraits<S>::width == 1) { return of_lane(0); }
};

/// Bounds on the ratio of the next step size to the present one, phi = clip(safety E^(-1/(q+1)), …).
struct StepSizeRule {
  double safety = 0.9;
  double shrink_limit = 0.2;              ///< least ratio after a rejection
  double growth_limit = 10.0;             ///< greatest ratio after an accepted step
  double accepted_shrink_limit = 0.2;     ///< least ratio after an accepted step
  bool no_growth_after_rejection = true;  ///< ratio at most 1 right after a rejected step (HNW II.4)
  /// Rejections in a row because of a non-finite error norm before the solve fails; 0 fails at once.
  int non_finite_rejections = 0;

  /// Hairer, Norsett & Wanner (1993), Sec. II.4; the default.
  [[nodiscard]] static constexpr StepSizeRule standard() { return {}; }
  /// The controller of the ACA paper's experiments: an accepted step never shrinks the next one.
  [[nodiscard]] static constexpr StepSizeRule paper() {
    return {.accepted_shrink_limit = 1.0, .no_growth_after_rejection = false, .non_finite_rejections = 60};
  }
  /// Plain clipping to [0.2, 5], as in the worked numbers of docs/methods.md.
  [[nodiscard]] static constexpr StepSizeRule plain() {
    return {.growth_limit = 5.0, .no_growth_after_rejection = false};
  }
};

/// Everything that decides the steps of an integration; plain data.
struct StepControl {
  double relative_tolerance = 1e-6;
  double absolute_tolerance = 1e-6;
  /// Size of the first step (positive, in units of time); 0 chooses it by HNW II.4 with two evaluations of f.
  double initial_step = 0.0;
  /// Limit on trial steps, accepted and rejected.
  std::int64_t max_steps = 100'000;
  /// Number of equal steps; 0 for adaptive steps. Schemes without an embedded partner need it.
  std::int64_t fixed_steps = 0;
  StepSizeRule rule{};

  [[nodiscard]] KOKKOS_INLINE_FUNCTION bool adaptive() const { return fixed_steps == 0; }
};

/// `limit` as a counter of `S`, or the largest that such a counter holds.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION CountOf<S> largest_count(std::int64_t limit) {
  using Number = ValueOf<CountOf<S>>;
  constexpr std::int64_t most = Kokkos::Experimental::finite_max_v<Number>;
  return CountOf<S>(static_cast<Number>(limit < most ? limit : most));
}

/// Exact counts of what an integration did, per lane.
template <class Count = std::int64_t>
struct IntegrationCounts {
  Count rhs{0}, accepted{0}, rejected{0};
};

}  // namespace retrace
