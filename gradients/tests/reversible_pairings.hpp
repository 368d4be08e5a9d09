#pragma once

#include "gradients/mali.hpp"
#include "gradients/reversible_rk.hpp"
#include "solvers/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace retrace::tests {

/// A reversible method with a scheme that it steps by, for typed tests.
template <class Method_, TableauDefinition Scheme_>
struct Pairing {
  using Method = Method_;
  using Scheme = Scheme_;
};
struct PairingName {
  template <class PairingType>
  static std::string GetName(int) {
    return std::string(PairingType::Method::name) + "_" + std::string(PairingType::Scheme::name);
  }
};

[[nodiscard]] inline StepControl fixed(std::int64_t steps) {
  StepControl control;
  control.fixed_steps = steps;
  return control;
}
/// l at these times, each of which ends a step.
[[nodiscard]] inline Objective observed(std::vector<double> const& times) {
  Objective objective;
  objective.kind = LossKind::exact;
  objective.observations = static_cast<int>(times.size());
  std::ranges::copy(times, objective.times.data());
  return objective;
}

}  // namespace retrace::tests
