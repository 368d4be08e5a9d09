#pragma once

#include "solvers/objective.hpp"
#include "solvers/rk_step.hpp"

namespace retrace {

/// The loss of a trajectory, added up along its accepted steps. `L`: the scalar that it is added up in (that of time,
/// or of the state where a dual's tangents are to come along). One evaluation of l per observation or stage.
template <class Model, class L = typename Model::Time>
class LossSum {
 public:
  using S = typename Model::Time;
  using State = typename Model::State;
  using Mask = MaskOf<S>;

  /// `all_columns`: those of the dense output are completed in every accepted step, whatever the loss.
  KOKKOS_INLINE_FUNCTION LossSum(Tableau const& tab, Model const& model, Objective const& objective,
                                 bool all_columns = false)
      : tab_(&tab),
        model_(&model),
        objective_(&objective),
        cursor_(objective, objective.observes()),
        all_columns_(all_columns) {}

  /// Before the first step.
  KOKKOS_INLINE_FUNCTION void start(S const& t0, State const& y0) { observe(Mask(true), t0, y0); }
  /// After a step from `y` whose stages and result `work` holds; `work.u` is overwritten.
  KOKKOS_INLINE_FUNCTION void step(StepSpan<S> const& span, Mask accepted, State const& y, StepWorkspace<Model>& work) {
    if (all_columns_ && any(accepted)) complete(span, accepted, y, work);
    if (objective_->kind == LossKind::exact) observe(accepted, span.t_next, work.y_new);
    if (objective_->kind == LossKind::dense) observe_inside(span, accepted, y, work);
    if (objective_->kind == LossKind::integral) integrate_loss(span, accepted, y, work);
  }
  /// Evaluations of f that the steps themselves do not make.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION CountOf<S> const& evaluations() const { return evaluations_; }
  /// The loss of a trajectory that ended at `y`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION L finish(State const& y) const {
    return objective_->kind == LossKind::terminal ? L(model_->state_loss(y)) : sum_;
  }

 private:
  KOKKOS_INLINE_FUNCTION void observe(Mask where, S const& t, State const& y) {
    Mask const here = where & cursor_.more() & Mask(cursor_.time_or(t) == t);
    if (!any(here)) return;
    sum_ = select(here, sum_ + L(model_->state_loss(y)), sum_);
    cursor_.advance(here);
  }
  /// On the dense output, from behind t to t_next.
  KOKKOS_INLINE_FUNCTION void observe_inside(StepSpan<S> const& span, Mask accepted, State const& y,
                                             StepWorkspace<Model>& work) {
    Mask here = inside(span, accepted);
    if (!any(here)) return;
    if (!all_columns_) complete(span, here, y, work);
    for (; any(here); here = inside(span, accepted)) {
      S const sigma = select(here, (cursor_.time_or(span.t) - span.t) / span.h, S(0.0));
      state_inside(objective_->interpolant.weights, *model_, sigma, span.h, y, work.k, work.u);
      sum_ = select(here, sum_ + L(model_->state_loss(work.u)), sum_);
      cursor_.advance(here);
    }
  }
  KOKKOS_INLINE_FUNCTION void complete(StepSpan<S> const& span, Mask here, State const& y, StepWorkspace<Model>& work) {
    complete_columns(objective_->interpolant, *model_, span, y, work);
    int const more = objective_->interpolant.columns.stages - tab_->stages;
    evaluations_ += CountOf<S>(more) * one_where<CountOf<S>>(here);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask inside(StepSpan<S> const& span, Mask accepted) const {
    Mask const left = accepted & cursor_.more();
    return left & Mask(math::sign(span.h) * (span.t_next - cursor_.time_or(span.t_next)) >= S(0.0));
  }
  /// h sum_i b_i l(U_i): the step's own quadrature, as if the integral were one more component of the state.
  KOKKOS_INLINE_FUNCTION void integrate_loss(StepSpan<S> const& span, Mask accepted, State const& y,
                                             StepWorkspace<Model>& work) {
    L weighted(0.0);
    for (int i = 0; i < tab_->last_used_stage; ++i) {
      double const b = tab_->b[static_cast<std::size_t>(i)];
      if (b == 0.0) continue;
      stage_argument(*tab_, i, *model_, span.h, y, work.k, work.u);
      weighted += L(b) * L(model_->state_loss(work.u));
    }
    sum_ = select(accepted, sum_ + L(span.h) * weighted, sum_);
  }

  Tableau const* tab_;
  Model const* model_;
  Objective const* objective_;
  ObservationCursor<S> cursor_;
  L sum_{0.0};
  CountOf<S> evaluations_{0};
  bool all_columns_;
};

/// What a step that is made again must have for its loss: the dense output asks for f at the new state.
[[nodiscard]] KOKKOS_INLINE_FUNCTION StepPart part_of_replay(Objective const& objective) {
  return objective.kind == LossKind::dense ? StepPart::everything : StepPart::without_last_stage;
}

/// An observer that adds up the loss and passes on what it is told.
template <class Model, class Observer, class L = typename Model::Time>
struct WithLoss {
  LossSum<Model, L>& loss;
  StepWorkspace<Model>& work;
  Observer& observer;

  template <class S>
  KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const& start) {
    observer.on_start(start);
  }
  template <class TrialType>
  KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
    loss.step(trial.span, trial.accepted, trial.y, work);
    observer.on_trial(trial);
  }
};

}  // namespace retrace
