#pragma once

#include "problems/ensemble_problem.hpp"
#include "solvers/vec_algebra.hpp"

namespace retrace {

/// (y, lambda, mu) of the continuous adjoint as one state: y' = f, lambda' = -f_y^T lambda, mu' = -f_p^T lambda;
/// Chen et al. (2018), Eqs. 4 and 5.
template <class Model, AdjointNorm norm>
struct AugmentedEnsembleModel
    : VecAlgebra<typename Model::Scalar, typename Model::Time,
                 2 * Model::Problem::dimension + Model::Problem::parameters,
                 2 * Model::Problem::dimension + (norm == AdjointNorm::seminorm ? 0 : Model::Problem::parameters),
                 norm == AdjointNorm::blocks ? Model::Problem::dimension : 0> {
  using P = typename Model::Problem;
  using T = typename Model::Scalar;
  using S = typename Model::Time;
  using State = Vec<T, 2 * P::dimension + P::parameters>;

  Model base;
  bool has_running_loss = false;  ///< the loss is the integral of l: lambda' = -f_y^T lambda - grad l(y)

  KOKKOS_INLINE_FUNCTION void rhs(S const& t, State const& x, State& dxdt) const {
    Vec<T, P::dimension> y, lambda, dydt, y_bar;
    Vec<T, P::parameters> p_bar = Vec<T, P::parameters>::filled(T(0.0));
    S t_bar(0.0);
    unpack(x, y, lambda);
    base.rhs(t, y, dydt);
    base.vjp(t, y, lambda, y_bar, p_bar, t_bar);
    if (has_running_loss) {
      Vec<T, P::dimension> const gradient = P::loss_gradient(y);
      for (int d = 0; d < P::dimension; ++d) y_bar[d] += gradient[d];
    }
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
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<T, P::dimension> state_of(State const& x) const {
    Vec<T, P::dimension> y, lambda;
    unpack(x, y, lambda);
    return y;
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Vec<T, P::dimension> adjoint_of(State const& x) const {
    Vec<T, P::dimension> y, lambda;
    unpack(x, y, lambda);
    return lambda;
  }
  /// lambda += grad l(y), which `gradient` holds afterwards.
  KOKKOS_INLINE_FUNCTION void jump(State& x, Vec<T, P::dimension>& gradient) const {
    gradient = P::loss_gradient(state_of(x));
    for (int d = 0; d < P::dimension; ++d) x[P::dimension + d] += gradient[d];
  }
  /// y := `to`
  KOKKOS_INLINE_FUNCTION void set_state(State& x, Vec<T, P::dimension> const& to) const {
    for (int d = 0; d < P::dimension; ++d) x[d] = to[d];
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
  template <AdjointNorm norm>
  using Augmented = AugmentedEnsembleModel<EnsembleModel, norm>;
  /// The same with the tangents of all unknowns, y0 before p.
  using Tangent = EnsembleModel<Problem, Dual<T, Problem::dimension + Problem::parameters>, S>;
  /// The same with tangents in so many times, on which the parameters do not depend.
  template <int directions>
  using TimeTangent = EnsembleModel<Problem, Dual<T, directions>, Dual<S, directions>>;

  Parameters p;

  KOKKOS_INLINE_FUNCTION void rhs(S const& t, State const& y, State& dydt) const { Problem::rhs(T(t), y, p, dydt); }
  /// y_bar := f_y^T w, p_bar += f_p^T w, t_bar += f_t . w
  KOKKOS_INLINE_FUNCTION void vjp(S const& t, State const& y, State const& w, State& y_bar, Parameters& p_bar,
                                  S& t_bar) const {
    T t_bar_state(0.0);
    Problem::vjp(T(t), y, p, w, y_bar, p_bar, t_bar_state);
    if constexpr (!Problem::autonomous) t_bar += S(t_bar_state);
  }
  /// What evaluations of f leave behind for the VJPs at the same arguments: nothing, a small f is evaluated again at
  /// once.
  struct Kept {};
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Kept make_kept(char const* /*label*/, int /*count*/) const { return {}; }
  KOKKOS_INLINE_FUNCTION void rhs_keeping(S const& t, State const& y, State& dydt, Kept const&, int /*place*/) const {
    rhs(t, y, dydt);
  }
  KOKKOS_INLINE_FUNCTION void vjp_kept(S const& t, State const& y, State const& w, State& y_bar, Parameters& p_bar,
                                       S& t_bar, Kept const&, int /*place*/) const {
    vjp(t, y, w, y_bar, p_bar, t_bar);
  }
  /// The end of a step: nothing to do, parameter gradients are sums at once.
  KOKKOS_INLINE_FUNCTION void settle(Parameters const&) const {}
  [[nodiscard]] KOKKOS_INLINE_FUNCTION S loss(State const& y) const { return S(Problem::loss(y)); }
  /// The same in the scalar of the state.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION T state_loss(State const& y) const { return Problem::loss(y); }
  KOKKOS_INLINE_FUNCTION void loss_gradient(State const& y, State& lambda) const { lambda = Problem::loss_gradient(y); }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Parameters make_parameters(char const* /*label*/) const {
    return Parameters::filled(T(0.0));
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Parameters make_recent_parameters(char const* label) const {
    return make_parameters(label);
  }
  template <AdjointNorm norm>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Augmented<norm> augmented(bool running_loss) const {
    Augmented<norm> model{};
    model.base = *this;
    model.has_running_loss = running_loss;
    return model;
  }
  /// Its parameters are variables.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION Tangent tangent() const {
    Tangent model{};
    for (int j = 0; j < Problem::parameters; ++j) model.p[j] = Tangent::Scalar::variable(p[j], Problem::dimension + j);
    return model;
  }
  template <int directions>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION TimeTangent<directions> time_tangent() const {
    TimeTangent<directions> model{};
    for (int j = 0; j < Problem::parameters; ++j) model.p[j] = Dual<T, directions>(p[j]);
    return model;
  }
};

}  // namespace retrace
