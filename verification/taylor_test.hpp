#pragma once

#include <optional>
#include <vector>

namespace retrace {

/// One step size of a Taylor test: J(x + e d) - J(x) without (remainder0) and with (remainder1) e g.d taken off.
struct TaylorPoint {
  int direction = 0;
  double eps = 0.0, remainder0 = 0.0, remainder1 = 0.0, noise_floor = 0.0;
  double rate = 0.0;  ///< log2 of the fall of remainder1 from this step size to its half; NaN at the last
  bool used = false;  ///< in the window whose rates are judged
};
/// The Taylor test along one direction.
struct TaylorTest {
  std::vector<TaylorPoint> points;
  std::optional<double> rate;        ///< median rate of remainder1 in the window; nothing without a window
  double rate_without = 0.0;         ///< the same of remainder0: 1, if the test can see the gradient at all
  double least_visible_error = 0.0;  ///< relative error of the slope that would rise above the noise
};

}  // namespace retrace
