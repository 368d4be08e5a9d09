#include "verification/witness/invariants.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace retrace::witness {

void InvariantSums::add(SlopesAtEnds const& slopes) {
  double const of_tolerance = std::abs(slopes.end_nearby - slopes.end.value);
  slope_.add(slopes.end.value - slopes.begin.value, slopes.end.size + slopes.begin.size, of_tolerance);
  begin_ = {begin_.value + slopes.begin.value, begin_.size + slopes.begin.size};
  end_ = {end_.value + slopes.end.value, end_.size + slopes.end.size};
  tolerance_ += of_tolerance;
}

void InvariantSums::add_conserved(double begin, double end, double end_nearby) {
  conserved_.add(end - begin, std::max(std::abs(begin), std::abs(end)), end_nearby - end);
}

std::vector<double> InvariantSums::in_different_times(Objective const& objective,
                                                      std::vector<double> const& in_times) const {
  constexpr std::size_t ends = 2;
  std::vector<double> chosen;
  for (std::size_t i = 0; i < in_times.size(); ++i) {
    double const time = i < ends ? 0.0 : objective.times[i - ends];
    bool const at_end = i >= ends && (time == t0_ || time == t1_);
    if (at_end && objective.kind == LossKind::dense) return {};  // moves alone, and to one side only
    if (!at_end) chosen.push_back(in_times[i]);                  // one that is hit at an end is that end
  }
  return chosen;
}

std::vector<InvariantDefect> InvariantSums::defects(Communicator const& comm, bool shared_out,
                                                    StepControl const& control, GradientResult const& gradient,
                                                    std::string_view conserved_name) const {
  std::array<double, 11> sums{
      slope_.defect, slope_.size, slope_.tolerance, conserved_.defect, conserved_.size, conserved_.tolerance,
      begin_.value,  begin_.size, end_.value,       end_.size,         tolerance_};
  if (shared_out) {
    std::vector<double> const all = comm.all_gather(sums);
    sums.fill(0.0);
    for (std::size_t i = 0; i < all.size(); ++i) sums[i % sums.size()] += all[i];
  }
  Squares const slope{sums[0], sums[1], sums[2]}, conserved{sums[3], sums[4], sums[5]};
  Product const begin{sums[6], sums[7]}, end{sums[8], sums[9]};
  double const tolerance = sums[10];

  std::vector<InvariantDefect> defects;
  auto const add = [&](std::string_view what, double defect, double size, double of_tolerance) {
    auto const relative = [&](double x) { return size > 0.0 ? std::abs(x) / size : 0.0; };
    defects.push_back({std::string(what), relative(defect), relative(of_tolerance)});
  };
  auto const add_squares = [&](std::string_view what, Squares const& of) {
    add(what, std::sqrt(of.defect), std::sqrt(of.size), std::sqrt(of.tolerance));
  };
  bool const terminal = control.objective.kind == LossKind::terminal;
  if (autonomous_ && terminal) add_squares("lambda . f, which is the same at both ends", slope);
  if (!conserved_name.empty()) add_squares(conserved_name, conserved);
  std::vector<double> const& in_times = gradient.dloss_dt;
  if (in_times.empty()) return defects;
  if (std::vector<double> const chosen = in_different_times(control.objective, in_times);
      autonomous_ && !chosen.empty()) {
    Product all{0.0, 0.0};
    for (double const derivative : chosen) all = {all.value + derivative, all.size + std::abs(derivative)};
    add("the sum of the derivatives in all times, which is 0", all.value, all.size, tolerance);
  }
  if (terminal) {
    add("dL/dt0 + lambda . f at t0, which is 0", in_times[0] + begin.value, begin.size, tolerance);
    add("dL/dT - lambda . f at T, which is 0", in_times[1] - end.value, end.size, tolerance);
  }
  return defects;
}

}  // namespace retrace::witness
