#pragma once

#include "core/communicator.hpp"
#include "solvers/step_control.hpp"
#include "verification/problem_witness.hpp"
#include "verification/witness/dot_products.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace retrace::witness {

/// Of one system: lambda . f at both ends of the solve, lambda the gradient of the loss in y there; and at the end for
/// a state that differs by a tolerance in each component.
struct SlopesAtEnds {
  Product begin{}, end{};
  double end_nearby = 0.0;
};
/// The state `y` with each component off by its tolerance, atol + rtol |y|, with random signs.
[[nodiscard]] inline Numbers<double> off_by_tolerance(StepControl const& control, std::span<double const> y,
                                                      std::int64_t first_entry) {
  Numbers<double> moved(y.begin(), y.end());
  for (std::size_t d = 0; d < moved.size(); ++d)
    moved[d] += (control.absolute_tolerance + control.relative_tolerance * std::abs(y[d])) *
                random_sign(401, first_entry + static_cast<std::int64_t>(d));
  return moved;
}
template <class System>
[[nodiscard]] SlopesAtEnds slopes_at_ends(System const& system, StepControl const& control,
                                          std::span<double const> dloss_dy0, std::span<double const> final_state) {
  Numbers<double> const y1(final_state.begin(), final_state.end());
  Numbers<double> f(y1.size()), lambda1(y1.size());
  SlopesAtEnds slopes;
  system.rhs(system.t0, system.y0, system.p, f);
  slopes.begin = product(system, dloss_dy0, f);
  auto const at_end = [&](Numbers<double> const& y) {
    system.rhs(system.t1, y, system.p, f);
    system.loss_gradient(y, lambda1);
    return product(system, lambda1, f);
  };
  slopes.end = at_end(y1);
  slopes.end_nearby = at_end(off_by_tolerance(control, final_state, system.first_entry())).value;
  return slopes;
}

/// Gathers what is kept over the trajectories of a rank, and then over ranks.
class InvariantSums {
 public:
  InvariantSums(bool autonomous, double t0, double t1) : autonomous_(autonomous), t0_(t0), t1_(t1) {}

  void add(SlopesAtEnds const& slopes);
  void add_conserved(double begin, double end, double end_nearby);
  /// `shared_out`: each rank has added systems of its own; collective then.
  [[nodiscard]] std::vector<InvariantDefect> defects(Communicator const& comm, bool shared_out,
                                                     StepControl const& control, GradientResult const& gradient,
                                                     std::string_view conserved_name) const;

 private:
  /// Of a defect, of the size of its terms and of what a tolerance makes of it, squares summed over trajectories.
  struct Squares {
    double defect = 0.0, size = 0.0, tolerance = 0.0;
    void add(double of_defect, double of_size, double of_tolerance) {
      defect += of_defect * of_defect;
      size += of_size * of_size;
      tolerance += of_tolerance * of_tolerance;
    }
  };

  /// Of the derivatives in times those that belong to different times; nothing where that is not known.
  [[nodiscard]] std::vector<double> in_different_times(Objective const& objective,
                                                       std::vector<double> const& in_times) const;

  bool autonomous_;
  double t0_, t1_;
  Squares slope_{}, conserved_{};
  Product begin_{}, end_{};  ///< summed, as the derivatives in times are
  double tolerance_ = 0.0;
};

}  // namespace retrace::witness
