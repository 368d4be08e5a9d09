#include "verification/vector_error.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace retrace {

namespace {

/// Running sums of one comparison.
struct Sums {
  double difference = 0.0, reference = 0.0, value = 0.0, product = 0.0, worst = 0.0, largest = 0.0;

  void add(std::span<double const> a, std::span<double const> b) {
    for (std::size_t i = 0; i < b.size(); ++i) {
      double const e = a[i] - b[i];
      difference += e * e;
      reference += b[i] * b[i];
      value += a[i] * a[i];
      product += a[i] * b[i];
      worst = larger_or_nan(worst, std::abs(e));
      largest = larger_or_nan(largest, std::abs(b[i]));
    }
  }
  void add(Sums const& other) {
    difference += other.difference;
    reference += other.reference;
    value += other.value;
    product += other.product;
    worst = larger_or_nan(worst, other.worst);
    largest = larger_or_nan(largest, other.largest);
  }
  [[nodiscard]] double relative_l2() const {
    return reference > 0.0 ? std::sqrt(difference / reference) : std::sqrt(difference);
  }
};

/// Rank by rank in rank order, so that every rank has the same numbers.
Sums over_ranks(Communicator const& comm, Sums const& local) {
  std::array<double, 6> const numbers{local.difference, local.reference, local.value,
                                      local.product,    local.worst,     local.largest};
  std::vector<double> const all = comm.all_gather(numbers);
  Sums sums;
  for (std::size_t i = 0; i < all.size(); i += 6)
    sums.add(Sums{all[i], all[i + 1], all[i + 2], all[i + 3], all[i + 4], all[i + 5]});
  return sums;
}

}  // namespace

double relative_l2(std::span<double const> a, std::span<double const> b) {
  Sums sums;
  sums.add(a, b);
  return sums.relative_l2();
}

GradientError gradient_error(Communicator const& comm, std::span<double const> dloss_dy0,
                             std::span<double const> dloss_dp, Reference const& reference) {
  Sums local;
  local.add(dloss_dy0, reference.dloss_dy0);
  Sums const y0 = over_ranks(comm, local);
  Sums p;
  p.add(dloss_dp, reference.dloss_dp);
  Sums all = y0;
  all.add(p);
  double const cosine = all.product / std::sqrt(all.value * all.reference);
  return {.relative_l2 = all.relative_l2(),
          .relative_linf = all.worst / all.largest,
          .absolute_linf = all.worst,
          .cosine_defect = std::isnan(cosine) ? cosine : std::max(0.0, 1.0 - cosine),
          .y0_relative_l2 = y0.relative_l2(),
          .p_relative_l2 = p.relative_l2()};
}

double state_error(Communicator const& comm, std::span<double const> final_state, Reference const& reference) {
  Sums local;
  local.add(final_state, reference.final_state);
  return over_ranks(comm, local).relative_l2();
}

WitnessError worst_over_ranks(Communicator const& comm, WitnessError const& local) {
  WitnessError worst;
  std::array<double, 2> const numbers{local.relative_error, local.sensitivity};
  std::vector<double> const all = comm.all_gather(numbers);
  for (std::size_t i = 0; i < all.size(); i += 2) {
    worst.sensitivity = all[i] >= worst.relative_error ? all[i + 1] : worst.sensitivity;
    worst.relative_error = larger_or_nan(worst.relative_error, all[i]);
  }
  worst.steps = comm.all_max(local.steps);
  worst.compared = comm.all_sum(local.compared);
  return worst;
}

DifferenceError worst_over_ranks(Communicator const& comm, DifferenceError const& local, double ratio) {
  std::array<double, 4> const numbers{local.error, local.bar, local.derivative, local.compared > 0 ? ratio : -1.0};
  std::vector<double> const all = comm.all_gather(numbers);
  DifferenceError worst;
  double worst_ratio = -1.0;
  for (std::size_t i = 0; i < all.size(); i += 4) {
    if (all[i + 3] <= worst_ratio) continue;
    worst_ratio = all[i + 3];
    worst.error = all[i];
    worst.bar = all[i + 1];
    worst.derivative = all[i + 2];
  }
  worst.compared = comm.all_sum(local.compared);
  worst.tried = comm.all_sum(local.tried);
  return worst;
}

}  // namespace retrace
