#pragma once

#include "core/math.hpp"
#include "solvers/tableau.hpp"
#include "solvers/vec_algebra.hpp"

#include <type_traits>

namespace retrace {

/// Memory of one Runge–Kutta step: s stage derivatives, one stage argument, the new state; (s + 2) states.
template <Tableau Tab, class Model>
struct StepWorkspace {
  static constexpr int stages = Tab::stages;
  typename Model::template Stages<stages> k;
  typename Model::State u, y_new;

  KOKKOS_INLINE_FUNCTION explicit StepWorkspace(Model const& model)
      : k(model.template make_stages<stages>("retrace::step::k")),
        u(model.make_state("retrace::step::u")),
        y_new(model.make_state("retrace::step::y_new")) {}
};

/// Size and end of one step; the end is given apart because t + h need not be the time that is meant (the last step
/// ends at T exactly).
template <class S>
struct StepSpan {
  S t, h, t_next;
};

/// U_i = y + h sum_{j<i} a_ij k_j into `u`, with the time it belongs to; Eq. (0.1) of docs/methods.md.
template <Tableau Tab, int I, class Model, class StageArray>
KOKKOS_INLINE_FUNCTION void stage_argument(Model const& model, typename Model::Time const& h,
                                           typename Model::State const& y, StageArray const& k,
                                           typename Model::State& u) {
  model.template combine<StageRow<Tab, I>>(u, h, k, Plain{y});
}

/// The time of stage `I`, a constant: devices cannot read the tables of a host.
template <Tableau Tab, int I, class S>
[[nodiscard]] KOKKOS_INLINE_FUNCTION S stage_time(StepSpan<S> const& span, std::integral_constant<int, I>) {
  if constexpr (Tab::fsal && I == Tab::stages - 1) {
    return span.t_next;
  } else {
    constexpr double c = Tab::c[static_cast<std::size_t>(I)];
    return span.t + S(c) * span.h;
  }
}

/// One step from `y`, with k[0] = f(t, y) given: fills k[1] … and y_new. Evaluates f `stages - 1` times; with
/// `with_last_stage` false a first-same-as-last scheme leaves its last stage out (nobody asks for it in a replay).
template <Tableau Tab, bool with_last_stage, class Model>
KOKKOS_INLINE_FUNCTION void rk_step(Model const& model, StepSpan<typename Model::Time> const& span,
                                    typename Model::State const& y, StepWorkspace<Tab, Model>& work) {
  constexpr int last = Tab::stages - 1;
  static_for<1, Tab::stages>([&](auto i) {
    if constexpr (Tab::fsal && i == last) {
      stage_argument<Tab, last>(model, span.h, y, work.k, work.y_new);
      if constexpr (with_last_stage) model.rhs(span.t_next, work.y_new, work.k[last]);
    } else {
      stage_argument<Tab, i()>(model, span.h, y, work.k, work.u);
      model.rhs(stage_time<Tab>(span, i), work.u, work.k[static_cast<std::size_t>(i())]);
    }
  });
  if constexpr (!Tab::fsal) {
    model.template combine<WeightRow<Tab>>(work.y_new, span.h, work.k, Plain{y});
  }
}

}  // namespace retrace
