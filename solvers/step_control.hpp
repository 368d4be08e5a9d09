#pragma once

#include "core/lanes.hpp"
#include "solvers/objective.hpp"

#include <Kokkos_Core.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace retrace {

/// How an integration ended. Anything but `success` ends the one case and is recorded.
enum class [[nodiscard]] SolveStatus : int{
    success,        max_steps_reached, step_too_small, non_finite, arena_exhausted,
    round_off_spent  ///< a reversible method did not find its way back to y0 with half of the digits
};

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
    case SolveStatus::round_off_spent:
      return "round_off_spent";
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

/// Exponents of a step-size controller, in Söderlind (2003), ACM TOMS 29:1, Table III, k beta_1 … k beta_3, alpha_2 and
/// alpha_3: with k = q + 1, errors E_n of accepted steps and their sizes h_n,
///
///     phi = safety E_n^(-error / k) E_(n-1)^(-error_1 / k) E_(n-2)^(-error_2 / k)
///                  (h_n / h_(n-1))^(-ratio) (h_(n-1) / h_(n-2))^(-ratio_1)
///
/// By default the I controller of (0.4), which remembers nothing.
struct ControllerGains {
  double error = 1.0, error_1 = 0.0, error_2 = 0.0;
  double ratio = 0.0, ratio_1 = 0.0;

  [[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr bool remember() const {
    return error_1 != 0.0 || error_2 != 0.0 || ratio != 0.0 || ratio_1 != 0.0;
  }
};

/// How the ratio of the next step size to the present one follows from the error norm, and its bounds. After a rejected
/// trial the I controller decides, whatever the gains.
struct StepSizeRule {
  double safety = 0.9;
  double shrink_limit = 0.2;              ///< least ratio after a rejection
  double growth_limit = 10.0;             ///< greatest ratio after an accepted step
  double accepted_shrink_limit = 0.2;     ///< least ratio after an accepted step
  bool no_growth_after_rejection = true;  ///< ratio at most 1 right after a rejected step (HNW II.4)
  /// Rejections in a row because of a non-finite error norm before the solve fails; 0 fails at once.
  int non_finite_rejections = 0;
  ControllerGains gains{};
  /// Errors of earlier steps count as at least this much (HNW's DOPRI5), and as 1 before there are any.
  double least_remembered_error = 1e-4;

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
  /// The standard bounds with other gains.
  [[nodiscard]] static constexpr StepSizeRule with(ControllerGains const& gains) { return {.gains = gains}; }
};

/// A rule that a case can name.
struct NamedStepSizeRule {
  std::string_view name, summary;
  StepSizeRule rule;
};
/// The first is the default.
inline constexpr std::array step_size_rules{
    NamedStepSizeRule{"standard", "I controller with the bounds of Hairer, Norsett & Wanner II.4",
                      StepSizeRule::standard()},
    NamedStepSizeRule{"paper", "I controller of the ACA paper's code: an accepted step never shrinks the next one",
                      StepSizeRule::paper()},
    NamedStepSizeRule{"plain", "I controller, clipped to [0.2, 5]", StepSizeRule::plain()},
    NamedStepSizeRule{"pi", "PI.3.4 of Gustafsson (1991), gains 0.7, -0.4",
                      StepSizeRule::with({.error = 0.7, .error_1 = -0.4})},
    NamedStepSizeRule{"pi42", "PI.4.2 of Soderlind (2003), gains 0.6, -0.2",
                      StepSizeRule::with({.error = 0.6, .error_1 = -0.2})},
    NamedStepSizeRule{"pi33", "PI.3333 of Soderlind (2003), gains 2/3, -1/3",
                      StepSizeRule::with({.error = 2.0 / 3.0, .error_1 = -1.0 / 3.0})},
    NamedStepSizeRule{"pid", "PID of Kennedy, Carpenter & Lewis (2000), gains 0.49, -0.34, 0.10",
                      StepSizeRule::with({.error = 0.49, .error_1 = -0.34, .error_2 = 0.10})},
    NamedStepSizeRule{"h211pi", "digital filter H211PI of Soderlind (2003), gains 1/6, 1/6",
                      StepSizeRule::with({.error = 1.0 / 6.0, .error_1 = 1.0 / 6.0})},
    NamedStepSizeRule{"h211b", "digital filter H211b of Soderlind (2003) with b = 4: gains 1/4, 1/4, ratio 1/4",
                      StepSizeRule::with({.error = 0.25, .error_1 = 0.25, .ratio = 0.25})},
    NamedStepSizeRule{"h312pid", "digital filter H312PID of Soderlind (2003), gains 1/18, 1/9, 1/18",
                      StepSizeRule::with({.error = 1.0 / 18.0, .error_1 = 1.0 / 9.0, .error_2 = 1.0 / 18.0})},
    NamedStepSizeRule{
        "h312b", "digital filter H312b of Soderlind (2003) with b = 8: gains 1/8, 1/4, 1/8, ratios 3/8, 1/8",
        StepSizeRule::with({.error = 0.125, .error_1 = 0.25, .error_2 = 0.125, .ratio = 0.375, .ratio_1 = 0.125})},
};

/// What E is of the components e_d / w_d: their root mean square (0.3), the largest of them, or the largest of the root
/// mean squares of the samples of a field, so that no sample can hide behind the others (a trajectory of an ensemble is
/// a sample with steps of its own: as `rms`). The rule for the first step takes root mean squares in each case.
enum class ErrorNorm { rms, max, per_sample };
inline constexpr std::array error_norm_names{std::string_view("rms"), std::string_view("max"),
                                             std::string_view("per_sample")};  ///< as in ErrorNorm

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
  ErrorNorm norm = ErrorNorm::rms;
  /// States that a gradient method with a budget keeps, at most `most_checkpoints`.
  int checkpoints = 20;
  static constexpr int most_checkpoints = 256;
  /// What is differentiated. Decides steps where observations are to be hit.
  Objective objective{};
  /// Whether dL/dt0, dL/dt1 and dL/dt_k are wanted; one more evaluation of f backwards per step, where a method has
  /// them.
  bool time_gradients = false;
  /// Whether the step-size factor counts as a constant where the program is differentiated in duals: for witnesses of
  /// methods that detach it.
  bool detached_factor = false;
  /// Of reversible methods: eps of `mali` (0 < eps <= 1, not 1/2, which cannot be undone; 1: no damping), kappa of
  /// `reversible_rk` (0 < kappa <= 1).
  double damping = 1.0, coupling = 0.999;

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
