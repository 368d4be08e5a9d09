#pragma once

#include "gradients/gradient_method.hpp"
#include "gradients/step_adjoint.hpp"
#include "solvers/objective.hpp"

namespace retrace {

/// Observations from the last to the first, per lane.
template <class S>
class ReverseObservationCursor {
 public:
  using Mask = MaskOf<S>;
  using Count = CountOf<S>;

  KOKKOS_INLINE_FUNCTION ReverseObservationCursor(Objective const& objective, bool used)
      : objective_(&objective), any_(used && objective.observations > 0), left_(any_ ? objective.observations : 0) {}

  [[nodiscard]] KOKKOS_INLINE_FUNCTION Count left() const { return left_; }
  /// Lanes whose latest observation that is left was at `t`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask is_at(Mask where, S const& t) const {
    if (!any_) return Mask(false);
    Mask const more = where & Mask(left_ > Count(0));
    return more & Mask(time(more) == t);
  }
  /// Lanes whose latest observation that is left lies behind `t` in the direction of `h`, or at it in lanes `or_at`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask is_behind(Mask where, S const& t, S const& h, Mask or_at) const {
    if (!any_) return Mask(false);
    Mask const more = where & Mask(left_ > Count(0));
    S const distance = math::sign(h) * (time(more) - t);
    return more & (Mask(distance > S(0.0)) | (or_at & Mask(distance == S(0.0))));
  }
  /// Its time.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S time(Mask where) const {
    return objective_->template time<S>(select(where, left_ - Count(1), Count(0)));
  }
  KOKKOS_INLINE_FUNCTION void go_back(Mask where) { left_ -= one_where<Count>(where); }

 private:
  Objective const* objective_;
  bool any_;
  Count left_;
};

/// The adjoint of a loss along the way back: what it adds to lambda at the end and at observations that are nodes; Sec.
/// 3 of docs/methods.md. Running integrals are seeds inside the steps (see reverse_step).
template <class Model>
class LossAdjoint {
 public:
  using S = typename Model::Time;
  using State = typename Model::State;
  using Mask = MaskOf<S>;

  KOKKOS_INLINE_FUNCTION LossAdjoint(Model const& model, Objective const& objective, S const& t1)
      : model_(&model), objective_(&objective), cursor_(objective, objective.observes()) {
    if (objective.kind != LossKind::exact) return;
    Mask const at_end = cursor_.is_at(Mask(true), t1);  // one time for all lanes
    ends_with_loss_ = any(at_end);
    cursor_.go_back(at_end);
  }

  /// lambda at t1, from nothing.
  KOKKOS_INLINE_FUNCTION void at_end(State const& y, State& lambda) const {
    if (objective_->kind == LossKind::terminal || ends_with_loss_)
      model_->loss_gradient(y, lambda);
    else
      model_->set_zero(lambda);
  }
  /// The jump of lambda where (t, y) was observed, in those lanes. `scratch` is overwritten. Returns the lanes that
  /// jump.
  KOKKOS_INLINE_FUNCTION Mask at_node(Mask where, S const& t, State const& y, State& scratch, State& lambda) {
    Mask const here = objective_->kind == LossKind::exact ? cursor_.is_at(where, t) : Mask(false);
    if (!any(here)) return here;
    model_->loss_gradient(y, scratch);
    model_->add_where(here, lambda, scratch);
    cursor_.go_back(here);
    return here;
  }
  /// Lanes that have an observation on the dense output of the step, from behind its beginning on (in lanes whose
  /// `first` step it is from it on).
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask inside(Mask where, StepSpan<S> const& span, Mask first) const {
    if (objective_->kind != LossKind::dense) return Mask(false);
    return cursor_.is_behind(where, span.t, span.h, first);
  }
  /// The latest such observation in those lanes: h b_i(sigma) grad l to what seeds K_i (in work.argument_bar), grad l
  /// to `state_seed`; with `times` its derivatives in the step's t and h, and in its own time where there is a place
  /// for it. `k`: all columns; `u` is overwritten.
  KOKKOS_INLINE_FUNCTION void seed_inside(Mask seen, StepSpan<S> const& span, bool times,
                                          typename Model::Stages const& k, State& u, StepAdjointWorkspace<Model>& work,
                                          State& state_seed, StepTimeAdjoint<S>& of_times, TimeGradient<S>& out) {
    DenseOutput const& dense = objective_->interpolant.weights;
    S const sigma = select(seen, (cursor_.time(seen) - span.t) / span.h, S(0.0));
    state_inside(dense, *model_, sigma, span.h, work.arguments[0], k, u);
    model_->loss_gradient(u, work.seed);
    S slope(0.0);  // grad l . dy/dt
    for (int i = 0; i < dense.stages; ++i) {
      auto const index = static_cast<std::size_t>(i);
      DenseWeight<S> const b = dense.weight(i, sigma);
      model_->add(work.argument_bar[index], select(seen, span.h * b.value, S(0.0)), work.seed);
      if (times) slope += b.slope * model_->dot(work.seed, k[index]);
    }
    model_->add(state_seed, select(seen, S(1.0), S(0.0)), work.seed);
    cursor_.go_back(seen);
    if (!times) return;
    of_times.tau -= select(seen, slope, S(0.0));
    of_times.eta -= select(seen, sigma * slope, S(0.0));
    for (int l = 0; l < LaneTraits<S>::width; ++l)
      if (lane(seen, l)) out.put(l, lane(cursor_.left(), l), lane(slope, l));
  }

 private:
  Model const* model_;
  Objective const* objective_;
  ReverseObservationCursor<S> cursor_;
  bool ends_with_loss_ = false;
};

/// Derivatives in the times of a solve, gathered on the way back from the tau and eta of its steps; Sec. 2 of
/// docs/methods.md. With G_n = tau_n - eta_n + eta_(n-1) the derivative in node n, dL/dt1 and dL/dt_k are those of
/// their nodes, and dL/dt0 moves all nodes before the first one that is given (t1, or an observation that is hit).
template <class S>
class NodeTimes {
 public:
  using Mask = MaskOf<S>;
  using Count = CountOf<S>;

  KOKKOS_INLINE_FUNCTION NodeTimes(Objective const& objective, S const& t0, S const& t1, Mask lanes)
      : hits_(objective.kind == LossKind::exact && objective.observations > 0),
        at_begin_(hits_ && lane(objective.template time<S>(Count(0)) == t0, 0)),
        at_end_(hits_ && lane(objective.template time<S>(Count(objective.observations - 1)) == t1, 0)),
        left_(hits_ ? objective.observations - (at_end_ ? 1 : 0) : 0),
        piece_ends_(lanes) {}

  /// After step n, in the lanes that took it; `observed`: those whose step began at an observation that was hit, at t0
  /// excepted.
  KOKKOS_INLINE_FUNCTION void step(Mask here, StepTimeAdjoint<S> const& adjoint, Mask observed, TimeGradient<S>& out) {
    S const tau = select(here, adjoint.tau, S(0.0)), eta = select(here, adjoint.eta, S(0.0));
    Mask const last_of_piece = here & piece_ends_;
    node_ = select(last_of_piece, node_ + eta, node_);
    eta_of_piece_ = select(last_of_piece, eta, eta_of_piece_);
    if (any(last_of_piece)) put(last_of_piece, out);
    piece_ends_ = piece_ends_ & !last_of_piece;
    tau_of_piece_ += tau;
    if (!any(observed)) return;
    left_ -= one_where<Count>(observed);
    node_ = select(observed, tau - eta, node_);
    tau_of_piece_ = select(observed, S(0.0), tau_of_piece_);
    piece_ends_ = piece_ends_ | observed;
    at_t1_ = at_t1_ & !observed;
  }
  /// After the first step; `tau`: what its steps have left out. An observation at t0 is t0.
  KOKKOS_INLINE_FUNCTION void finish(TimeGradient<S>& out, S const& tau = S(0.0)) {
    out.dt0 = tau_of_piece_ + tau - eta_of_piece_;
    if (!at_begin_) return;
    for (int l = 0; l < LaneTraits<S>::width; ++l) out.put(l, 0, lane(out.dt0, l));
  }

 private:
  KOKKOS_INLINE_FUNCTION void put(Mask where, TimeGradient<S>& out) {
    Mask const end = where & at_t1_;
    out.dt1 = select(end, node_, out.dt1);
    if (!hits_) return;
    for (int l = 0; l < LaneTraits<S>::width; ++l) {
      bool const of_t1 = lane(end, l);
      if (lane(where, l) && (!of_t1 || at_end_)) out.put(l, lane(left_, l), lane(node_, l));
    }
  }

  bool hits_, at_begin_, at_end_;
  Count left_;
  Mask piece_ends_, at_t1_{true};
  S node_{0.0}, eta_of_piece_{0.0}, tau_of_piece_{0.0};
};

/// Derivatives in the times of the adaptive program itself: clipped trials carry them to the time that they were
/// clipped to, t1 or an observation.
template <class S>
class ProgramTimes {
 public:
  using Mask = MaskOf<S>;
  using Count = CountOf<S>;

  KOKKOS_INLINE_FUNCTION ProgramTimes(Objective const& objective, S const& t0, S const& t1)
      : hits_(objective.kind == LossKind::exact && objective.observations > 0),
        at_begin_(hits_ && lane(objective.template time<S>(Count(0)) == t0, 0)),
        at_end_(hits_ && lane(objective.template time<S>(Count(objective.observations - 1)) == t1, 0)),
        end_(hits_ ? objective.observations - (at_end_ ? 1 : 0) - (at_begin_ ? 1 : 0) : 0),
        target_(end_ + 1) {}

  /// Before the reverse of accepted trials that ended at their target, in those lanes; `t_bar`: the adjoint of the time
  /// after the trial.
  KOKKOS_INLINE_FUNCTION void reach(Mask where, S const& t_bar, TimeGradient<S>& out) {
    if (!any(where)) return;
    put(where, out);
    target_ -= one_where<Count>(where);
    target_bar_ = select(where, t_bar, target_bar_);
  }
  KOKKOS_INLINE_FUNCTION void add(S const& bar) { target_bar_ += bar; }
  KOKKOS_INLINE_FUNCTION void add_to_end(S const& bar) { of_span_ += bar; }
  KOKKOS_INLINE_FUNCTION void finish(S const& t_bar, TimeGradient<S>& out) {
    put(Mask(true), out);
    out.dt0 = t_bar;
    out.dt1 += of_span_;
    for (int l = 0; l < LaneTraits<S>::width; ++l) {
      if (at_begin_) out.put(l, 0, lane(t_bar, l));
      if (at_end_) out.put(l, end_ + (at_begin_ ? 1 : 0), lane(out.dt1, l));
    }
  }

 private:
  KOKKOS_INLINE_FUNCTION void put(Mask where, TimeGradient<S>& out) {
    out.dt1 = select(Mask(where & Mask(target_ == Count(end_))), target_bar_, out.dt1);
    for (int l = 0; l < LaneTraits<S>::width; ++l) {
      std::int64_t const target = lane(target_, l);
      if (lane(where, l) && target < end_) out.put(l, target + (at_begin_ ? 1 : 0), lane(target_bar_, l));
    }
  }

  bool hits_, at_begin_, at_end_;
  int end_;  // number of the target t1
  Count target_;
  S target_bar_{0.0}, of_span_{0.0};
};

}  // namespace retrace
