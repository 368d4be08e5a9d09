#pragma once

#include "gradients/external/plain_system.hpp"
#include "gradients/gradient_driver.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// The steps that a library took, and its scheme in our form: what witnesses replay instead of steps of our own.
struct ForeignSteps {
  Tableau tableau;
  std::vector<std::vector<StepSpan<double>>> steps;  ///< [trajectory of this rank, or the field][step]
};

/// What a library made of one system.
struct ExternalOutcome {
  SolveStatus status = SolveStatus::success;
  double loss = 0.0;
  std::vector<double> dloss_dy0, dloss_dp, final_state;
  WorkCounts work;
  std::int64_t linear_solves = 0, newton_iterations = 0;
  std::int64_t kept_bytes = 0;            ///< of states that the way forward leaves for the way back
  std::vector<StepSpan<double>> steps{};  ///< accepted, where the gradient claims to be exact for them
};

/// One library, one of its methods, with the control of a case.
class ExternalIntegrator {
 public:
  ExternalIntegrator() = default;
  ExternalIntegrator(ExternalIntegrator const&) = delete;
  ExternalIntegrator& operator=(ExternalIntegrator const&) = delete;
  virtual ~ExternalIntegrator() = default;

  [[nodiscard]] virtual ExternalOutcome solve(PlainSystem& system) = 0;
  /// The scheme whose steps `solve` reports; null where it reports none.
  [[nodiscard]] virtual Tableau const* tableau() const { return nullptr; }
};

/// An integrator of a library, as cases name it on the axis `solver`.
struct ExternalSolver {
  std::string_view name, summary;
  int order = 0;             ///< the highest, of those whose order varies
  int stages = 0;            ///< 0 for multistep methods
  bool fixed_too = false;    ///< takes equal steps as well
  bool adaptive_too = true;  ///< has an error estimate
};

/// A gradient method of another library behind the driver that ours have. Trajectories are solved one after the other
/// on one thread, in double precision; fields on one rank.
struct ExternalMethod {
  std::string_view name, summary, memory;
  Promise promise = Promise::consistent;
  bool fields = true;
  std::vector<ExternalSolver> solvers{};
  /// Null where this build does not have the library.
  std::unique_ptr<ExternalIntegrator> (*make)(std::string_view solver, StepControl const& control) = nullptr;
  std::string_view absent{};  ///< why there is none
};

/// All that the project knows, in this build or not.
[[nodiscard]] std::vector<ExternalMethod> const& external_methods();
/// Null for a name that is none of them.
[[nodiscard]] ExternalMethod const* find_external_method(std::string_view name);
/// Null for a name that no library's integrator has.
[[nodiscard]] ExternalSolver const* find_external_solver(std::string_view name);

/// A library's gradient, with what it knows beside the result.
class ExternalGradient : public GradientDriver {
 public:
  /// Steps and scheme, local; nothing where the library does not report them.
  [[nodiscard]] virtual std::optional<ForeignSteps> foreign_steps() const = 0;
  /// Of implicit methods, summed over trajectories. Collective.
  [[nodiscard]] virtual std::int64_t linear_solves() const = 0;
  [[nodiscard]] virtual std::int64_t newton_iterations() const = 0;
};

/// What of a case such a method takes.
struct ExternalChoice {
  std::string_view problem, solver, backend, precision;
};
/// Throws UsageError for what the method does not have.
[[nodiscard]] std::unique_ptr<ExternalGradient> make_external_gradient(ExternalMethod const& method,
                                                                       ExternalChoice const& choice,
                                                                       StepControl const& control,
                                                                       std::unique_ptr<PlainSystem> system,
                                                                       Communicator const& comm);

/// The methods of CVODES; `make` is null in a build without SUNDIALS.
[[nodiscard]] std::vector<ExternalMethod> cvodes_methods();
/// The method of PETSc; `make` is null in a build without it.
[[nodiscard]] std::vector<ExternalMethod> petsc_methods();

}  // namespace retrace
