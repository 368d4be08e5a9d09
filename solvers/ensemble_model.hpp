#pragma once

#include "problems/ensemble_problem.hpp"
#include "solvers/vec_algebra.hpp"

namespace retrace {

/// (y, lambda, mu) of the continuous adjoint as one state: y' = f, lambda' = -f_y^T lambda, mu' = -f_p^T lambda;
/// Chen et al. (2018), Eqs. 4 and 5. Every component takes part in the error norm ("full norm").
template <class Model>
struct AugmentedEnsembleModel : VecAlgebra<typename Model::Scalar, typename Model::Time,
                                           2 * Model::Problem::dimension + Model::Problem::parameters> {
  using P = typename Model::Problem;
  using T = typename Model::Scalar;
  using S = typename Model::Time;
  using State = Vec<T, 2 * P::dimension + P::parameters>;

  Model base;

  KOKKOS_INLINE_FUNCTION void rhs(S const& t, State const& x, State& dxdt) const {
    Vec<T, P::dimension> y, lambda, dydt, y_bar;
    Vec<T, P::parameters> p_bar = Vec<T, P::parameters>::filled(T(0.0));
    S t_bar(0.0);
    unpack(x, y, lambda);
    base.rhs(t, y, dydt);
    base.vjp(t, y, lambda, y_bar, p_bar, t_bar);
    for (int d = 0; d < P::dimension; ++d) {
      dxdt[d] = dydt[d];
      dxdt[P::dimension + d] = -y_bar[d];
    }
    for (int j = 0; j < P::parameters; ++j) dxdt[2 * P::dimension + j] = -p_bar[j];
  }
  KOKKOS_INLINE_FUNCTION void pack(Vec<T, P::dimension> const& y, Vec<T, P::dimension> const& lambda, State& x) const {
    x = State::filled(T(0.0));
    for (int d = 0; d < P::dimension; ++d) {
      x[d] = y[d];
      x[P::dimension + d] = lambda[d];
    }
  }
  KOKKOS_INLINE_FUNCTION void unpack(State const& x, Vec<T, P::dimension>& y, Vec<T, P::dimension>& lambda) const {
    for (int d = 0; d < P::dimension; ++d) {
      y[d] = x[d];
      lambda[d] = x[P::dimension + d];
    }
  }
  template <class Gradient>
  KOKKOS_INLINE_FUNCTION void unpack_gradient(State const& x, Gradient& g) const {
    for (int d = 0; d < P::dimension; ++d) g.lambda[d] = x[P::dimension + d];
    for (int j = 0; j < P::parameters; ++j) g.p_bar[j] += x[2 * P::dimension + j];
  }
};

/// One trajectory of an ensemble problem as the integrator and the gradient methods see it. `T`: scalar of state and
/// parameters; `S`: scalar of time (double, or `T` itself when the step sizes are differentiated too).
template <EnsembleProblem P_, class T, class S = double>
struct EnsembleModel : VecAlgebra<T, S, P_::dimension> {
  using Problem = P_;
  using State = Vec<T, Problem::dimension>;
  using Parameters = Vec<T, Problem::parameters>;
  using Augmented = AugmentedEnsembleModel<EnsembleModel>;

  Parameters p;

  KOKKOS_INLINE_FUNCTION void rhs(S const& t, State const& y, State& dydt) const { Problem::rhs(T(t), y, p, dydt); }
  /// y_bar := f_y^T w, p_bar += f_p^T w, t_bar += f_t . w
  KOKKOS_INLINE_FUNCTION void vjp(S const& t, State const& y, State const& w, State& y_bar, Parameters& p_bar,
                                  S& t_bar) const {
    T t_bar_state(0.0);
    Problem::vjp(T(t), y, p, w, y_bar, p_bar, t_bar_state);
    if constexpr (!Problem::autonomous) t_bar += S(t_bar_state);
  }
  /// What `Count` evaluations of f leave behind for the VJPs at the same arguments: nothing, a small f is evaluated
  /// again at once.
  template <int Count>
  struct Kept {};
  template <int Count>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Kept<Count> make_kept(char const* /*label*/) const {
    return {};
  }
  template <int I, class KeptType>
  KOKKOS_INLINE_FUNCTION void rhs_keeping(S const& t, State const& y, State& dydt, KeptType const&) const {
    rhs(t, y, dydt);
  }
  template <int I, class KeptType>
  KOKKOS_INLINE_FUNCTION void vjp_kept(S const& t, State const& y, State const& w, State& y_bar, Parameters& p_bar,
                                       S& t_bar, KeptType const&) const {
    vjp(t, y, w, y_bar, p_bar, t_bar);
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S loss(State const& y) const { return S(Problem::loss(y)); }
  KOKKOS_INLINE_FUNCTION void loss_gradient(State const& y, State& lambda) const { lambda = Problem::loss_gradient(y); }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Parameters make_parameters(char const* /*label*/) const {
    return Parameters::filled(T(0.0));
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Augmented augmented() const {
    Augmented model{};
    model.base = *this;
    return model;
  }
};

}  // namespace retrace
