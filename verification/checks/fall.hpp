#pragma once

#include "verification/checks.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace retrace::checks {

/// How errors answer when the tolerance is tightened; of several the one that is furthest from what is asked.
struct Fall {
  std::size_t which = 0;
  double before = 0.0, after = 0.0, threshold = 0.0;
  double tightening = 1.0, wanted = 1.0;

  [[nodiscard]] bool enough() const { return after <= threshold; }
  [[nodiscard]] std::string words() const;
};

/// An error, and what it need not fall below.
struct ErrorAndFloor {
  double error, floor;
};
using ErrorsUnder = std::function<std::vector<ErrorAndFloor>(StepControl const&)>;

/// Has the gradient's precision room for a tighter tolerance?
[[nodiscard]] bool can_tighten(CheckedGradient const& g);

/// `before`: the errors under g.control. Nothing has to fall below its floor, nor below the tightened tolerance. Where
/// an error has not fallen enough, and was below `again_below`, a second tightening decides. Collective as
/// `errors_under` is.
[[nodiscard]] Fall fall_of(CheckedGradient const& g, std::vector<double> const& before, double again_below,
                           ErrorsUnder const& errors_under);

}  // namespace retrace::checks
