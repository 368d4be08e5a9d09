#pragma once

#include "gradients/reversible.hpp"
#include "gradients/step_adjoint.hpp"

namespace retrace {

/// Asynchronous leapfrog; Mutze (2013), with the damping of Zhuang et al. (2021). A velocity v that begins as f(t0, y0)
/// is carried along with y:
///   u = f(t + h/2, y + (h/2) v),   v' = v + 2 eps (u - v),   y' = y + (h/2)(v + v') = y + h ((1 - eps) v + eps u).
/// The explicit midpoint rule with v in the place of its first stage, whose embedded Euler step gives the error
/// estimate h (u - v). Undone with the same u, since y + (h/2) v = y' - (h/2) v':
///   v = (v' - 2 eps u) / (1 - 2 eps),   y = y' - h ((1 - eps) v + eps u).
/// Of order 2 for eps = 1; a damped velocity lags, and the order is 1.
struct AsynchronousLeapfrog {
  /// Of a step and of its reverse.
  template <class Model>
  struct Memory {
    StepWorkspace<Model> step;  // k: v and u
    typename Model::State y, seed, u_bar;
    typename Model::Kept kept;
    KOKKOS_INLINE_FUNCTION Memory(Tableau const& tab, Model const& model)
        : step(tab, model),
          y(model.make_state("retrace::mali::y")),
          seed(model.make_state("retrace::mali::seed")),
          u_bar(model.make_state("retrace::mali::u_bar")),
          kept(model.make_kept("retrace::mali::kept", 1)) {}
  };

  [[nodiscard]] static constexpr WorkspaceShape memory_shape(Tableau const& tab) {
    constexpr std::int64_t own = 3;  // see Memory
    return {.states = WorkspaceShape::step_states(tab) + own, .kept = 1};
  }

  /// What undoing one step does to an error of v at most.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double growth_per_step(StepControl const& control) {
    return 1.0 / math::abs(1.0 - 2.0 * control.damping);
  }

  template <class Model>
  class Pair {
   public:
    using S = typename Model::Time;
    using State = typename Model::State;
    using Parameters = typename Model::Parameters;

    KOKKOS_INLINE_FUNCTION Pair(Tableau const& tab, Model const& model, StepControl const& control,
                                Memory<Model>& memory)
        : tab_(tab),
          model_(model),
          m_(memory),
          damping_(control.damping),
          state_row_{{1.0 - damping_, damping_}},
          velocity_row_{{1.0 - 2.0 * damping_, 2.0 * damping_}},
          velocity_back_row_{{1.0 / velocity_row_[0], -velocity_row_[1] / velocity_row_[0]}} {}

    [[nodiscard]] KOKKOS_INLINE_FUNCTION State& state() { return m_.y; }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION StepWorkspace<Model>& step() { return m_.step; }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int evaluations_back() const { return 1; }

    /// v = f(t0, y0). Returns evaluations of f, as the next three do.
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int start(S const& t0, State const& y0) {
      model_.assign(m_.y, y0);
      model_.rhs(t0, m_.y, m_.step.k[0]);
      return 1;
    }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int first_stage(S const& /*t*/) { return 0; }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int attempt(StepSpan<S> const& span, bool /*with_error*/) {
      stage_argument(tab_, 1, model_, span.h, m_.y, m_.step.k, m_.step.u);
      model_.rhs(stage_time(tab_, 1, span), m_.step.u, m_.step.k[1]);
      model_.combine(m_.step.y_new, row(state_row_), span.h, m_.step.k, Plain{m_.y});
      return 1;
    }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int accept(StepSpan<S> const& /*span*/) {
      model_.take_where(true, m_.y, m_.step.y_new);
      model_.combine(m_.step.k[0], row(velocity_row_), S(1.0), m_.step.k);
      return 0;
    }

    /// The error estimate holds the velocity to the slope already.
    KOKKOS_INLINE_FUNCTION void measure(StepControl const& /*control*/) {}
    [[nodiscard]] KOKKOS_INLINE_FUNCTION static double copies_apart() { return RoundTrip::unknown; }

    /// Undoes a step; (lambda, v_bar) goes from its end to its beginning:
    ///   u_bar = f_y^T (h eps lambda + 2 eps v_bar), v_bar = h (1 - eps) lambda + (1 - 2 eps) v_bar + (h/2) u_bar,
    ///   lambda += u_bar.
    KOKKOS_INLINE_FUNCTION void step_back(StepSpan<S> const& span, State& lambda, State& v_bar, Parameters& p_bar) {
      StepWorkspace<Model>& step = m_.step;
      S const t = stage_time(tab_, 1, span);
      S t_bar(0.0);
      stage_argument(tab_, 1, model_, -span.h, m_.y, step.k, step.u);
      model_.rhs_keeping(t, step.u, step.k[1], m_.kept, 0);
      model_.combine(m_.seed, {}, S(1.0), step.k, Scaled{S(damping_) * span.h, lambda},
                     Scaled{S(2.0 * damping_), v_bar});
      model_.vjp_kept(t, step.u, m_.seed, m_.u_bar, p_bar, t_bar, m_.kept, 0);
      model_.combine(v_bar, {}, S(1.0), step.k, Scaled{S(1.0 - damping_) * span.h, lambda},
                     Scaled{S(1.0 - 2.0 * damping_), v_bar});
      model_.add(v_bar, S(0.5) * span.h, m_.u_bar);
      model_.add(lambda, S(1.0), m_.u_bar);
      model_.combine(step.k[0], row(velocity_back_row_), S(1.0), step.k);
      model_.combine(m_.y, row(state_row_), -span.h, step.k, Plain{m_.y});
      model_.settle(p_bar);
    }
    /// v0 = f(t0, y0) depends on y0 and p. Returns VJPs.
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int finish(S const& t0, State const& y0, State& lambda, State const& v_bar,
                                                    Parameters& p_bar) {
      S t_bar(0.0);
      model_.vjp(t0, y0, v_bar, m_.u_bar, p_bar, t_bar);
      model_.add(lambda, S(1.0), m_.u_bar);
      model_.settle(p_bar);
      return 1;
    }

   private:
    [[nodiscard]] KOKKOS_INLINE_FUNCTION static CoefficientRow row(Row<2> const& coefficients) {
      return {coefficients.data(), 0, 2};
    }

    Tableau const& tab_;
    Model const& model_;
    Memory<Model>& m_;
    double damping_;
    Row<2> state_row_, velocity_row_, velocity_back_row_;
  };
};

/// MALI; Zhuang, Dvornek, Tatikonda & Duncan (2021): the asynchronous leapfrog, undone on the way back.
///
/// Cost, with N accepted and R rejected steps: forward N + R + 1 evaluations of f (one more where the first step is
/// chosen), backward N evaluations and N + 1 VJPs. Memory: (t, h) of N steps and a fixed number of states.
struct Mali : ReversibleMethod<AsynchronousLeapfrog> {
  static constexpr std::string_view name = "mali";
  static constexpr std::string_view summary = "asynchronous leapfrog, undone step by step; keeps no state";
  /// Its scheme is the midpoint rule with a velocity of its own; of other schemes there is no such form.
  [[nodiscard]] static constexpr bool steps_with(Tableau const& tab) {
    return tab.stages == 2 && tab.a[1][0] == 0.5 && tab.b[0] == 0.0 && tab.b[1] == 1.0;
  }
};

}  // namespace retrace
