#include "verification/quad_references.hpp"

#include "core/blocks.hpp"
#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "gradients/gradient_driver.hpp"
#include "problems/registry.hpp"
#include "verification/host_threads.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace retrace {

#ifdef RETRACE_HAS_QUAD

namespace {

struct Entry {
  std::string_view problem;
  QuadTrajectoriesMaker make;
};

std::vector<Entry>& catalogue() {
  static std::vector<Entry> all = [] {
    std::vector<Entry> own;
    for_each_type(AllEnsembleProblems{}, [&]<class Problem>() {
      own.push_back({Problem::name, [](Arguments const& arguments) -> std::unique_ptr<QuadTrajectories> {
                       return std::make_unique<detail::QuadVariations<Problem>>(arguments);
                     }});
    });
    for_each_type(AllFieldProblems{}, [&]<class Problem>() {
      own.push_back({Problem::name, [](Arguments const& arguments) -> std::unique_ptr<QuadTrajectories> {
                       return std::make_unique<detail::QuadFieldVariations<Problem>>(arguments);
                     }});
    });
    return own;
  }();
  return all;
}

/// |a - b|^2 and |b|^2 of the gradients in (y0, p).
std::pair<double, double> squares(QuadGradient const& a, QuadGradient const& b) {
  double difference = 0.0, size = 0.0;
  auto const add = [&](std::vector<Quad> const& x, std::vector<Quad> const& y) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      double const distance = value_of(x[i] - y[i]), value = value_of(y[i]);
      difference += distance * distance;
      size += value * value;
    }
  };
  add(a.dloss_dy0, b.dloss_dy0);
  add(a.dloss_dp, b.dloss_dp);
  return {difference, size};
}

struct Solved {
  QuadGradient gradient;
  double uncertainty = 0.0;
};

void append(std::vector<double>& to, std::vector<Quad> const& from) {
  for (Quad const& x : from) to.push_back(value_of(x));
}

}  // namespace

std::vector<std::string> quad_reference_problems() {
  std::vector<std::string> names;
  for (Entry const& entry : catalogue()) names.emplace_back(entry.problem);
  return names;
}

void add_quad_trajectories(std::string_view problem, QuadTrajectoriesMaker maker) {
  if (std::ranges::find(catalogue(), problem, &Entry::problem) != catalogue().end())
    throw UsageError("problem '" + std::string(problem) + "' has a reference in quadruple precision already");
  catalogue().push_back({problem, maker});
}

std::unique_ptr<QuadTrajectories> make_quad_trajectories(std::string_view problem, Arguments const& arguments) {
  auto const found = std::ranges::find(catalogue(), problem, &Entry::problem);
  if (found == catalogue().end())
    throw UsageError("problem '" + std::string(problem) +
                     "' has no reference in quadruple precision; use reference = \"auto\"");
  return found->make(arguments);
}

std::int64_t quad_reference_block(std::string_view problem, Arguments const& arguments) {
  return make_quad_trajectories(problem, arguments)->block();
}

Reference make_quad_reference(std::string_view problem, Arguments const& arguments, Communicator const& comm) {
  constexpr double tight = 1e-26, weaker = 1e-22;
  auto const trajectories = make_quad_trajectories(problem, arguments);
  BlockPartition const partition(trajectories->trajectories(), trajectories->block(), comm.rank(), comm.size());
  auto const each = computed_on_threads<Solved>(partition.local_items(), [&](std::int64_t local) {
    std::int64_t const i = partition.first_item() + local;
    Solved solved{.gradient = trajectories->gradient(i, tight)};
    QuadGradient const second = trajectories->gradient(i, weaker);
    solved.gradient.success = solved.gradient.success && second.success;
    if (solved.gradient.success) {
      auto const [difference, size] = squares(second, solved.gradient);
      solved.uncertainty = std::sqrt(size > 0.0 ? difference / size : difference);
    }
    return solved;
  });

  Reference reference;
  reference.kind = Reference::Kind::extended;
  GradientResult sums;
  std::vector<double> losses;
  std::int64_t failed = 0;
  for (auto const& [gradient, uncertainty] : each) {
    if (!gradient.success) {
      ++failed;
      continue;
    }
    losses.push_back(value_of(gradient.loss));
    append(reference.dloss_dy0, gradient.dloss_dy0);
    append(reference.final_state, gradient.final_state);
    append(sums.dloss_dp_each, gradient.dloss_dp);
    reference.uncertainty = std::max(reference.uncertainty, uncertainty);
  }
  if (failed = comm.all_sum(failed); failed > 0)
    throw std::runtime_error("the reference of '" + std::string(problem) + "' in quadruple precision failed on " +
                             std::to_string(failed) + " trajectories");
  std::int64_t const parameters = comm.all_max(
      losses.empty() ? std::int64_t{0} : static_cast<std::int64_t>(sums.dloss_dp_each.size() / losses.size()));
  sums.dloss_dy0 = reference.dloss_dy0;
  reduce_trajectories(partition, comm, losses, parameters, sums);
  reference.loss = sums.loss;
  reference.dloss_dp = sums.dloss_dp;
  constexpr double rounding = std::numeric_limits<double>::epsilon() / 2;
  reference.uncertainty = comm.all_max(reference.uncertainty) + rounding;
  return reference;
}

#else

std::vector<std::string> quad_reference_problems() {
  return {};
}

std::int64_t quad_reference_block(std::string_view problem, Arguments const&) {
  throw UsageError("no reference in quadruple precision for '" + std::string(problem) +
                   "': this build's compiler has no such numbers (GCC with libquadmath has)");
}

Reference make_quad_reference(std::string_view problem, Arguments const&, Communicator const&) {
  throw UsageError("no reference in quadruple precision for '" + std::string(problem) +
                   "': this build's compiler has no such numbers (GCC with libquadmath has)");
}

#endif

}  // namespace retrace
