#pragma once

#include "gradients/gradient_method.hpp"
#include "solvers/integrate.hpp"
#include "solvers/loss_sum.hpp"

namespace retrace {

/// Memory of TimeTangents: one step in duals.
template <class Model>
struct TimeTangentWorkspace {
  static constexpr int directions = 4;
  using Tangent = typename Model::template TimeTangent<directions>;

  Tangent model;
  typename Tangent::State y;
  StepWorkspace<Tangent> step;
  KOKKOS_INLINE_FUNCTION TimeTangentWorkspace(Tableau const& tab, StepControl const& control, Model const& plain)
      : model(plain.template time_tangent<directions>()), y(), step(tab, model, control.objective.columns()) {}
};

/// Tangents in some times of a solve, taken along over its accepted steps, whose nodes move by rule (i) of
/// docs/methods.md: with t0 all nodes before the first one that is given (t1, or an observation that is hit), with any
/// other time its own node. An observer; times are numbered as in GradientResult::dloss_dt, t0, t1, observations.
template <class Model>
class TimeTangents {
 public:
  using S = typename Model::Time;
  using State = typename Model::State;
  using Workspace = TimeTangentWorkspace<Model>;
  using Tangent = typename Workspace::Tangent;
  static constexpr int directions = Workspace::directions, begin = 0, end = 1, first_observation = 2;

  /// Those from time number `first` on.
  KOKKOS_INLINE_FUNCTION TimeTangents(Tableau const& tab, Objective const& objective, S const& t0, S const& t1,
                                      int first, Workspace& work, TimeGradient<S>& out)
      : tab_(tab),
        objective_(objective),
        t0_(t0),
        t1_(t1),
        first_(first),
        work_(work),
        out_(out),
        loss_(tab, work.model, objective),
        cursor_(objective, objective.observes()) {}

  KOKKOS_INLINE_FUNCTION void start(State const& y0) {
    for (int d = 0; d < Model::Problem::dimension; ++d) work_.y[d] = typename Tangent::Scalar(y0[d]);
    node_ = moved(t0_, begin);
    loss_.start(node_, work_.y);
    bool const hits_begin = objective_.kind == LossKind::exact && cursor_.more() && cursor_.time_or(t1_) == t0_;
    cursor_.advance(hits_begin);
  }
  KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const&) {}
  template <class TrialType>
  KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
    if (!trial.accepted) return;
    StepSpan<typename Tangent::Time> span{node_, {}, end_of_step(trial.span.t_next)};
    span.h = span.t_next - span.t;
    span.h.value = trial.span.h;  // not the rounded difference
    work_.model.rhs(span.t, work_.y, work_.step.k[0]);
    rk_step(tab_, work_.model, span, work_.y, work_.step, part_of_replay(objective_));
    loss_.step(span, true, work_.y, work_.step);
    if (objective_.kind == LossKind::dense && first_ == begin) observations_inside(trial.span);
    work_.y = work_.step.y_new;
    node_ = span.t_next;
  }
  /// dL/d(time), and those of the dense output are in `out`.
  KOKKOS_INLINE_FUNCTION void finish() {
    auto const loss = loss_.finish(work_.y);
    int const observed = objective_.kind == LossKind::exact ? objective_.observations : 0;
    for (int i = 0; i < directions; ++i) {
      S const derivative = loss.tangent[i];
      int const number = first_ + i, k = number - first_observation;
      if (number == begin) put_begin(derivative + of_observations_at_begin_);
      if (number == end) put_end(derivative);
      if (0 <= k && k < observed && !is_at(k, t0_) && !is_at(k, t1_)) out_.put(0, k, static_cast<double>(derivative));
    }
  }

 private:
  using Time = typename Tangent::Time;

  [[nodiscard]] KOKKOS_INLINE_FUNCTION bool is_at(int k, S const& t) const {
    return objective_.template time<S>(CountOf<S>(k)) == t;
  }
  /// The time `t` where it moves with time number `number`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Time moved(S const& t, int number) const {
    Time node(t);
    int const direction = number - first_;
    if (0 <= direction && direction < directions) node.tangent[direction] = S(1.0);
    return node;
  }
  /// The node in which a step ends.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Time end_of_step(S const& t) {
    bool const hits = objective_.kind == LossKind::exact && cursor_.more() && cursor_.time_or(t) == t;
    int const number = first_observation + static_cast<int>(cursor_.number());
    cursor_.advance(hits);
    if (t == t1_ || hits) {
      before_given_ = false;
      return moved(t, t == t1_ ? end : number);
    }
    return before_given_ ? moved(t, begin) : Time(t);
  }
  /// dL/dt_k = grad l . dy/dt of observations on the dense output of the step, whose columns are there in duals. One at
  /// t0 keeps its time when t0 moves.
  KOKKOS_INLINE_FUNCTION void observations_inside(StepSpan<S> const& span) {
    DenseOutput const& dense = objective_.interpolant.weights;
    for (; cursor_.more() && math::sign(span.h) * (span.t_next - cursor_.time_or(span.t_next)) >= S(0.0);
         cursor_.advance(true)) {
      S const time = cursor_.time_or(span.t), sigma = (time - span.t) / span.h;
      typename Tangent::State at;
      for (int d = 0; d < Model::Problem::dimension; ++d) {
        S value = S(work_.y[d].value), slope(0.0);
        for (int i = 0; i < dense.stages; ++i) {
          DenseWeight<S> const b = dense.weight(i, sigma);
          S const k = S(work_.step.k[static_cast<std::size_t>(i)][d].value);
          value += span.h * b.value * k;
          slope += b.slope * k;
        }
        at[d] = typename Tangent::Scalar(static_cast<typename Model::Scalar>(value));
        at[d].tangent[0] = static_cast<typename Model::Scalar>(slope);
      }
      S const derivative = S(work_.model.state_loss(at).tangent[0]);
      out_.put(0, cursor_.number(), static_cast<double>(derivative));
      if (time == t0_) of_observations_at_begin_ -= derivative;
    }
  }
  /// An observation that is hit at an end is that end.
  KOKKOS_INLINE_FUNCTION void put_begin(S const& derivative) {
    out_.dt0 = derivative;
    if (hits_any() && is_at(0, t0_)) out_.put(0, 0, static_cast<double>(derivative));
  }
  KOKKOS_INLINE_FUNCTION void put_end(S const& derivative) {
    out_.dt1 = derivative;
    int const last = objective_.observations - 1;
    if (hits_any() && is_at(last, t1_)) out_.put(0, last, static_cast<double>(derivative));
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION bool hits_any() const {
    return objective_.kind == LossKind::exact && objective_.observations > 0;
  }

  Tableau const& tab_;
  Objective const& objective_;
  S const &t0_, &t1_;
  int first_;
  Workspace& work_;
  TimeGradient<S>& out_;
  LossSum<Tangent> loss_;
  ObservationCursor<S> cursor_;
  Time node_{};
  bool before_given_ = true;
  S of_observations_at_begin_{0.0};
};

/// Derivatives in the times of a solve from `y0`, which is gone through again for every `directions` of them. `step` is
/// overwritten.
template <class Model>
KOKKOS_INLINE_FUNCTION void differentiate_in_times(Tableau const& tab, Model const& model, StepControl const& control,
                                                   typename Model::Time const& t0, typename Model::Time const& t1,
                                                   typename Model::State const& y0, StepWorkspace<Model>& step,
                                                   TimeTangentWorkspace<Model>& work,
                                                   TimeGradient<typename Model::Time>& out,
                                                   WorkCountsOf<CountOf<typename Model::Time>>& cost) {
  using Count = CountOf<typename Model::Time>;
  constexpr int directions = TimeTangentWorkspace<Model>::directions;
  Objective const& objective = control.objective;
  int const times = 2 + (objective.kind == LossKind::exact ? objective.observations : 0);
  int const stages = tab.fsal ? tab.stages - 1 : tab.stages;
  for (int first = 0; first < times; first += directions) {
    TimeTangents<Model> tangents(tab, objective, t0, t1, first, work, out);
    typename Model::State y = y0;
    IntegrationCounts<Count> again;
    tangents.start(y0);
    (void)integrate(tab, model, control, t0, t1, y, step, tangents, again);
    tangents.finish();
    cost.rhs_backward += again.rhs;
    cost.readvanced += again.accepted;
    cost.jvp += again.accepted * Count(stages * (times - first < directions ? times - first : directions));
  }
}

}  // namespace retrace
