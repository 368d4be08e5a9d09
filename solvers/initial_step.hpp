#pragma once

#include "core/math.hpp"
#include "solvers/step_control.hpp"
#include "solvers/tableau.hpp"
#include "solvers/vec_algebra.hpp"

namespace retrace {

/// The numbers that the choice of the first step went through; kept for its derivative.
template <class S>
struct InitialStep {
  S d0{}, d1{}, d2{}, h_a{}, h_b{}, h{};  // h > 0; h_a too

  [[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<S> norms_vanish() const {
    return MaskOf<S>(d0 < S(1e-5)) | MaskOf<S>(d1 < S(1e-5));
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<S> slopes_vanish() const { return math::max(d1, d2) <= S(1e-15); }
};

/// First step size by Hairer, Norsett & Wanner (1993), Sec. II.4 ("Starting Step Size"). `f0` = f(t0, y0) is given,
/// f is evaluated once more, at the end of an Euler step, into `f1`; `u` is scratch. The result is at most |t1 - t0|.
template <class Model>
[[nodiscard]] KOKKOS_INLINE_FUNCTION InitialStep<typename Model::Time> choose_initial_step(
    Tableau const& tab, Model const& model, StepControl const& control, typename Model::Time const& t0,
    typename Model::Time const& t1, typename Model::State const& y0, typename Model::State const& f0,
    typename Model::State& f1, typename Model::State& u) {
  using S = typename Model::Time;
  InitialStep<S> start;
  S const direction = math::sign(t1 - t0), span = math::abs(t1 - t0);
  start.d0 = model.weighted_rms(control, y0, y0);
  start.d1 = model.weighted_rms(control, f0, y0);
  start.h_a = select(start.norms_vanish(), S(1e-6), S(0.01) * start.d0 / start.d1);
  model.assign(u, y0);
  model.add(u, direction * start.h_a, f0);
  model.rhs(t0 + direction * start.h_a, u, f1);
  model.add(f1, S(-1.0), f0);  // f1 holds the difference from here on
  start.d2 = model.weighted_rms(control, f1, y0) / start.h_a;
  S const largest = math::max(start.d1, start.d2);
  start.h_b = select(start.slopes_vanish(), math::max(S(1e-6), S(1e-3) * start.h_a),
                     math::pow(S(0.01) / largest, tab.controller_exponent));
  start.h = math::min(math::min(S(100.0) * start.h_a, start.h_b), span);
  return start;
}

}  // namespace retrace
