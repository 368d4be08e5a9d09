#pragma once

#include "core/lanes.hpp"
#include "solvers/step_control.hpp"

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string_view>

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

/// Exact counts of what a gradient cost, per lane of `Count`.
template <class Count = std::int64_t>
struct WorkCountsOf {
  Count rhs_forward{0}, rhs_backward{0}, vjp{0};
  Count accepted{0}, rejected{0};
  Count reverse_accepted{0}, reverse_rejected{0};  ///< steps of the backward solve or replay
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
    accepted += other.accepted;
    rejected += other.rejected;
    reverse_accepted += other.reverse_accepted;
    reverse_rejected += other.reverse_rejected;
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
  one.accepted = lane(counts.accepted, l);
  one.rejected = lane(counts.rejected, l);
  one.reverse_accepted = lane(counts.reverse_accepted, l);
  one.reverse_rejected = lane(counts.reverse_rejected, l);
  one.graph_depth = lane(counts.graph_depth, l);
  return one;
}

/// What one record of a method's tape holds: so many plain numbers and so many states.
struct RecordShape {
  int scalars = 0, states = 0;
};

/// In: y = y(t0). Out: y = y(t1), the loss and its gradient; parameters are added to `p_bar`.
template <class Model>
struct GradientState {
  typename Model::State y, lambda;
  typename Model::Parameters p_bar;
  typename Model::Time loss{};
};

}  // namespace retrace
