#include "verification/checks/declarations.hpp"
#include "verification/checks/rounding_bound.hpp"
#include "verification/method_catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace retrace::checks {

namespace {

struct Named {
  std::string name;
  GradientResult result;
};

/// |a - b| / |b| over all ranks, `shared`: every rank has the same numbers.
double distance(Communicator const& comm, std::span<double const> a, std::span<double const> b, bool shared) {
  std::vector<double> sums(2, 0.0);
  for (std::size_t i = 0; i < b.size(); ++i) {
    sums[0] += (a[i] - b[i]) * (a[i] - b[i]);
    sums[1] += b[i] * b[i];
  }
  double difference = sums[0], size = sums[1];
  if (!shared) {
    difference = size = 0.0;
    std::vector<double> const all = comm.all_gather(sums);
    for (std::size_t i = 0; i < all.size(); i += 2) {
      difference += all[i];
      size += all[i + 1];
    }
  }
  return size > 0.0 ? std::sqrt(difference / size) : std::sqrt(difference);
}

double distance(Communicator const& comm, GradientResult const& a, GradientResult const& b) {
  bool const each = !b.dloss_dp_each.empty() && a.dloss_dp_each.size() == b.dloss_dp_each.size();
  bool const everywhere = comm.all_max(std::int64_t{each ? 0 : 1}) == 0;
  double const p = everywhere ? distance(comm, a.dloss_dp_each, b.dloss_dp_each, false)
                              : distance(comm, a.dloss_dp, b.dloss_dp, true);
  return std::max(distance(comm, a.dloss_dy0, b.dloss_dy0, false), p);
}

}  // namespace

/// A mistake that a method shares with its witness does not pass unseen where another method is made differently.
CheckResult methods_agree(CheckedGradient const& g) {
  if (g.promise != Promise::exact_frozen) return skipped("the method does not promise the frozen-step derivative");
  if (g.has_own_scheme()) return skipped("the method steps by a scheme of its own");
  if (g.choice.backend == "cuda") return skipped("asked on the host, where all methods are");
  std::vector<Named> all{{g.choice.method, g.result}};
  for (MethodDescription const& method : method_catalogue()) {
    if (method.promise != Promise::exact_frozen || method.name == g.choice.method) continue;
    GradientChoice choice = g.choice;
    choice.method = method.name;
    try {
      auto const driver = g.problem.make_gradient(choice, g.control);
      driver->run();
      GradientResult result = driver->result();
      bool const own_scheme = !std::isnan(result.round_trip.error);
      if (!own_scheme) all.push_back({std::string(method.name), std::move(result)});
    } catch (UsageError const&) {
      // not for this kind of problem
    }
  }
  if (all.size() < 2) return skipped("no other method promises the same for this problem");
  double worst = 0.0;
  std::string pair;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      double const apart = distance(g.comm, all[i].result, all[j].result);
      if (!pair.empty() && larger_or_nan(worst, apart) == worst) continue;
      worst = larger_or_nan(worst, apart);
      pair = all[i].name + " and " + all[j].name;
    }
  }
  return within_rounding("methods_agree", worst, rounding_bound(g, g.result.work.accepted),
                         fmt::format("{} methods, {} furthest apart", all.size(), pair));
}

}  // namespace retrace::checks
