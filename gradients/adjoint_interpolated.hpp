#pragma once

#include "gradients/frozen_sweep.hpp"

namespace retrace {

/// y(t) of a solve whose accepted steps are on a tape: t, h, then y and every column of the dense output.
template <class Model, class Tape>
class RecordedTrajectory {
 public:
  using S = typename Model::Time;
  using State = typename Model::State;

  KOKKOS_INLINE_FUNCTION RecordedTrajectory(Model const& model, DenseOutput const& dense, Tape const& tape)
      : model_(model), dense_(dense), tape_(tape), step_(tape.longest() - 1) {}

  /// Into `y`. Searches from the step that the last call found: cheap for times that change little.
  KOKKOS_INLINE_FUNCTION void state(S const& t, State& y) {
    while (step_ > 0 && share(t) < S(0.0)) --step_;
    while (step_ + 1 < tape_.longest() && share(t) > S(1.0)) ++step_;
    S const sigma = share(t), h = tape_.get(step_, RecordPlan::step);
    State stored = y;
    tape_.get_state_where(true, step_, 0, stored);
    model_.assign(y, stored);
    for (int i = 0; i < dense_.stages; ++i) {
      tape_.get_state_where(true, step_, 1 + i, stored);
      model_.add(y, h * dense_.weight(i, sigma).value, stored);
    }
  }

 private:
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S share(S const& t) const {
    return (t - tape_.get(step_, RecordPlan::time)) / tape_.get(step_, RecordPlan::step);
  }

  Model const& model_;
  DenseOutput const& dense_;
  Tape const& tape_;
  std::int64_t step_;
};

/// lambda' = -f_y^T lambda [- grad l(y)] along a recorded trajectory.
template <class Model, class Tape>
struct AdjointAlong : Model {
  using SharesMemoryOf = Model;
  using S = typename Model::Time;
  using State = typename Model::State;

  RecordedTrajectory<Model, Tape>* trajectory;
  State* y;       ///< scratch
  State* lambda;  ///< scratch
  typename Model::Parameters* unused;
  bool running_loss;

  KOKKOS_INLINE_FUNCTION void rhs(S const& t, State const& at, State& slope) const {
    S t_bar(0.0);
    trajectory->state(t, *y);
    this->vjp(t, *y, at, slope, *unused, t_bar);
    this->add(slope, S(-2.0), slope);  // exact
    if (!running_loss) return;
    this->loss_gradient(*y, *lambda);
    this->add(slope, S(-1.0), *lambda);
  }
};

/// The adjoint of the flow on the dense output of the forward solve: y is not integrated backwards, so nothing grows
/// that the forward solve did not have (Serban & Hindmarsh 2005; Kim et al. 2021). lambda alone is integrated; the
/// parameters' integrals are formed by Gauss's rule inside each of its accepted steps ("Gauss adjoint"; Rackauckas et
/// al. 2020), so the adaptive system has the size of the state however many parameters there are. Consistent with the
/// flow up to tolerance and interpolation.
///
/// Cost: backward (N_r + R_r) s VJPs and 3 for each accepted step (4 where the dense output is of order 5 or more).
/// Memory: N records of 1 + s states (one more where f at the new state is no stage) and two numbers.
struct AdjointInterpolated {
  static constexpr std::string_view name = "adjoint_interpolated";
  static constexpr std::string_view summary =
      "adjoint of the flow on the forward dense output; parameters by Gauss's rule";
  static constexpr std::string_view memory = "N ((s + 1) n + 2) numbers";
  static constexpr Promise promise = Promise::consistent;
  static constexpr LossSupport losses{.exact = true, .dense = true, .integral = true, .times = true};
  static constexpr bool packs = false, fields = true, interpolates = true;

  [[nodiscard]] KOKKOS_INLINE_FUNCTION static constexpr RecordPlan plan(StepControl const& control) {
    return {.stages = control.objective.interpolant.columns.stages, .all_columns = true};
  }
  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& /*tab*/, StepControl const& control) {
    return plan(control).shape();
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t accepted, std::int64_t /*rejected*/) {
    return accepted;
  }
  [[nodiscard]] static constexpr WorkspaceShape workspace_shape(Tableau const& /*tab*/, StepControl const& control) {
    constexpr std::int64_t own = 4;  // see Workspace
    return {.states = 2 * (control.objective.interpolant.columns.stages + 2) + own, .recent_parameters = 1};
  }

  template <class Model>
  struct Workspace {
    using State = typename Model::State;
    StepWorkspace<Model> step, reverse;
    State y, gradient, at_node, seed;
    typename Model::Parameters unused;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& control, Model const& model)
        : step(tab, model, control.objective.interpolant.columns.stages),
          reverse(tab, model, control.objective.interpolant.columns.stages),
          y(model.make_state("retrace::adjoint_interpolated::y")),
          gradient(model.make_state("retrace::adjoint_interpolated::gradient")),
          at_node(model.make_state("retrace::adjoint_interpolated::at_node")),
          seed(model.make_state("retrace::adjoint_interpolated::seed")),
          unused(model.make_recent_parameters("retrace::adjoint_interpolated::unused")) {}
  };

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Count = CountOf<S>;
    StepRecorder<S, Tape> recorder{plan(control), tape};
    IntegrationCounts<Count> forward, backward;
    LaneStatus<S> status;
    bool const solved = solve_forward(tab, model, control, t0, t1, work.step, recorder, g, forward, status);
    cost.add_forward(forward);
    if (!solved) return status;
    WayBack<Model, Tape> back(tab, model, control, t0, t1, work, tape, g);
    status = back.run(backward);
    cost.rhs_backward += back.evaluations;
    cost.vjp += backward.rhs + back.quadrature_vjps;
    cost.reverse_accepted += backward.accepted;
    cost.reverse_rejected += backward.rejected;
    cost.graph_depth += backward.accepted * Count(tab.stages);
    return status;
  }

 private:
  /// Adds the parameters' integral over each accepted step of lambda.
  template <class Model, class Tape>
  struct Quadrature {
    using S = typename Model::Time;
    Model const& model;
    AdjointAlong<Model, Tape> const& along;
    Interpolant const& interpolant;
    Workspace<Model>& work;
    GradientState<Model>& g;
    CountOf<S>& vjps;

    KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const&) {}
    template <class TrialType>
    KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
      if (!trial.accepted) return;
      complete_columns(interpolant, along, trial.span, trial.y, work.reverse);
      bool const high = interpolant.weights.order > 4;
      int const nodes = high ? 4 : 3;
      for (int i = 0; i < nodes; ++i) {
        GaussNode const node = high ? gauss4(i) : gauss3(i);
        state_inside(interpolant.weights, model, S(node.at), trial.span.h, trial.y, work.reverse.k, work.at_node);
        S const t = trial.span.t + S(node.at) * trial.span.h;
        along.trajectory->state(t, work.y);
        model.set_zero(work.seed);
        model.add(work.seed, S(-node.weight) * trial.span.h, work.at_node);  // backwards: h has the other sign
        S t_bar(0.0);
        model.vjp(t, work.y, work.seed, work.gradient, g.p_bar, t_bar);
      }
      model.settle(g.p_bar);
      vjps += CountOf<S>(nodes);
    }
  };

  struct GaussNode {
    double at, weight;  ///< on [0, 1]
  };
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static GaussNode gauss3(int i) {
    constexpr double a = 0.11270166537925831;  // (1 - sqrt(3/5)) / 2
    return i == 0 ? GaussNode{a, 5.0 / 18.0} : i == 1 ? GaussNode{0.5, 8.0 / 18.0} : GaussNode{1.0 - a, 5.0 / 18.0};
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static GaussNode gauss4(int i) {
    constexpr double outer = 0.06943184420297371, inner = 0.33000947820757187;
    constexpr double outer_weight = 0.17392742256872693, inner_weight = 0.32607257743127307;
    if (i == 0 || i == 3) return {i == 0 ? outer : 1.0 - outer, outer_weight};
    return {i == 1 ? inner : 1.0 - inner, inner_weight};
  }

  /// From t1 to t0, piece by piece between observations.
  template <class Model, class Tape>
  struct WayBack {
    using S = typename Model::Time;
    using State = typename Model::State;
    using Count = CountOf<S>;

    Tableau const& tab;
    Model const& model;
    StepControl const& control;
    Objective const& objective;
    S const &t0, &t1;
    Workspace<Model>& work;
    GradientState<Model>& g;
    RecordedTrajectory<Model, Tape> trajectory;
    AdjointAlong<Model, Tape> along;
    Count evaluations{0}, quadrature_vjps{0};

    KOKKOS_INLINE_FUNCTION WayBack(Tableau const& scheme, Model const& of, StepControl const& how, S const& begin,
                                   S const& end, Workspace<Model>& memory, Tape const& tape,
                                   GradientState<Model>& gradient)
        : tab(scheme),
          model(of),
          control(how),
          objective(how.objective),
          t0(begin),
          t1(end),
          work(memory),
          g(gradient),
          trajectory(of, how.objective.interpolant.weights, tape),
          along{
              of, &trajectory, &memory.y, &memory.gradient, &memory.unused, how.objective.kind == LossKind::integral} {}

    KOKKOS_INLINE_FUNCTION LaneStatus<S> run(IntegrationCounts<Count>& counts) {
      bool const exact = objective.kind == LossKind::exact;
      int k = objective.observes() ? objective.observations - 1 : -1;
      bool const at_end = k >= 0 && time(k) == t1;
      model.assign(work.at_node, g.y);
      end(exact && at_end ? k : -1);  // lambda has the jump of an exact one
      if (!exact && at_end) observe(k, t1);
      if (at_end) --k;
      S from = t1;
      LaneStatus<S> status;
      for (; k >= 0 && status == SolveStatus::success; --k) {
        S const to = time(k);
        status = solve(from, to, counts);
        from = to;
        trajectory.state(to, work.at_node);
        if (exact && to == t0) begin(k);  // t_k is t0
        observe(exact && to == t0 ? -1 : k, to);
      }
      if (status == SolveStatus::success && from != t0) {
        status = solve(from, t0, counts);
        trajectory.state(t0, work.at_node);
        begin(-1);
      } else if (!exact) {
        begin(-1);
      }
      if (status == SolveStatus::success && !model.is_finite(g.lambda)) status.set(true, SolveStatus::non_finite);
      return status;
    }

   private:
    [[nodiscard]] KOKKOS_INLINE_FUNCTION S time(int k) const { return objective.template time<S>(Count(k)); }
    /// w . f(t, y(t)), y(t) in work.at_node.
    [[nodiscard]] KOKKOS_INLINE_FUNCTION S slope(S const& t, State const& w) {
      model.rhs(t, work.at_node, work.step.k[0]);
      evaluations += Count(1);
      return model.dot(w, work.step.k[0]);
    }
    [[nodiscard]] KOKKOS_INLINE_FUNCTION S running_loss() const {
      return objective.kind == LossKind::integral ? model.loss(work.at_node) : S(0.0);
    }
    /// The jump of lambda at `t`, and the derivative in that time for observation `k`, if that is not negative.
    KOKKOS_INLINE_FUNCTION void observe(int k, S const& t) {
      model.loss_gradient(work.at_node, work.gradient);
      if (control.time_gradients && k >= 0) g.times.put(0, k, static_cast<double>(slope(t, work.gradient)));
      model.add(g.lambda, S(1.0), work.gradient);
    }
    /// dL/dt1; observation `k` is t1, if k is not negative.
    KOKKOS_INLINE_FUNCTION void end(int k) {
      if (!control.time_gradients) return;
      g.times.dt1 = slope(t1, g.lambda) + running_loss();
      if (k >= 0) g.times.put(0, k, static_cast<double>(g.times.dt1));
    }
    /// dL/dt0; observation `k` is t0, if k is not negative.
    KOKKOS_INLINE_FUNCTION void begin(int k) {
      if (!control.time_gradients) return;
      g.times.dt0 = -slope(t0, g.lambda) - running_loss();
      if (k >= 0) g.times.put(0, k, static_cast<double>(g.times.dt0));
    }
    KOKKOS_INLINE_FUNCTION LaneStatus<S> solve(S const& from, S const& to, IntegrationCounts<Count>& counts) {
      StepControl const piece = piece_of(control, from, to, t0, t1);
      Quadrature<Model, Tape> quadrature{model, along, objective.interpolant, work, g, quadrature_vjps};
      IntegrationCounts<Count> of_piece;
      LaneStatus<S> const status = integrate(tab, along, piece, from, to, g.lambda, work.reverse, quadrature, of_piece);
      counts.rhs += of_piece.rhs;
      counts.accepted += of_piece.accepted;
      counts.rejected += of_piece.rejected;
      return status;
    }
  };
};

}  // namespace retrace
