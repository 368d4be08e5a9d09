#pragma once

#include "verification/checks.hpp"
#include "verification/selftest/random_case.hpp"
#include "verification/vector_error.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace retrace::selftest {

/// A case, solved once, of which checks can be asked.
class Examined {
 public:
  /// Collective. Throws UsageError for a method that does not go with the scheme, the precision or the problem.
  Examined(RandomCase const& of, Communicator const& comm);

  [[nodiscard]] GradientResult const& gradient() const { return result_; }
  [[nodiscard]] Promise promise() const { return promise_; }
  /// Collective: how far the gradient is from the flow's.
  [[nodiscard]] GradientError error();
  /// Likewise in y0, of the trajectory (or sample) that is furthest off.
  [[nodiscard]] double worst_error_in_y0();
  /// What the checks say of the gradient, each of its numbers times `factor`.
  [[nodiscard]] std::vector<CheckResult> checks(std::function<bool(std::string_view)> const& wanted,
                                                double factor = 1.0);

 private:
  RandomCase case_;
  Communicator const* comm_;
  std::unique_ptr<ProblemInstance> problem_;
  std::unique_ptr<ProblemWitness> witness_;
  Promise promise_;
  GradientResult result_;
  Reference reference_;                       ///< of consistent methods, and where `error` was asked for
  std::optional<MeasuredRounding> rounding_;  ///< of the right gradient, measured once
};

}  // namespace retrace::selftest
