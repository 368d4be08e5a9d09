#pragma once

#include "gradients/gradient_method.hpp"
#include "solvers/integrate.hpp"

namespace retrace {

/// The continuous adjoint of Chen et al. (2018), Algorithm 1: only y(T) is kept; (y, lambda, mu) is integrated
/// backwards from T with steps of its own under the same control, every component in the error norm. Consistent with
/// the flow up to its tolerance times the growth of the reverse-time system; the derivative of nothing that was
/// computed. The time adjoint of the textbook is left out: it is a quadrature that no output here needs.
///
/// Cost: (accepted + rejected backward steps) (s - 1) + 1 evaluations of f and as many VJPs (s each without FSAL).
/// Memory: independent of the number of steps.
struct Adjoint {
  static constexpr std::string_view name = "adjoint";
  static constexpr std::string_view summary = "integrates (y, lambda, mu) backwards from y(T); Chen et al. 2018";
  static constexpr Promise promise = Promise::consistent;

  template <Tableau Tab>
  [[nodiscard]] static constexpr RecordShape record_shape() {
    return {};
  }
  [[nodiscard]] static constexpr std::int64_t records(std::int64_t, std::int64_t) { return 0; }

  template <Tableau Tab, class Model>
  struct Workspace {
    typename Model::Augmented augmented;
    StepWorkspace<Tab, Model> step;
    StepWorkspace<Tab, typename Model::Augmented> reverse;
    typename Model::Augmented::State x;
    KOKKOS_INLINE_FUNCTION explicit Workspace(Model const& model)
        : augmented(model.augmented()),
          step(model),
          reverse(augmented),
          x(augmented.make_state("retrace::adjoint::augmented")) {}
  };

  template <Tableau Tab, class Model, class Tape>
  KOKKOS_INLINE_FUNCTION static LaneStatus<typename Model::Time> run(
      Model const& model, StepControl const& control, typename Model::Time const& t0, typename Model::Time const& t1,
      Workspace<Tab, Model>& work, Tape& /*tape*/, GradientState<Model>& g,
      WorkCountsOf<CountOf<typename Model::Time>>& cost) {
    using S = typename Model::Time;
    using Mask = MaskOf<S>;
    using Count = CountOf<S>;
    NoObserver observer;
    IntegrationCounts<Count> forward, backward;
    LaneStatus<S> status = integrate<Tab>(model, control, t0, t1, g.y, work.step, observer, forward);
    cost.add_forward(forward);
    Mask const solved = status.is(SolveStatus::success);
    if (!any(solved)) return status;

    g.loss = model.loss(g.y);
    model.loss_gradient(g.y, g.lambda);
    work.augmented.pack(g.y, g.lambda, work.x);
    S const end = select(solved, t0, t1);  // lanes that did not arrive have nothing to integrate
    LaneStatus<S> const way_back =
        integrate<Tab>(work.augmented, control, t1, end, work.x, work.reverse, observer, backward);
    cost.rhs_backward += backward.rhs;
    cost.vjp += backward.rhs;
    cost.reverse_accepted += backward.accepted;
    cost.reverse_rejected += backward.rejected;
    cost.graph_depth += backward.accepted * Count(Tab::stages);
    status.code = select(solved, way_back.code, status.code);
    work.augmented.unpack_gradient(work.x, g);
    return status;
  }
};

}  // namespace retrace
