#pragma once

#include "core/blocks.hpp"
#include "core/dual.hpp"
#include "gradients/external/plain_system.hpp"
#include "problems/ensemble_problem.hpp"
#include "solvers/ensemble_model.hpp"
#include "solvers/integrate.hpp"

namespace retrace {

/// The trajectories of an ensemble problem on this rank, one by one.
template <EnsembleProblem Problem>
class PlainEnsemble final : public PlainSystem {
 public:
  static constexpr int N = Problem::dimension, P = Problem::parameters;

  PlainEnsemble(Problem const& problem, BlockPartition const& partition) : problem_(problem), partition_(partition) {
    if (systems() > 0) select(0);
  }

  [[nodiscard]] BlockPartition const& partition() const override { return partition_; }
  [[nodiscard]] bool field() const override { return false; }
  [[nodiscard]] std::int64_t systems() const override { return partition_.local_items(); }
  void select(std::int64_t system) override {
    trajectory_ = partition_.first_item() + system;
    p_ = problem_.parameter_values(trajectory_);
  }
  [[nodiscard]] std::int64_t dimension() const override { return N; }
  [[nodiscard]] std::int64_t parameters() const override { return P; }
  [[nodiscard]] double t0() const override { return problem_.t0; }
  [[nodiscard]] double t1() const override { return problem_.t1; }
  void initial_state(double* y) override { store(problem_.initial_state(trajectory_), y); }

  void rhs(double t, double const* y, double* dydt) override {
    Vec<double, N> result;
    Problem::rhs(t, load<N>(y), p_, result);
    store(result, dydt);
  }
  void vjp(double t, double const* y, double const* w, double* y_bar, double* p_bar) override {
    Vec<double, N> of_y;
    Vec<double, P> of_p = Vec<double, P>::filled(0.0);
    double t_bar = 0.0;
    Problem::vjp(t, load<N>(y), p_, load<N>(w), of_y, of_p, t_bar);
    store(of_y, y_bar);
    store(of_p, p_bar);
  }
  void jvp(double t, double const* y, double const* dy, double const* dp, double* out) override {
    using Number = Dual<double, 1>;
    Vec<Number, N> state, result;
    Vec<Number, P> p;
    for (int d = 0; d < N; ++d) {
      state[d] = Number(y[d]);
      state[d].tangent[0] = dy[d];
    }
    for (int j = 0; j < P; ++j) {
      p[j] = Number(p_[j]);
      p[j].tangent[0] = dp != nullptr ? dp[j] : 0.0;
    }
    Problem::rhs(Number(t), state, p, result);
    for (int d = 0; d < N; ++d) out[d] = result[d].tangent[0];
  }
  [[nodiscard]] double loss(double const* y) override { return Problem::loss(load<N>(y)); }
  void loss_gradient(double const* y, double* gradient) override {
    store(Problem::loss_gradient(load<N>(y)), gradient);
  }

  [[nodiscard]] std::optional<std::vector<StepSpan<double>>> steps(Tableau const& tab,
                                                                   StepControl const& control) override {
    using Model = EnsembleModel<Problem, double>;
    Model model{};
    model.p = p_;
    Vec<double, N> y = problem_.initial_state(trajectory_);
    StepWorkspace<Model> work(tab, model);
    AcceptedSteps accepted;
    IntegrationCounts<> counts;
    SolveStatus const status = integrate(tab, model, control, problem_.t0, problem_.t1, y, work, accepted, counts);
    if (status != SolveStatus::success) return std::nullopt;
    return accepted.steps;
  }

 private:
  template <int Size>
  [[nodiscard]] static Vec<double, Size> load(double const* from) {
    Vec<double, Size> x;
    for (int d = 0; d < Size; ++d) x[d] = from[d];
    return x;
  }
  template <int Size>
  static void store(Vec<double, Size> const& x, double* to) {
    for (int d = 0; d < Size; ++d) to[d] = x[d];
  }

  Problem problem_;
  BlockPartition partition_;
  std::int64_t trajectory_ = 0;
  Vec<double, P> p_{};
};

}  // namespace retrace
