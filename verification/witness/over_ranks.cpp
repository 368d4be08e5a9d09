#include "verification/witness/over_ranks.hpp"

#include "verification/vector_error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace retrace {

namespace {
/// How far beyond its bound; NaN is furthest.
double excess(IdentityDefect const& d) {
  if (std::isnan(d.error) || std::isnan(d.bound)) return std::numeric_limits<double>::infinity();
  if (d.bound > 0.0) return d.error / d.bound;
  return d.error > 0.0 ? std::numeric_limits<double>::infinity() : 0.0;
}
}  // namespace

void IdentityDefect::keep_worse(IdentityDefect other) {
  std::int64_t const both = compared + other.compared;
  if (compared == 0 || excess(other) > excess(*this)) *this = std::move(other);
  compared = both;
}

void ProgramWitnessError::keep_worse(ProgramWitnessError const& other) {
  WitnessError const& theirs = other.error;
  if (!(theirs.relative_error <= error.relative_error)) {
    error.relative_error = theirs.relative_error;
    error.sensitivity = theirs.sensitivity;
  }
  error.steps = std::max(error.steps, theirs.steps);
  error.compared += theirs.compared;
  other_branches += other.other_branches;
}

namespace witness {

IdentityDefect worst_over_ranks(Communicator const& comm, IdentityDefect const& local) {
  std::array<double, 4> const numbers{local.error, local.bound, local.size, static_cast<double>(local.compared)};
  std::vector<double> const all = comm.all_gather(numbers);
  std::vector<std::string> const texts = comm.gather_text(local.where);
  IdentityDefect worst;
  std::size_t at = 0;
  for (std::size_t rank = 0; 4 * rank < all.size(); ++rank) {
    IdentityDefect const of_rank{.error = all[4 * rank],
                                 .bound = all[4 * rank + 1],
                                 .size = all[4 * rank + 2],
                                 .where = std::to_string(rank),
                                 .compared = static_cast<std::int64_t>(all[4 * rank + 3])};
    if (of_rank.compared == 0) continue;
    worst.keep_worse(of_rank);
    if (worst.where == std::to_string(rank)) at = rank;
  }
  worst.where = comm.broadcast_text(comm.rank() == 0 ? texts[at] : std::string());
  return worst;
}

MeasuredRounding worst_over_ranks(Communicator const& comm, MeasuredRounding const& local, bool all) {
  MeasuredRounding worst;
  std::array<double, 2> const own{local.relative, local.drift};
  std::vector<double> const gathered = comm.all_gather(own);
  for (std::size_t i = 0; i < gathered.size(); i += 2) {
    worst.relative = larger_or_nan(worst.relative, gathered[i]);
    worst.drift = larger_or_nan(worst.drift, gathered[i + 1]);
  }
  worst.tried = comm.all_sum(local.tried);
  worst.runs = comm.all_max(std::int64_t{all ? 0 : 1}) == 0 ? comm.all_sum(local.runs) : 0;
  return worst;
}

ProgramWitnessError worst_over_ranks(Communicator const& comm, ProgramWitnessError const& local) {
  return {.error = retrace::worst_over_ranks(comm, local.error), .other_branches = comm.all_sum(local.other_branches)};
}

std::vector<TaylorTest> gathered(Communicator const& comm, std::vector<TaylorTest> const& local) {
  constexpr std::size_t per_test = 5, per_point = 7;
  std::vector<double> numbers;
  for (TaylorTest const& test : local) {
    numbers.insert(numbers.end(), {static_cast<double>(test.points.size()), test.rate ? 1.0 : 0.0,
                                   test.rate.value_or(0.0), test.rate_without, test.least_visible_error});
    for (TaylorPoint const& p : test.points)
      numbers.insert(numbers.end(), {static_cast<double>(p.direction), p.eps, p.remainder0, p.remainder1, p.noise_floor,
                                     p.rate, p.used ? 1.0 : 0.0});
  }
  std::vector<double> const all = comm.all_gather(numbers);
  std::vector<TaylorTest> tests;
  for (std::size_t at = 0; at < all.size();) {
    TaylorTest test;
    auto const size = static_cast<std::size_t>(all[at]);
    if (all[at + 1] > 0.0) test.rate = all[at + 2];
    test.rate_without = all[at + 3];
    test.least_visible_error = all[at + 4];
    at += per_test;
    for (std::size_t i = 0; i < size; ++i, at += per_point)
      test.points.push_back({.direction = static_cast<int>(all[at]),
                             .eps = all[at + 1],
                             .remainder0 = all[at + 2],
                             .remainder1 = all[at + 3],
                             .noise_floor = all[at + 4],
                             .rate = all[at + 5],
                             .used = all[at + 6] > 0.0});
    tests.push_back(std::move(test));
  }
  return tests;
}

}  // namespace witness
}  // namespace retrace
