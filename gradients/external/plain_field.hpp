#pragma once

#include "core/dual.hpp"
#include "gradients/external/plain_system.hpp"
#include "solvers/field_model.hpp"
#include "solvers/integrate.hpp"

#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace retrace {

/// All samples of a field problem as one system; they have to be on one rank.
template <FieldProblem Problem, class Exec>
class PlainField final : public PlainSystem {
 public:
  PlainField(Problem const& problem, BlockPartition const& partition, Communicator const& comm)
      : problem_(problem),
        partition_(partition),
        comm_(&comm),
        p_(values_of_parameters(problem_)),
        model_(problem_, partition_, comm, std::span<double const>(p_)),
        p_bar_(model_.make_parameters("retrace::external::p_bar")) {}

  [[nodiscard]] BlockPartition const& partition() const override { return partition_; }
  [[nodiscard]] bool field() const override { return true; }
  [[nodiscard]] std::int64_t systems() const override { return 1; }
  void select(std::int64_t) override {}
  [[nodiscard]] std::int64_t dimension() const override { return partition_.local_items() * problem_.sample_size(); }
  [[nodiscard]] std::int64_t parameters() const override { return problem_.parameters(); }
  [[nodiscard]] double t0() const override { return problem_.t0; }
  [[nodiscard]] double t1() const override { return problem_.t1; }
  void initial_state(double* y) override {
    State state = view(y);
    model_.initial_state(state);
  }

  void rhs(double t, double const* y, double* dydt) override {
    State result = view(dydt);
    model_.rhs(t, view(y), result);
  }
  void vjp(double t, double const* y, double const* w, double* y_bar, double* p_bar) override {
    State result = view(y_bar);
    double t_bar = 0.0;
    model_.clear(p_bar_);
    model_.vjp(t, view(y), view(w), result, p_bar_, t_bar);
    for (std::int64_t j = 0; j < parameters(); ++j) {
      p_bar[j] = 0.0;
      for (std::int64_t b = 0; b < partition_.local_blocks(); ++b) p_bar[j] += p_bar_.value(b, j);
    }
  }
  void jvp(double t, double const* y, double const* dy, double const* dp, double* out) override {
    make_tangent(dp != nullptr ? std::vector<double>(dp, dp + parameters()) : std::vector<double>(p_.size(), 0.0));
    for (std::int64_t i = 0; i < dimension(); ++i) {
      Number x(y[i]);
      x.tangent[0] = dy[i];
      y_tangent_(i) = x;
    }
    tangent_->rhs(t, y_tangent_, f_tangent_);
    for (std::int64_t i = 0; i < dimension(); ++i) out[i] = f_tangent_(i).tangent[0];
  }
  [[nodiscard]] double loss(double const* y) override { return model_.loss(view(y)); }
  void loss_gradient(double const* y, double* gradient) override {
    State result = view(gradient);
    model_.loss_gradient(view(y), result);
  }
  [[nodiscard]] std::optional<std::vector<StepSpan<double>>> steps(Tableau const& tab,
                                                                   StepControl const& control) override {
    State y = model_.make_state("retrace::external::y");
    model_.initial_state(y);
    StepWorkspace<Model> work(tab, model_);
    AcceptedSteps accepted;
    IntegrationCounts<> counts;
    SolveStatus const status = integrate(tab, model_, control, problem_.t0, problem_.t1, y, work, accepted, counts);
    if (status != SolveStatus::success) return std::nullopt;
    return accepted.steps;
  }

 private:
  using Number = Dual<double, 1>;
  using Model = FieldModel<Problem, double, double, Exec>;
  using Tangent = FieldModel<Problem, Number, double, Exec>;
  using State = typename Model::State;

  [[nodiscard]] static std::vector<double> values_of_parameters(Problem const& problem) {
    std::vector<double> p(static_cast<std::size_t>(problem.parameters()));
    problem.parameter_values(p);
    return p;
  }
  /// Owns nothing. Models take states by handle, so what is only read is handed over like what is written.
  [[nodiscard]] State view(double const* x) const {
    return State(const_cast<double*>(x), static_cast<std::size_t>(dimension()));
  }
  /// The model in duals with tangents on the parameters, made again when they are others than last time.
  void make_tangent(std::vector<double> direction) {
    if (tangent_ && direction == direction_) return;
    std::vector<Number> p(p_.begin(), p_.end());
    for (std::size_t j = 0; j < p.size(); ++j) p[j].tangent[0] = direction[j];
    tangent_.reset();
    tangent_ = std::make_unique<Tangent>(problem_, partition_, *comm_, std::span<Number const>(p));
    direction_ = std::move(direction);
    y_tangent_ = tangent_->make_state("retrace::external::y_tangent");
    f_tangent_ = tangent_->make_state("retrace::external::f_tangent");
  }

  Problem problem_;
  BlockPartition partition_;
  Communicator const* comm_;
  std::vector<double> p_;
  Model model_;
  typename Model::Parameters p_bar_;
  std::unique_ptr<Tangent> tangent_;
  std::vector<double> direction_{};
  typename Tangent::State y_tangent_, f_tangent_;
};

}  // namespace retrace
