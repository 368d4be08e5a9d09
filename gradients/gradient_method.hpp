#pragma once

#include "core/error.hpp"
#include "core/lanes.hpp"
#include "core/math.hpp"
#include "solvers/step_control.hpp"
#include "solvers/tableau.hpp"

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace retrace {

/// What a method's gradient is the exact derivative of, if of anything; the checks hold it to this and nothing else.
enum class Promise {
  exact_program,  ///< the adaptive program as it ran, step sizes included, to round-off
  exact_frozen,   ///< the discretisation with its step sizes held fixed, to round-off
  consistent      ///< the flow, up to a multiple of the tolerance
};

[[nodiscard]] constexpr std::string_view name_of(Promise promise) {
  switch (promise) {
    case Promise::exact_program:
      return "exact-program";
    case Promise::exact_frozen:
      return "exact-frozen";
    case Promise::consistent:
      return "consistent";
  }
  return "unknown";
}

/// What a method differentiates besides l(y(t1)); the rest it refuses.
struct LossSupport {
  bool exact = false, dense = false, integral = false;  ///< see LossKind
  bool times = false;                                   ///< derivatives in t0, t1 and observation times
};

/// Exact counts of what a gradient cost, per lane of `Count`.
template <class Count = std::int64_t>
struct WorkCountsOf {
  Count rhs_forward{0}, rhs_backward{0}, vjp{0}, jvp{0};
  Count accepted{0}, rejected{0};
  Count reverse_accepted{0}, reverse_rejected{0};  ///< steps of the backward solve or replay
  Count readvanced{0};                             ///< steps taken again to reach a state that was not kept
  Count graph_depth{0};                            ///< longest chain of evaluations of f that is differentiated

  KOKKOS_INLINE_FUNCTION void add_forward(IntegrationCounts<Count> const& forward) {
    rhs_forward += forward.rhs;
    accepted += forward.accepted;
    rejected += forward.rejected;
  }
};

/// Of one trajectory, or summed over several.
struct WorkCounts : WorkCountsOf<> {
  KOKKOS_INLINE_FUNCTION WorkCounts& operator+=(WorkCounts const& other) {
    rhs_forward += other.rhs_forward;
    rhs_backward += other.rhs_backward;
    vjp += other.vjp;
    jvp += other.jvp;
    accepted += other.accepted;
    rejected += other.rejected;
    reverse_accepted += other.reverse_accepted;
    reverse_rejected += other.reverse_rejected;
    readvanced += other.readvanced;
    graph_depth = graph_depth > other.graph_depth ? graph_depth : other.graph_depth;
    return *this;
  }
};

/// The counts of lane `l`.
template <class Count>
[[nodiscard]] KOKKOS_INLINE_FUNCTION WorkCounts lane(WorkCountsOf<Count> const& counts, int l) {
  WorkCounts one;
  one.rhs_forward = lane(counts.rhs_forward, l);
  one.rhs_backward = lane(counts.rhs_backward, l);
  one.vjp = lane(counts.vjp, l);
  one.jvp = lane(counts.jvp, l);
  one.accepted = lane(counts.accepted, l);
  one.rejected = lane(counts.rejected, l);
  one.reverse_accepted = lane(counts.reverse_accepted, l);
  one.reverse_rejected = lane(counts.reverse_rejected, l);
  one.readvanced = lane(counts.readvanced, l);
  one.graph_depth = lane(counts.graph_depth, l);
  return one;
}

/// What one record of a method's tape holds: so many plain numbers and so many states. Besides, the tape may have room
/// for a fixed number of states whatever the number of records.
struct RecordShape {
  int scalars = 0, states = 0, slots = 0;
};

/// Memory that a method works in besides its tape, for fields: so many states, sets of what an evaluation of f leaves
/// behind, states (y, lambda, mu) of the continuous adjoint, and gradients in p of one evaluation.
struct WorkspaceShape {
  std::int64_t states = 0, kept = 0, augmented = 0, recent_parameters = 0;

  /// Of one step forwards.
  [[nodiscard]] static constexpr std::int64_t step_states(Tableau const& tab, StepControl const& control = {}) {
    return larger(tab.stages, control.objective.columns()) + 2;
  }
  /// Of the reverse of a step of which `last` stages matter.
  [[nodiscard]] static constexpr std::int64_t reverse_states(std::int64_t last, StepControl const& control = {}) {
    return 2 * larger(last, control.objective.columns()) + 1;
  }

 private:
  [[nodiscard]] static constexpr std::int64_t larger(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
};

/// How well a reversible method found its way back to y0.
struct RoundTrip {
  static constexpr double unknown = Kokkos::Experimental::quiet_NaN_v<double>;
  double error = unknown;  ///< |y0 found - y0| over the larger of |y0| and |y(t1)|; other methods have none
  double lost = unknown;   ///< relative error of the gradient that this suggests: `error` times what cancels in dL/dy0
  double growth = 1.0;     ///< of a rounding over all steps undone, by the scheme's parameter alone
  /// Of `reversible_rk` with adaptive steps: largest distance of the two copies of the state after a step, in the norm
  /// of the tolerance (RMS over the components of d / (atol + rtol |y|)), over the number of steps. As long as each
  /// step adds no more to it than its error estimate may be, it is at most 1.
  double copies_apart = unknown;
};

/// Does the method compute in this precision?
template <class Method, class Precision>
inline constexpr bool computes_in = !requires {
  Method::double_only;
}
|| std::is_same_v<typename Precision::State, double>;

/// Does the method undo its steps?
template <class Method>
inline constexpr bool is_reversible = requires {
  Method::reversible;
};
/// Derivatives of the loss in t0, t1 and, if there is a place for them, in the times of observations: a row of
/// `lane_rows` for each lane. Formed where `StepControl::time_gradients` asks for them.
template <class S>
struct TimeGradient {
  S dt0{0.0}, dt1{0.0};
  double* at_observations = nullptr;
  std::int64_t row = 0, lane_rows = 0;

  KOKKOS_INLINE_FUNCTION void put(int l, std::int64_t observation, double derivative) {
    if (at_observations != nullptr && l < lane_rows) at_observations[l * row + observation] = derivative;
  }
};

/// Throws UsageError for what no method can work with.
inline void require_valid(StepControl const& control) {
  if (control.checkpoints < 1 || control.checkpoints > StepControl::most_checkpoints)
    throw UsageError("'checkpoints' is " + std::to_string(control.checkpoints) + "; expected 1 to " +
                     std::to_string(StepControl::most_checkpoints));
  auto const require_share = [](char const* name, double value) {
    if (!(value > 0.0 && value <= 1.0))
      throw UsageError("'" + std::string(name) + "' is " + std::to_string(value) +
                       "; expected a number above 0 and at most 1");
  };
  require_share("damping", control.damping);
  require_share("coupling", control.coupling);
}

/// Throws UsageError for a loss or derivative that the method does not have.
template <class Method>
void require_supported(StepControl const& control) {
  require_valid(control);
  if constexpr (requires { Method::interpolates; }) {
    if (control.objective.interpolant.columns.stages == 0)
      throw UsageError("method '" + std::string(Method::name) + "' needs a scheme with a dense output");
  }
  constexpr LossSupport has = Method::losses;
  LossKind const kind = control.objective.kind;
  bool const known = kind == LossKind::terminal || (kind == LossKind::exact && has.exact) ||
                     (kind == LossKind::dense && has.dense) || (kind == LossKind::integral && has.integral);
  if (!known)
    throw UsageError("method '" + std::string(Method::name) + "' has no gradient of a loss of kind '" +
                     std::string(name_of(kind)) + "': see retrace list methods");
  if (control.time_gradients && !has.times)
    throw UsageError("method '" + std::string(Method::name) +
                     "' has no derivatives in times: see retrace list methods");
}

/// Its record shape under `control`, which it supports: throws UsageError if it does not.
template <class Method>
[[nodiscard]] RecordShape supported_record_shape(Tableau const& tab, StepControl const& control) {
  require_supported<Method>(control);
  return Method::record_shape(tab, control);
}

/// For the piece of a backward solve between two observations: no loss of its own, and its share of fixed steps.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION StepControl piece_of(StepControl const& control, S const& from, S const& to,
                                                          S const& t0, S const& t1) {
  StepControl piece = control;
  piece.objective.kind = LossKind::terminal;
  if (control.adaptive()) return piece;
  double const share = static_cast<double>(lane(math::abs(to - from), 0) / lane(math::abs(t1 - t0), 0));
  piece.fixed_steps = static_cast<std::int64_t>(Kokkos::ceil(share * static_cast<double>(control.fixed_steps)));
  if (piece.fixed_steps < 1) piece.fixed_steps = 1;
  return piece;
}

/// In: y = y(t0). Out: y = y(t1), the loss and its gradient; parameters are added to `p_bar`.
template <class Model>
struct GradientState {
  typename Model::State y, lambda;
  typename Model::Parameters p_bar;
  typename Model::Time loss{};
  TimeGradient<typename Model::Time> times{};
  RoundTrip round_trip{};
};

}  // namespace retrace
