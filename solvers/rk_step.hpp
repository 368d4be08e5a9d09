#pragma once

#include "core/math.hpp"
#include "solvers/dense_output.hpp"
#include "solvers/tableau.hpp"
#include "solvers/vec_algebra.hpp"

namespace retrace {

/// Memory of one Runge–Kutta step: s stage derivatives (or `columns`, if that is more), one stage argument, the new
/// state; (s + 2) states.
template <class Model>
struct StepWorkspace {
  typename Model::Stages k;
  typename Model::State u, y_new;

  KOKKOS_INLINE_FUNCTION StepWorkspace(Tableau const& tab, Model const& model, int columns = 0)
      : k(model.make_stages("retrace::step::k", tab.stages > columns ? tab.stages : columns)),
        u(model.make_state("retrace::step::u")),
        y_new(model.make_state("retrace::step::y_new")) {}
};

/// The memory that steps of a model work in: its own, or that of the model whose state it shares.
template <class Model>
struct StepMemoryOf {
  using type = StepWorkspace<Model>;
};
template <class Model>
requires requires {
  typename Model::SharesMemoryOf;
}
struct StepMemoryOf<Model> {
  using type = StepWorkspace<typename Model::SharesMemoryOf>;
};
template <class Model>
using StepMemory = typename StepMemoryOf<Model>::type;

/// Size and end of one step; the end is given apart because t + h need not be the time that is meant (the last step
/// ends at T exactly).
template <class S>
struct StepSpan {
  S t, h, t_next;
};

/// U_i = y + h sum_{j<i} a_ij k_j into `u`, with the time it belongs to; Eq. (0.1) of docs/methods.md.
template <class Model>
KOKKOS_INLINE_FUNCTION void stage_argument(Tableau const& tab, int i, Model const& model, typename Model::Time const& h,
                                           typename Model::State const& y, typename Model::Stages const& k,
                                           typename Model::State& u) {
  model.combine(u, tab.stage_row(i), h, k, Plain{y});
}

/// The time of stage `i`.
template <class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S stage_time(Tableau const& tab, int i, StepSpan<S> const& span) {
  return tab.fsal && i == tab.stages - 1 ? span.t_next : span.t + S(tab.c[static_cast<std::size_t>(i)]) * span.h;
}

/// Which parts of a step are left out, because nobody asks for them.
enum class StepPart {
  everything,
  without_last_stage,  ///< of a first-same-as-last scheme, in a replay
  without_update       ///< y_new of another scheme, which `update_and_error_norm` forms
};

/// One step from `y`, with k[0] = f(t, y) given: fills k[1] … and y_new. Evaluates f `stages - 1` times.
template <class Model>
KOKKOS_INLINE_FUNCTION void rk_step(Tableau const& tab, Model const& model, StepSpan<typename Model::Time> const& span,
                                    typename Model::State const& y, StepMemory<Model>& work,
                                    StepPart part = StepPart::everything) {
  int const last = tab.stages - 1;
  for (int i = 1; i <= last; ++i) {
    bool const is_new_state = tab.fsal && i == last;
    typename Model::State& u = is_new_state ? work.y_new : work.u;
    stage_argument(tab, i, model, span.h, y, work.k, u);
    if (is_new_state && part == StepPart::without_last_stage) return;
    model.rhs(stage_time(tab, i, span), u, work.k[static_cast<std::size_t>(i)]);
  }
  if (!tab.fsal && part != StepPart::without_update)
    model.combine(work.y_new, tab.weight_row(), span.h, work.k, Plain{y});
}

/// The columns of the dense output that the step itself has not formed, from those that it has. `work.u` is
/// overwritten.
template <class Model>
KOKKOS_INLINE_FUNCTION void complete_columns(Interpolant const& interpolant, Model const& model,
                                             StepSpan<typename Model::Time> const& span, typename Model::State const& y,
                                             StepMemory<Model>& work) {
  for (int i = interpolant.weights.step_stages; i < interpolant.columns.stages; ++i) {
    stage_argument(interpolant.columns, i, model, span.h, y, work.k, work.u);
    model.rhs(stage_time(interpolant.columns, i, span), work.u, work.k[static_cast<std::size_t>(i)]);
  }
}

/// y + h sum_i b_i(sigma) k_i, the state at t + sigma h, of whose columns `k` holds all.
template <class Model>
KOKKOS_INLINE_FUNCTION void state_inside(DenseOutput const& dense, Model const& model,
                                         typename Model::Time const& sigma, typename Model::Time const& h,
                                         typename Model::State const& y, typename Model::Stages const& k,
                                         typename Model::State& out) {
  model.assign(out, y);
  for (int i = 0; i < dense.stages; ++i)
    model.add(out, h * dense.weight(i, sigma).value, k[static_cast<std::size_t>(i)]);
}

}  // namespace retrace
