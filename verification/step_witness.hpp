#pragma once

#include "verification/problem_instance.hpp"
#include "verification/problem_witness.hpp"

namespace retrace {

/// A gradient in y0 held against the one of the same steps, each cut into halves.
struct AdjointGrowth {
  double ratio = 0.0;        ///< |g| over the other gradient's part along g; of the worst trajectory looked at
  double loss_change = 0.0;  ///< relative, of L there
  std::int64_t steps = 0;    ///< accepted ones there
  std::int64_t compared = 0;
};

/// How far the blocks of a gradient are from tangents through the same steps.
struct BlockErrors {
  double y0 = 0.0, p = 0.0;
  std::int64_t steps = 0, compared = 0;
};

/// Tangents in double precision along given steps, in plain arrays: they share f and its Jacobian-vector product with
/// the gradients, and nothing else. Collective. Instances of the catalogue are such witnesses too.
class StepWitness {
 public:
  StepWitness() = default;
  StepWitness(StepWitness const&) = delete;
  StepWitness& operator=(StepWitness const&) = delete;
  virtual ~StepWitness() = default;

  /// On the steps of the choice's solver, ours or a library's.
  [[nodiscard]] virtual BlockErrors block_errors(GradientChoice const& choice, StepControl const& control,
                                                 GradientResult const& gradient) const = 0;
  [[nodiscard]] virtual AdjointGrowth adjoint_growth(GradientChoice const& choice, StepControl const& control,
                                                     GradientResult const& gradient) const = 0;
  /// Of the derivative along these steps, in double precision; nothing is measured where the solve fails.
  [[nodiscard]] virtual MeasuredRounding rounding(GradientChoice const& choice, StepControl const& control,
                                                  GradientResult const& gradient) const = 0;
};

}  // namespace retrace
