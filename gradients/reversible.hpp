#pragma once

#include "gradients/gradient_method.hpp"
#include "gradients/loss_adjoint.hpp"
#include "solvers/integrate.hpp"
#include "solvers/loss_sum.hpp"

namespace retrace {

/// Integrates a reversible pair from t0 to t1 by the rules of `integrate`: limits, clipping, step factors and statuses
/// are the same, and observations that are to be hit end a step. One trajectory at a time. `pair` has started at t0; it
/// tells its evaluations of f itself:
///   first_stage(t): forms the slope at the beginning of a step where a trial needs it;
///   attempt(span, with_error): the trial state into `step().y_new`, the stages that the error estimate needs into
///     `step().k`;
///   accept(span): moves state and partner on;
///   measure(control): looks at how far they have come apart, after an adaptive step.
template <class Pair, class Model, class Observer>
KOKKOS_INLINE_FUNCTION SolveStatus integrate_pair(Tableau const& tab, Model const& model, StepControl const& control,
                                                  typename Model::Time const& t0, typename Model::Time const& t1,
                                                  Pair& pair, Observer& observer,
                                                  IntegrationCounts<CountOf<typename Model::Time>>& counts) {
  using S = typename Model::Time;
  using Count = CountOf<S>;
  static_assert(LaneTraits<S>::width == 1);
  S const direction = math::sign(t1 - t0);
  S t = t0, proposed = math::abs(t1 - t0);
  ObservationCursor<S> stops(control.objective, control.objective.kind == LossKind::exact);
  bool const has_stops = stops.more();
  stops.advance(has_stops && stops.time_or(t1) == t0);
  if (!control.adaptive()) {
    proposed = proposed / S(static_cast<double>(control.fixed_steps));
  } else if (control.initial_step > 0.0) {
    proposed = math::min(S(control.initial_step), proposed);
  } else if (t != t1) {
    counts.rhs += Count(pair.first_stage(t0) + 1);
    StepWorkspace<Model>& step = pair.step();
    InitialStep<S> const start =
        choose_initial_step(tab, model, control, t0, t1, pair.state(), step.k[0], step.y_new, step.u);
    if (!math::is_finite(start.h)) return SolveStatus::non_finite;
    proposed = start.h;
    observer.on_start(start);
  }

  ControllerMemory<S> memory;
  bool after_rejection = false;
  Count non_finite_in_a_row(0);
  Count const limit = largest_count<S>(control.max_steps), last_fixed = largest_count<S>(control.fixed_steps - 1);
  while (t != t1) {
    if (counts.accepted + counts.rejected >= limit) return SolveStatus::max_steps_reached;
    S const stop = stops.time_or(t1), target = stop == t1 ? t1 : stop, remaining = math::abs(target - t);
    // Both as in `integrate`.
    S const slack = S(16.0 * round_off<S>()) * math::max(math::abs(t), math::abs(t1)),
            ample = has_stops && !control.adaptive() ? S(1e-6) * proposed : slack;
    bool const clipped =
        control.adaptive() || has_stops ? proposed >= remaining - ample : counts.accepted == last_fixed;
    if (!clipped && proposed <= slack) return SolveStatus::step_too_small;

    S const h = direction * proposed;
    StepSpan<S> const span{t, clipped ? target - t : h, clipped ? target : t + h};
    counts.rhs += Count(pair.first_stage(t) + pair.attempt(span, control.adaptive()));
    Trial<Model> trial{span, proposed, S(0.0), S(1.0), true, true, clipped, true, memory, pair.state(), pair.step()};
    if (control.adaptive()) {
      trial.error_norm = model.error_norm(tab, control, pair.state(), pair.step().y_new, span.h, pair.step().k);
      non_finite_in_a_row = math::is_finite(trial.error_norm) ? Count(0) : non_finite_in_a_row + Count(1);
      if (non_finite_in_a_row > Count(control.rule.non_finite_rejections)) return SolveStatus::non_finite;
      trial.accepted = trial.error_norm <= S(1.0);
      auto const factor = detail::step_factor<S>(tab, control.rule, trial.error_norm, trial.accepted, after_rejection,
                                                 memory, math::abs(span.h));
      trial.factor = factor.value;
      trial.factor_is_constant = factor.is_constant;
    }
    observer.on_trial(trial);

    if (!(trial.accepted && clipped)) proposed = math::abs(span.h) * trial.factor;
    stops.advance(trial.accepted && clipped && stops.more());
    after_rejection = !trial.accepted;
    if (trial.accepted) {
      if (control.rule.gains.remember())
        memory.accept_where(!clipped, control.rule, trial.error_norm, math::abs(span.h));
      counts.rhs += Count(pair.accept(span));
      if (control.adaptive()) pair.measure(control);
      t = span.t_next;
      counts.accepted += Count(1);
    } else {
      counts.rejected += Count(1);
    }
  }
  return model.is_finite(pair.state()) ? SolveStatus::success : SolveStatus::non_finite;
}

/// The forward program of a reversible scheme as witnesses take it (verification/recorded_steps.hpp): live, and over
/// steps that are given, in any scalar. `L`: that of the loss.
template <class Scheme>
struct ReversibleProgram {
  template <class L, class Model, class Observer>
  [[nodiscard]] static SolveStatus solve(Tableau const& tab, Model const& model, StepControl const& control,
                                         typename Model::Time const& t0, typename Model::Time const& t1,
                                         typename Model::State& y, Observer& observer,
                                         IntegrationCounts<CountOf<typename Model::Time>>& counts, L& loss) {
    typename Scheme::template Memory<Model> memory(tab, model);
    typename Scheme::template Pair<Model> pair(tab, model, control, memory);
    LossSum<Model, L> sum(tab, model, control.objective);
    WithLoss<Model, Observer, L> both{sum, pair.step(), observer};
    sum.start(t0, y);
    counts.rhs += CountOf<typename Model::Time>(pair.start(t0, y));
    SolveStatus const status = integrate_pair(tab, model, control, t0, t1, pair, both, counts);
    model.assign(y, pair.state());
    if (status == SolveStatus::success) loss = sum.finish(y);
    return status;
  }
  template <class L, class Model, class Spans>
  [[nodiscard]] static L replay(Tableau const& tab, Model const& model, StepControl const& control, Spans const& steps,
                                typename Model::State& y) {
    LossSum<Model, L> sum(tab, model, control.objective);
    if (steps.empty()) return sum.finish(y);
    typename Scheme::template Memory<Model> memory(tab, model);
    typename Scheme::template Pair<Model> pair(tab, model, control, memory);
    sum.start(steps.front().t, y);
    (void)pair.start(steps.front().t, y);
    for (auto const& span : steps) {
      (void)pair.first_stage(span.t);
      (void)pair.attempt(span, false);
      sum.step(span, true, pair.state(), pair.step());
      (void)pair.accept(span);
    }
    model.assign(y, pair.state());
    return sum.finish(y);
  }
};

/// Largest relative error of the gradient that the round trip may suggest: the square root of epsilon, so that half of
/// the digits are left.
inline constexpr double reversible_budget = 1.5e-8;

/// What reversible methods share: of the way there only (t, h) of the accepted steps is kept; on the way back each step
/// is undone by the algebraic inverse of the scheme, and reversed from the stages that this evaluates anyway. The exact
/// derivative of the scheme's own discretisation with frozen step sizes, as far as round-off lets the inverse find the
/// states again: y0 is kept to see how far it does. Where the flow contracts, the adjoints of state and partner are
/// large and cancel in dL/dy0, which magnifies that error in the gradient (RoundTrip). Where less than half of the
/// digits are left, the solve ends as `round_off_spent`.
///
/// Losses of y(t1), or of y at observations, each of which ends a step. In double precision, and of an ensemble one
/// trajectory at a time: with the digits of a float there is no budget to speak of.
template <class Scheme>
struct ReversibleMethod {
  using Program = ReversibleProgram<Scheme>;
  static constexpr std::string_view memory = "2 N numbers";
  static constexpr Promise promise = Promise::exact_frozen;
  static constexpr LossSupport losses{.exact = true};
  static constexpr bool packs = false, fields = true, reversible = true, double_only = true;
  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& /*tab*/, StepControl const& /*control*/) {
    return {.scalars = 2};
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t accepted, std::int64_t /*rejected*/) {
    return accepted;
  }
  [[nodiscard]] static constexpr WorkspaceShape workspace_shape(Tableau const& tab, StepControl const& /*control*/) {
    WorkspaceShape shape = Scheme::memory_shape(tab);
    constexpr std::int64_t own = 2;  // see Workspace
    shape.states += own;
    return shape;
  }

  template <class Model>
  struct Workspace {
    typename Scheme::template Memory<Model> memory;
    typename Model::State start, partner_bar;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& /*control*/, Model const& model)
        : memory(tab, model),
          start(model.make_state("retrace::reversible::start")),
          partner_bar(model.make_state("retrace::reversible::partner_bar")) {}
  };

  template <class Tape>
  struct Recorder {
    Tape& tape;
    template <class S>
    KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const&) {}
    template <class TrialType>
    KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
      auto const stored = tape.append(trial.accepted);
      tape.put(stored, 0, trial.span.t);
      tape.put(stored, 1, trial.span.h);
    }
  };

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Count = CountOf<S>;
    typename Scheme::template Pair<Model> pair(tab, model, control, work.memory);
    Recorder<Tape> recorder{tape};
    IntegrationCounts<Count> forward;
    model.assign(work.start, g.y);
    LossSum<Model> loss(tab, model, control.objective);
    WithLoss<Model, Recorder<Tape>> both{loss, pair.step(), recorder};
    loss.start(t0, g.y);
    forward.rhs += Count(pair.start(t0, g.y));
    LaneStatus<S> status;
    status.set(true, integrate_pair(tab, model, control, t0, t1, pair, both, forward));
    model.assign(g.y, pair.state());
    cost.add_forward(forward);
    if (!status.is(SolveStatus::success)) return status;
    status.set(tape.overflowed(), SolveStatus::arena_exhausted);
    if (!status.is(SolveStatus::success)) return status;

    g.loss = loss.finish(g.y);
    LossAdjoint<Model> of_loss(model, control.objective, t1);
    of_loss.at_end(g.y, g.lambda);
    model.set_zero(work.partner_bar);
    S end = t1;
    for (std::int64_t n = tape.longest() - 1; n >= 0; --n) {
      StepSpan<S> const span{tape.get(n, 0), tape.get(n, 1), end};
      pair.step_back(span, g.lambda, work.partner_bar, g.p_bar);
      (void)of_loss.at_node(true, span.t, pair.state(), pair.step().u, g.lambda);
      end = span.t;
    }
    S const before = model.dot(g.lambda, g.lambda);
    int const vjps_of_start = pair.finish(t0, work.start, g.lambda, work.partner_bar, g.p_bar);
    S const after = model.dot(g.lambda, g.lambda);
    cost.rhs_backward += forward.accepted * Count(pair.evaluations_back());
    cost.vjp += forward.accepted * Count(pair.evaluations_back()) + Count(vjps_of_start);
    cost.reverse_accepted += forward.accepted;
    cost.graph_depth += forward.accepted * Count(pair.evaluations_back()) + Count(vjps_of_start);

    S const larger = math::max(model.dot(work.start, work.start), model.dot(g.y, g.y));
    model.add(pair.state(), S(-1.0), work.start);
    S const distance = model.dot(pair.state(), pair.state());
    double const growth = math::pow(S(Scheme::growth_per_step(control)), static_cast<double>(forward.accepted));
    g.round_trip = round_trip(distance, larger, before, after, growth);
    g.round_trip.copies_apart = pair.copies_apart() / static_cast<double>(forward.accepted);
    status.set(!model.is_finite(g.lambda), SolveStatus::non_finite);
    status.set(!(g.round_trip.lost <= reversible_budget), SolveStatus::round_off_spent);
    return status;
  }

 private:
  /// From squared norms. States that are no numbers any more are infinitely far off.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static RoundTrip round_trip(double distance, double size, double before,
                                                                   double after, double growth) {
    if (!math::is_finite(distance)) {
      constexpr double infinite = Kokkos::Experimental::infinity_v<double>;
      return {.error = infinite, .lost = infinite, .growth = growth};
    }
    double const error = distance > 0.0 ? math::sqrt(distance / size) : 0.0;
    double const cancelled = before > after && after > 0.0 ? math::sqrt(before / after) : 1.0;
    return {.error = error, .lost = error * cancelled, .growth = growth};
  }
};

}  // namespace retrace
