#pragma once

#include "core/communicator.hpp"
#include "core/error.hpp"
#include "gradients/gradient_driver.hpp"
#include "solvers/step_control.hpp"
#include "verification/work_model.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// Gradient, loss and final state that a case is measured against; local parts as in GradientResult.
struct Reference {
  enum class Kind { closed_form, refined, extended };
  Kind kind = Kind::refined;
  double loss = 0.0;
  std::vector<double> dloss_dy0, dloss_dp, final_state;
  double uncertainty = 0.0;  ///< relative, of the whole gradient; from a second, weaker solve
  /// In t0, t1 and the observation times, as in GradientResult, where they are asked for; and how well they are known.
  std::vector<double> dloss_dt{};
  double dloss_dt_uncertainty = 0.0;
};

/// How far a gradient is from a witness that differentiates the same discrete program.
struct WitnessError {
  double relative_error = 0.0;  ///< worst over trajectories (or directions) and over the blocks y0, p
  /// Of that trajectory: how far the witness itself moves, relatively, when the last bits of y0 and p change. Nobody
  /// knows the derivative of the program any better: where its steps hang on a small error estimate, one rounding of
  /// the state moves it by far more than one. Measured for program duals of ensembles in double precision, and only
  /// where the error is not `WitnessError::clear` anyway; else 0.
  double sensitivity = 0.0;
  static constexpr double clear = 1e-10;
  std::int64_t steps = 0;     ///< accepted steps of the longest trajectory looked at
  std::int64_t compared = 0;  ///< trajectories, or directions of a field
};

/// A directional derivative by finite differences against the gradient's, the worst of those tried.
struct DifferenceError {
  double error = 0.0;         ///< |g.d - D|
  double bar = 0.0;           ///< what D itself may be wrong by
  double derivative = 0.0;    ///< |D|
  std::int64_t compared = 0;  ///< directions that gave a usable difference
  std::int64_t tried = 0;
};

/// Which gradient of a problem, by registered names ("default" is a backend too).
struct GradientChoice {
  std::string method, solver, backend = "default", precision = "f64";
};

/// For a method that is registered, and with which a problem was not compiled.
[[noreturn]] inline void throw_not_compiled(std::string const& method, std::string_view problem) {
  throw UsageError("problem '" + std::string(problem) + "' was not compiled with gradient method '" + method + "'");
}

/// A problem with its data on this rank's part of the blocks: makes gradients of it, and witnesses for them that do not
/// share the gradients' code (duals and differences through the forward program only). All calls are collective.
class ProblemInstance {
 public:
  ProblemInstance() = default;
  ProblemInstance(ProblemInstance const&) = delete;
  ProblemInstance& operator=(ProblemInstance const&) = delete;
  virtual ~ProblemInstance() = default;

  [[nodiscard]] virtual std::int64_t state_dimension() const = 0;  ///< of one trajectory or sample
  [[nodiscard]] virtual std::int64_t parameter_count() const = 0;
  [[nodiscard]] virtual std::int64_t batch() const = 0;
  /// What takes steps of its own: each trajectory, or the whole field.
  [[nodiscard]] virtual std::int64_t solves() const { return batch(); }
  [[nodiscard]] virtual double initial_time() const = 0;
  [[nodiscard]] virtual double final_time() const = 0;

  /// Of one trajectory, or of the whole batch of a field.
  [[nodiscard]] virtual ProblemOperations operations() const = 0;

  /// Throws UsageError for a combination that this kind of problem does not have.
  [[nodiscard]] virtual std::unique_ptr<GradientDriver> make_gradient(GradientChoice const& choice,
                                                                      StepControl const& control) const = 0;
  /// Of the flow, for that loss; observations need not be hit for it, whatever their kind.
  [[nodiscard]] virtual Reference make_reference(Objective const& objective = {}) const = 0;

  /// Duals in double precision through the steps that the forward solve takes, step sizes held fixed.
  [[nodiscard]] virtual WitnessError frozen_dual(GradientChoice const& choice, StepControl const& control,
                                                 GradientResult const& gradient) const = 0;
  /// Duals of the choice's precision through the whole adaptive program, step sizes included.
  [[nodiscard]] virtual WitnessError program_dual(GradientChoice const& choice, StepControl const& control,
                                                  GradientResult const& gradient) const = 0;
  /// Central differences with Richardson's extrapolation, in double precision, on frozen steps or on the live program;
  /// in the latter, differences across which the accept/reject/clip pattern changes are thrown away.
  [[nodiscard]] virtual DifferenceError finite_difference(GradientChoice const& choice, StepControl const& control,
                                                          bool frozen, GradientResult const& gradient) const = 0;
  /// The same for the derivatives in t0, t1 and some observation times, on frozen steps by rule (i) of docs/methods.md.
  /// Nothing is tried where nobody can.
  [[nodiscard]] virtual DifferenceError time_difference(GradientChoice const& /*choice*/,
                                                        StepControl const& /*control*/, bool /*frozen*/,
                                                        GradientResult const& /*gradient*/) const {
    return {};
  }
};

}  // namespace retrace
