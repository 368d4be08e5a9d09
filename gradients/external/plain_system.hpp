#pragma once

#include "core/blocks.hpp"
#include "solvers/rk_step.hpp"
#include "solvers/step_control.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace retrace {

/// An observer of our integrator: its accepted steps.
struct AcceptedSteps {
  std::vector<StepSpan<double>> steps{};
  template <class Start>
  void on_start(Start const&) {}
  template <class Trial>
  void on_trial(Trial const& trial) {
    if (trial.accepted) steps.push_back(trial.span);
  }
};

/// What a problem is to a solver that is not ours: plain arrays of doubles, one system after the other. An ensemble has
/// a system for each trajectory of this rank; a field is one system, all of its samples.
class PlainSystem {
 public:
  PlainSystem() = default;
  PlainSystem(PlainSystem const&) = delete;
  PlainSystem& operator=(PlainSystem const&) = delete;
  virtual ~PlainSystem() = default;

  [[nodiscard]] virtual BlockPartition const& partition() const = 0;  ///< of trajectories or samples over ranks
  [[nodiscard]] virtual bool field() const = 0;
  [[nodiscard]] virtual std::int64_t systems() const = 0;
  /// The system that all other calls speak of; number 0 at first.
  virtual void select(std::int64_t system) = 0;

  [[nodiscard]] virtual std::int64_t dimension() const = 0;
  [[nodiscard]] virtual std::int64_t parameters() const = 0;
  [[nodiscard]] virtual double t0() const = 0;
  [[nodiscard]] virtual double t1() const = 0;
  virtual void initial_state(double* y) = 0;

  virtual void rhs(double t, double const* y, double* dydt) = 0;
  /// y_bar := f_y^T w, p_bar := f_p^T w
  virtual void vjp(double t, double const* y, double const* w, double* y_bar, double* p_bar) = 0;
  /// out := f_y dy + f_p dp, without the second term where dp is null
  virtual void jvp(double t, double const* y, double const* dy, double const* dp, double* out) = 0;
  [[nodiscard]] virtual double loss(double const* y) = 0;
  virtual void loss_gradient(double const* y, double* gradient) = 0;

  /// The accepted steps of our own integrator in double precision; nothing if it fails.
  [[nodiscard]] virtual std::optional<std::vector<StepSpan<double>>> steps(Tableau const& tab,
                                                                           StepControl const& control) = 0;
};

}  // namespace retrace
