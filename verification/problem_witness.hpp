#pragma once

#include "gradients/gradient_result.hpp"
#include "solvers/step_control.hpp"
#include "verification/problem_instance.hpp"
#include "verification/taylor_test.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace retrace {

/// Two sides of an identity that should be equal: their difference, and what rounding may make of it.
struct IdentityDefect {
  double error = 0.0, bound = 0.0;  ///< absolute, of the worst
  double size = 0.0;                ///< of the terms that should cancel
  std::string where;                ///< of the worst, in words
  std::int64_t compared = 0;

  /// Of the two the one that is further beyond its bound; NaN is furthest.
  void keep_worse(IdentityDefect other);
};

/// Rounding errors of a derivative, measured: the derivative along random directions in arithmetic whose last bits are
/// random, relative to the norm of the gradient's block; the worst of blocks and trajectories.
struct MeasuredRounding {
  double relative = 0.0;  ///< root mean square, where rounding errors have random signs
  double drift = 0.0;     ///< largest, where those at the ends of steps have the same sign from step to step
  std::int64_t runs = 0;  ///< that took the branches of the exact run; 0: nothing was measured
  std::int64_t tried = 0;
};

/// How far a gradient is from a derivative of its program in another implementation.
struct ProgramWitnessError {
  WitnessError error;
  std::int64_t other_branches = 0;  ///< systems where that program took other branches than the solver's

  /// The worse error of both, the sums of both counts.
  void keep_worse(ProgramWitnessError const& other);
};

/// A quantity that the flow has alike at both ends, and the solve and its gradient up to their errors.
struct InvariantDefect {
  std::string what;
  double relative = 0.0;      ///< of the size of its terms; root of mean squares over trajectories
  double of_tolerance = 0.0;  ///< likewise: what a tolerance in each component of the final state makes of it
};

/// Witnesses against the gradient of a problem that need more than duals of the solver: identities of its formulas and
/// of single steps, complex steps and Taylor remainders through a Runge–Kutta step of their own, measured rounding.
/// All calls are collective and give the same on every rank.
class ProblemWitness {
 public:
  ProblemWitness() = default;
  ProblemWitness(ProblemWitness const&) = delete;
  ProblemWitness& operator=(ProblemWitness const&) = delete;
  virtual ~ProblemWitness() = default;

  /// The solver's final state against its accepted steps in plain loops of double, and whether these lead from t0 to t1
  /// without a gap. What duals and differences take for granted.
  [[nodiscard]] virtual IdentityDefect replay(GradientChoice const& choice, StepControl const& control) const = 0;
  /// The error norm of every accepted step, formed in plain loops, against 1. Nothing is compared with fixed steps.
  [[nodiscard]] virtual IdentityDefect error_control(GradientChoice const& choice,
                                                     StepControl const& control) const = 0;
  /// <w, J v> = <J^T w, v> for f in y, p and t, and for the loss, at states along the solution: duals against the VJP
  /// in the choice's precision.
  [[nodiscard]] virtual IdentityDefect right_hand_side(GradientChoice const& choice,
                                                       StepControl const& control) const = 0;
  /// lambda_{n+1} . dy_{n+1} = lambda_n . dy_n + dp . p_bar for the reverse of single steps, in y and in p apart.
  [[nodiscard]] virtual IdentityDefect step_reverse(GradientChoice const& choice, StepControl const& control) const = 0;
  /// The gradient against complex-step derivatives through its frozen steps.
  [[nodiscard]] virtual WitnessError complex_step(GradientChoice const& choice, StepControl const& control,
                                                  GradientResult const& gradient) const = 0;
  /// The same through the whole adaptive program in plain loops, for the terminal loss, in double precision.
  [[nodiscard]] virtual ProgramWitnessError program_complex_step(GradientChoice const& choice,
                                                                 StepControl const& control,
                                                                 GradientResult const& gradient) const = 0;
  /// What of this problem is known to be kept and can be told from a gradient alone: lambda . f at both ends, a
  /// quantity that the problem names, and relations of the derivatives in times, where the gradient has them.
  [[nodiscard]] virtual std::vector<InvariantDefect> invariants(StepControl const& control,
                                                                GradientResult const& gradient) const = 0;
  /// Taylor remainders on frozen steps, or of the live program where it keeps its branches. `gradient_rounding`:
  /// relative, of the gradient itself.
  [[nodiscard]] virtual std::vector<TaylorTest> taylor(GradientChoice const& choice, StepControl const& control,
                                                       bool program, GradientResult const& gradient,
                                                       double gradient_rounding) const = 0;
  /// Of the derivative of the frozen steps, or of the adaptive program, in the choice's precision.
  [[nodiscard]] virtual MeasuredRounding rounding(GradientChoice const& choice, StepControl const& control,
                                                  bool program, GradientResult const& gradient) const = 0;
};

}  // namespace retrace
