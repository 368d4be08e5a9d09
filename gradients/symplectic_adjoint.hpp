#pragma once

#include "gradients/aca.hpp"

namespace retrace {

/// The partner of a scheme (a, b, c), which integrates lambda' = -f_y^T lambda beside it so that lambda . dy is
/// conserved; Sanz-Serna (2016), Matsubara et al. (2021): the same weights and nodes, A_ij = b_j - b_j a_ji / b_i.
/// Solved for lambda_n from lambda_(n+1) it is explicit and goes from the last stage to the first:
///   Lambda_i = (b_i / beta_i) lambda_(n+1) + h sum_{j>i} (beta_j a_ji / beta_i) f_y(U_j)^T Lambda_j,
///   lambda_n = lambda_(n+1) + h sum_i beta_i f_y(U_i)^T Lambda_i,
/// with beta_i = b_i. A stage of weight zero has no Lambda of that definition; there beta_i = 1 (the papers take h: the
/// products beta_i Lambda_i are the same, and no coefficient depends on h).
class PartnerTableau {
 public:
  KOKKOS_INLINE_FUNCTION explicit PartnerTableau(Tableau const& tab) : last_(tab.last_used_stage) {
    for (int i = 0; i < last_; ++i) {
      auto const row = static_cast<std::size_t>(i);
      beta_[row] = tab.b[row] != 0.0 ? tab.b[row] : 1.0;
      share_[row] = tab.b[row] / beta_[row];
    }
    for (int i = 0; i < last_; ++i) {
      for (int j = i + 1; j < last_; ++j) {
        auto const row = static_cast<std::size_t>(i), column = static_cast<std::size_t>(j);
        coupling_[row][column] = tab.a[column][row] / beta_[row];
      }
    }
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION double beta(int i) const { return beta_[static_cast<std::size_t>(i)]; }
  /// b_i / beta_i: 1, or 0 for a stage of weight zero.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION double share(int i) const { return share_[static_cast<std::size_t>(i)]; }
  /// a_ji / beta_i, j > i: what U_bar_j = h beta_j f_y(U_j)^T Lambda_j adds to Lambda_i.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION CoefficientRow row(int i) const {
    return {coupling_[static_cast<std::size_t>(i)].data(), i + 1, last_};
  }

 private:
  int last_;
  Row<max_stages> beta_{}, share_{};
  Square<max_stages> coupling_{};
};

/// Symplectic adjoint; Matsubara, Miyatake & Yaguchi (2021). Forward as `aca`. Backward, lambda is integrated by the
/// partner of the scheme over the stages of each step, recomputed from its stored state. What f leaves behind for a
/// VJP is formed stage by stage, in the model's own scratch, so that one evaluation's is alive at a time. Equal to
/// `aca` up to rounding.
///
/// VJPs are linear, so each is taken of h beta_i Lambda_i at once: dL/dp, a quadrature by the same weights, then needs
/// no pass of its own over the parameters.
///
/// Cost: as of `aca`, backward N (s' - 1) evaluations of f and N s' VJPs; a field forms the hidden layers of all s'
/// stages again. Memory: N records of one state and two numbers; of a step s' states fewer than `aca`, and none of its
/// s' - 1 sets of activations.
struct SymplecticAdjoint {
  static constexpr std::string_view name = "symplectic_adjoint";
  static constexpr std::string_view summary =
      "as aca by the partner scheme: one evaluation's leftovers alive at a time";
  static constexpr std::string_view memory = "N (n + 2) numbers";
  static constexpr Promise promise = Promise::exact_frozen;
  static constexpr LossSupport losses{.exact = true, .integral = true, .times = true};
  static constexpr bool packs = true, fields = true;

  [[nodiscard]] static constexpr RecordShape record_shape(Tableau const& tab, StepControl const& control) {
    return Aca::record_shape(tab, control);
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t accepted, std::int64_t rejected) {
    return Aca::records(accepted, rejected);
  }
  [[nodiscard]] static constexpr WorkspaceShape workspace_shape(Tableau const& tab, StepControl const& /*control*/) {
    return {.states = WorkspaceShape::step_states(tab) + tab.last_used_stage + 1};
  }

  template <class Model>
  struct Workspace {
    StepWorkspace<Model> step;         // its k hold K_1 …, and on the way back U_bar_1 … U_bar_s'
    typename Model::Stages arguments;  // U_1 … U_s'
    typename Model::State seed;
    KOKKOS_INLINE_FUNCTION Workspace(Tableau const& tab, StepControl const& /*control*/, Model const& model)
        : step(tab, model),
          arguments(model.make_stages("retrace::symplectic_adjoint::arguments", tab.last_used_stage)),
          seed(model.make_state("retrace::symplectic_adjoint::seed")) {}
  };

  template <class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
      typename Model::Time const& t1, Workspace<Model>& work, Tape& tape, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;
    Count const last(tab.last_used_stage);
    PartnerTableau const partner(tab);
    StepRecorder<S, Tape> recorder{Aca::plan(), tape};
    IntegrationCounts<Count> forward;
    LaneStatus<S> status;
    Mask const solved = solve_forward(tab, model, control, t0, t1, work.step, recorder, g, forward, status);
    cost.add_forward(forward);
    if (!any(solved)) return status;
    LossAdjoint<Model> loss(model, control.objective, t1);
    NodeTimes<S> times(control.objective, t0, t1, solved);
    typename Model::State checkpoint = g.y;
    for (std::int64_t n = tape.longest() - 1; n >= 0; --n) {
      Mask const active = solved & tape.holds(n);
      StepSpan<S> const span = recorded_span(tape, n, active, t1);
      tape.get_state_where(active, n, 0, checkpoint);
      recompute_stages(tab, model, span, checkpoint, work);
      StepTimeAdjoint<S> const adjoint = step_back(tab, partner, model, control, span, work, g);
      Mask const at_observation = loss.at_node(active, span.t, work.arguments[0], work.seed, g.lambda);
      if (control.time_gradients) times.step(active, adjoint, n > 0 ? at_observation : Mask(false), g.times);
    }
    if (control.time_gradients) times.finish(g.times);
    Count const reversed = select(solved, forward.accepted, Count(0));
    cost.rhs_backward += reversed * (last - Count(control.time_gradients ? 0 : 1));
    cost.vjp += reversed * last;
    cost.reverse_accepted += reversed;
    cost.graph_depth += reversed * last;
    status.set(solved & !model.is_finite(g.lambda), SolveStatus::non_finite);
    return status;
  }

 private:
  template <class Model>
  KOKKOS_INLINE_FUNCTION static void recompute_stages(Tableau const& tab, Model const& model,
                                                      StepSpan<typename Model::Time> const& span,
                                                      typename Model::State const& y, Workspace<Model>& work) {
    model.refer(work.arguments[0], y);
    for (int i = 0; i + 1 < tab.last_used_stage; ++i) {
      auto const index = static_cast<std::size_t>(i);
      model.rhs(stage_time(tab, i, span), work.arguments[index], work.step.k[index]);
      stage_argument(tab, i + 1, model, span.h, y, work.step.k, work.arguments[index + 1]);
    }
  }

  /// From lambda_(n+1) to lambda_n by the partner. Returns tau and eta where derivatives in times are asked for.
  template <class Model>
  KOKKOS_INLINE_FUNCTION static StepTimeAdjoint<typename Model::Time> step_back(
      Tableau const& tab, PartnerTableau const& partner, Model const& model, StepControl const& control,
      StepSpan<typename Model::Time> const& span, Workspace<Model>& work, GradientState<Model>& g) {
    using S = typename Model::Time;
    StepTimeAdjoint<S> times;
    bool const with_times = control.time_gradients, running_loss = control.objective.kind == LossKind::integral;
    if (with_times) {
      auto const end = static_cast<std::size_t>(tab.last_used_stage - 1);
      model.rhs(stage_time(tab, tab.last_used_stage - 1, span), work.arguments[end], work.step.k[end]);
    }
    for (int i = tab.last_used_stage - 1; i >= 0; --i) {
      auto const index = static_cast<std::size_t>(i);
      S const weight = S(partner.beta(i)) * span.h;
      model.combine(work.seed, partner.row(i), weight, work.step.k, Scaled{S(partner.share(i)) * weight, g.lambda});
      if (with_times) times.eta += model.dot(work.step.k[index], work.seed) / span.h;  // K_i, until U_bar_i is there
      S t_bar(0.0);
      model.vjp(stage_time(tab, i, span), work.arguments[index], work.seed, work.step.k[index], g.p_bar, t_bar);
      times.tau += t_bar;
      if (with_times) times.eta += S(tab.c[index]) * t_bar;
      if (running_loss && tab.b[index] != 0.0) {
        if (with_times) times.eta += S(tab.b[index]) * model.loss(work.arguments[index]);
        model.loss_gradient(work.arguments[index], work.seed);
        model.add(work.step.k[index], S(tab.b[index]) * span.h, work.seed);
      }
    }
    model.add_stages(g.lambda, tab.last_used_stage, work.step.k);
    model.settle(g.p_bar);
    return times;
  }
};

}  // namespace retrace
