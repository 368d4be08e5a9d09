#pragma once

#include "gradients/reversible.hpp"
#include "gradients/step_adjoint.hpp"

namespace retrace {

/// Reversible form of any explicit scheme; McCallum & Foster (2024). With the increment Psi_h(t, y) = h sum_i b_i K_i
/// of the scheme, a second copy z of the state, z0 = y0, and the coupling kappa:
///   y' = kappa y + (1 - kappa) z + Psi_h(t, z),      z' = z - Psi_-h(t + h, y'),
/// undone by
///   z = z' + Psi_-h(t + h, y'),      y = (y' - (1 - kappa) z - Psi_h(t, z)) / kappa.
/// The order is the scheme's. The error estimate is that of the increment at z.
struct CoupledRungeKutta {
  /// Of a step and of its reverse.
  template <class Model>
  struct Memory {
    StepWorkspace<Model> step;
    StepAdjointWorkspace<Model> reverse;
    typename Model::State y, z;
    KOKKOS_INLINE_FUNCTION Memory(Tableau const& tab, Model const& model)
        : step(tab, model),
          reverse(model, tab.last_used_stage, tab.last_used_stage),
          y(model.make_state("retrace::reversible_rk::y")),
          z(model.make_state("retrace::reversible_rk::z")) {}
  };

  [[nodiscard]] static constexpr WorkspaceShape memory_shape(Tableau const& tab) {
    constexpr std::int64_t own = 2;  // see Memory
    return {.states = WorkspaceShape::step_states(tab) + WorkspaceShape::reverse_states(tab.last_used_stage) + own,
            .kept = tab.last_used_stage};
  }

  /// What undoing one step does to an error of y at most, but for the flow's own growth.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double growth_per_step(StepControl const& control) {
    return 1.0 / control.coupling;
  }

  template <class Model>
  class Pair {
   public:
    using S = typename Model::Time;
    using State = typename Model::State;
    using Parameters = typename Model::Parameters;

    KOKKOS_INLINE_FUNCTION Pair(Tableau const& tab, Model const& model, StepControl const& control,
                                Memory<Model>& memory)
        : tab_(tab), model_(model), m_(memory), last_(tab.last_used_stage), coupling_(control.coupling) {}

    [[nodiscard]] KOKKOS_INLINE_FUNCTION State& state() { return m_.y; }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION StepWorkspace<Model>& step() { return m_.step; }
    /// As many VJPs: both increments are evaluated to undo the step, and reversed from what this leaves behind.
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int evaluations_back() const { return 2 * last_; }

    /// Returns evaluations of f, as the next three do.
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int start(S const& /*t0*/, State const& y0) {
      model_.assign(m_.y, y0);
      model_.assign(m_.z, y0);
      have_first_stage_ = false;
      return 0;
    }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int first_stage(S const& t) {
      if (have_first_stage_) return 0;
      model_.rhs(t, m_.z, m_.step.k[0]);
      have_first_stage_ = true;
      return 1;
    }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int attempt(StepSpan<S> const& span, bool with_error) {
      if (with_error)
        rk_step(tab_, model_, span, m_.z, m_.step, tab_.fsal ? StepPart::everything : StepPart::without_update);
      else
        later_stages(span, m_.z);
      model_.combine(m_.step.y_new, weights(), span.h, m_.step.k, Scaled{S(coupling_), m_.y},
                     Scaled{S(1.0 - coupling_), m_.z});
      return (with_error ? tab_.stages : last_) - 1;
    }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int accept(StepSpan<S> const& span) {
      model_.take_where(true, m_.y, m_.step.y_new);
      StepSpan<S> const back = backwards(span);
      model_.rhs(back.t, m_.y, m_.step.k[0]);
      later_stages(back, m_.y);
      model_.combine(m_.z, weights(), span.h, m_.step.k, Plain{m_.z});  // Psi_-h = -h sum b_i K_i
      have_first_stage_ = false;
      return last_;
    }

    /// The error estimate sees z alone. The difference y - z is a mode of its own, which a step multiplies by about
    /// kappa / R(h lambda): where the flow contracts faster than kappa, it grows (docs/methods/reversible_rk.md).
    KOKKOS_INLINE_FUNCTION void measure(StepControl const& control) {
      model_.combine(m_.step.u, {}, S(1.0), m_.step.k, Scaled{S(1.0), m_.y}, Scaled{S(-1.0), m_.z});
      apart_ = math::max(apart_, model_.weighted_rms(control, m_.step.u, m_.y));
    }
    /// Largest distance that was measured, in the norm of the tolerance; unknown with fixed steps.
    [[nodiscard]] KOKKOS_INLINE_FUNCTION S copies_apart() const {
      return apart_ < S(0.0) ? S(RoundTrip::unknown) : apart_;
    }

    /// Undoes a step; (lambda, z_bar) goes from its end to its beginning:
    ///   lambda += (-dPsi_-h/dy')^T z_bar,   z_bar += (1 - kappa) lambda + (dPsi_h/dz)^T lambda,   lambda = kappa
    ///   lambda.
    KOKKOS_INLINE_FUNCTION void step_back(StepSpan<S> const& span, State& lambda, State& z_bar, Parameters& p_bar) {
      StepSpan<S> const back = backwards(span);
      auto const& stage_bars = m_.reverse.argument_bar;
      all_stages(back, m_.y);
      reverse_increment(back, span.h, z_bar, p_bar);
      model_.add_stages(lambda, last_, stage_bars);
      model_.combine(m_.z, weights(), back.h, m_.step.k, Plain{m_.z});

      all_stages(span, m_.z);
      reverse_increment(span, span.h, lambda, p_bar);
      model_.add(z_bar, S(1.0 - coupling_), lambda);
      model_.add_stages(z_bar, last_, stage_bars);
      model_.combine(lambda, {}, S(1.0), stage_bars, Scaled{S(coupling_), lambda});
      S const inverse = S(1.0 / coupling_);
      model_.combine(m_.y, weights(), -inverse * span.h, m_.step.k, Scaled{inverse, m_.y},
                     Scaled{-inverse * S(1.0 - coupling_), m_.z});
      model_.settle(p_bar);
    }
    /// Both copies begin as y0. Returns VJPs.
    [[nodiscard]] KOKKOS_INLINE_FUNCTION int finish(S const& /*t0*/, State const& /*y0*/, State& lambda,
                                                    State const& z_bar, Parameters& /*p_bar*/) {
      model_.add(lambda, S(1.0), z_bar);
      return 0;
    }

   private:
    [[nodiscard]] KOKKOS_INLINE_FUNCTION CoefficientRow weights() const { return {tab_.b.data(), 0, last_}; }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION static StepSpan<S> backwards(StepSpan<S> const& span) {
      return {span.t_next, -span.h, span.t};
    }
    /// K_2 … K_s' of a step from `y`; K_1 is there.
    KOKKOS_INLINE_FUNCTION void later_stages(StepSpan<S> const& span, State const& y) {
      for (int i = 1; i < last_; ++i) {
        stage_argument(tab_, i, model_, span.h, y, m_.step.k, m_.step.u);
        model_.rhs(stage_time(tab_, i, span), m_.step.u, m_.step.k[static_cast<std::size_t>(i)]);
      }
    }
    /// K_1 … K_s' of a step from `y` and all that their VJPs need.
    KOKKOS_INLINE_FUNCTION void all_stages(StepSpan<S> const& span, State const& y) {
      replay_stages(tab_, last_, model_, span, y, m_.step.k, m_.reverse);
      auto const end = static_cast<std::size_t>(last_ - 1);
      model_.rhs_keeping(stage_time(tab_, last_ - 1, span), m_.reverse.arguments[end], m_.step.k[end], m_.reverse.kept,
                         last_ - 1);
    }
    /// Of `weight` sum_i b_i K_i, the stages being those of `span`: dL/dp += …, and for dL/dy the stages' shares are
    /// left in `argument_bar`; `w` is dL/d(the sum).
    KOKKOS_INLINE_FUNCTION void reverse_increment(StepSpan<S> const& span, S const& weight, State const& w,
                                                  Parameters& p_bar) {
      S t_bar(0.0);
      StepAdjointWorkspace<Model>& reverse = m_.reverse;
      for (int i = last_ - 1; i >= 0; --i) {
        auto const index = static_cast<std::size_t>(i);
        model_.combine(reverse.seed, tab_.adjoint_row(i, last_), span.h, reverse.argument_bar,
                       Scaled{S(tab_.b[index]) * weight, w});
        model_.vjp_kept(stage_time(tab_, i, span), reverse.arguments[index], reverse.seed, reverse.argument_bar[index],
                        p_bar, t_bar, reverse.kept, i);
      }
    }

    Tableau const& tab_;
    Model const& model_;
    Memory<Model>& m_;
    int last_;
    double coupling_;
    S apart_{-1.0};
    bool have_first_stage_ = false;
  };
};

/// Reversible Runge–Kutta; McCallum & Foster (2024): a scheme in its reversible form, undone on the way back.
///
/// Cost, with N accepted and R rejected steps: forward N + (N + R)(s - 1) + N s' evaluations of f (2 N s' with fixed
/// steps; one more where the first step is chosen), backward 2 N s' evaluations and as many VJPs. Memory: (t, h) of N
/// steps and a fixed number of states.
struct ReversibleRk : ReversibleMethod<CoupledRungeKutta> {
  static constexpr std::string_view name = "reversible_rk";
  static constexpr std::string_view summary = "the solver in its reversible form, undone step by step; keeps no state";
};

}  // namespace retrace
