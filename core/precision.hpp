#pragma once

#include "core/type_list.hpp"

#include <string_view>

namespace retrace {

/// Which numbers a gradient is computed in: those of the state, parameters and adjoints, and those of time, step sizes,
/// error norms and the controller. Results are handed out as doubles in every case.
struct F64 {
  static constexpr std::string_view name = "f64", summary = "double";
  using State = double;
  using Time = double;
};
struct F32 {
  static constexpr std::string_view name = "f32", summary = "single; tolerances below about 1e-5 drown in round-off";
  using State = float;
  using Time = float;
};
struct Mixed {
  static constexpr std::string_view name = "mixed", summary = "single for states, double for time, steps and norms";
  using State = float;
  using Time = double;
};

/// Every precision.
using AllPrecisions = TypeList<F64, F32, Mixed>;

}  // namespace retrace
