#pragma once

#include "core/communicator.hpp"

#include <functional>
#include <string>
#include <vector>

namespace retrace::selftest {

/// The smallest relative error of a gradient, g (1 + error), that a check calls wrong, in steps of half a decade.
struct DetectionLimit {
  std::string check, precision, problem;
  double error = 0.0;  ///< infinite if none up to 1 was seen
};

/// Collective. For every check that looks at the gradient's numbers (`consistency` solves again, so that a number that
/// is changed tells it nothing: planted faults test it), every precision and every problem of the suite, at tolerance
/// 1e-4 with Bogacki and Shampine's scheme.
[[nodiscard]] std::vector<DetectionLimit> detection_limits(Communicator const& comm,
                                                           std::function<void(std::string const&)> const& each = {});

}  // namespace retrace::selftest
