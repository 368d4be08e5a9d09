#include "verification/extended_instance.hpp"

#include "gradients/external/external_method.hpp"
#include "solvers/registry.hpp"
#include "verification/plain_replay.hpp"
#include "verification/plain_rounding.hpp"
#include "verification/vector_error.hpp"
#include "verification/witness/over_ranks.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <vector>

namespace retrace {

namespace {

/// Trajectories per rank that a witness looks at, and unknowns up to which it takes every direction.
constexpr std::int64_t witnessed = 6, every_direction = 64;

using Numbers = std::vector<double>;

/// Local sums of a field are parts of a whole; those of a trajectory are complete.
double whole(double part, bool field, Communicator const& comm) {
  if (!field) return part;
  double sum = 0.0;
  for (double const of_rank : comm.all_gather({&part, 1})) sum += of_rank;
  return sum;
}
double dot(std::span<double const> a, std::span<double const> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

template <class Visit>
void for_witnessed(PlainSystem& system, Visit&& visit) {
  std::int64_t const n = system.systems(), count = std::min(n, witnessed);
  for (std::int64_t k = 0; k < count; ++k) {
    system.select(k * n / count);
    visit(k * n / count);
  }
}

std::span<double const> part_of(Numbers const& all, std::int64_t system, std::int64_t size) {
  return std::span(all).subspan(static_cast<std::size_t>(system * size), static_cast<std::size_t>(size));
}

/// |block - witness| / |witness|: by all directions, or for a large block along one random direction.
/// `derivative(direction)`: of the witness.
template <class Derivative>
double block_error(std::span<double const> block, bool field, Communicator const& comm, Derivative&& derivative) {
  if (!field && static_cast<std::int64_t>(block.size()) <= every_direction) {
    Numbers witness, direction(block.size(), 0.0);
    for (std::size_t i = 0; i < block.size(); ++i) {
      direction[i] = 1.0;
      witness.push_back(derivative(direction));
      direction[i] = 0.0;
    }
    return relative_l2(block, witness);
  }
  std::mt19937_64 random(field ? static_cast<std::uint64_t>(comm.rank()) : 1U);
  Numbers direction;
  for (std::size_t i = 0; i < block.size(); ++i) direction.push_back((random() & 1U) != 0 ? 1.0 : -1.0);
  double const expected = derivative(direction);
  return std::abs(whole(dot(block, direction), field, comm) - expected) /
         std::sqrt(whole(dot(block, block), field, comm));
}

/// The method of a library that integrates by that solver; null for ours.
ExternalMethod const* method_with(std::string_view solver) {
  for (ExternalMethod const& method : external_methods()) {
    if (std::ranges::find(method.solvers, solver, &ExternalSolver::name) != method.solvers.end()) return &method;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<GradientDriver> ExtendedInstance::make_gradient(GradientChoice const& choice,
                                                                StepControl const& control) const {
  if (ExternalMethod const* const external = find_external_method(choice.method)) {
    if (control.objective.kind != LossKind::terminal || control.time_gradients)
      throw UsageError("method '" + choice.method + "' has gradients of the terminal loss only, and none in times");
    return make_external_gradient(*external, {problem_, choice.solver, choice.backend, choice.precision}, control,
                                  make_system_(), *comm_);
  }
  if (ExternalMethod const* const external = method_with(choice.solver))
    throw UsageError("solver '" + choice.solver + "' belongs to method '" + std::string(external->name) +
                     "'; method '" + choice.method + "' integrates by a scheme of this program");
  return own_->make_gradient(choice, control);
}

WitnessError ExtendedInstance::frozen_dual(GradientChoice const& choice, StepControl const& control,
                                           GradientResult const& gradient) const {
  if (find_external_method(choice.method) == nullptr) return own_->frozen_dual(choice, control, gradient);
  BlockErrors const errors = block_errors(choice, control, gradient);
  return {.relative_error = larger_or_nan(errors.y0, errors.p), .steps = errors.steps, .compared = errors.compared};
}

bool ExtendedInstance::find_steps(GradientChoice const& choice, StepControl const& control, PlainSystem& system,
                                  ForeignSteps& found) const {
  bool good = true;
  if (ExternalMethod const* const external = find_external_method(choice.method)) {
    auto const again = make_external_gradient(*external, {problem_, choice.solver, choice.backend, choice.precision},
                                              control, make_system_(), *comm_);
    again->run();
    auto steps = again->foreign_steps();
    good = steps.has_value();
    if (good) found = std::move(*steps);
  } else {
    found.tableau = tableau_named(choice.solver);
    found.steps.resize(static_cast<std::size_t>(system.systems()));
    for_witnessed(system, [&](std::int64_t k) {
      auto steps = system.steps(found.tableau, control);
      if (steps)
        found.steps[static_cast<std::size_t>(k)] = std::move(*steps);
      else
        good = false;
    });
  }
  return comm_->all_max(std::int64_t{good ? 0 : 1}) == 0;
}

BlockErrors ExtendedInstance::block_errors(GradientChoice const& choice, StepControl const& control,
                                           GradientResult const& gradient) const {
  BlockErrors errors;
  auto const system = make_system_();
  ForeignSteps taken;
  if (!find_steps(choice, control, *system, taken)) return errors;
  std::int64_t const n = system->dimension(), p = system->parameters();
  bool const field = system->field();
  double y0 = 0.0, of_p = 0.0;
  std::int64_t steps = 0, compared = 0;
  for_witnessed(*system, [&](std::int64_t k) {
    auto const& mine = taken.steps[static_cast<std::size_t>(k)];
    auto const along = [&](std::span<double const> dy0, std::span<double const> dp) {
      return whole(replay_with_tangent(taken.tableau, mine, *system, dy0, dp).derivative, field, *comm_);
    };
    y0 = larger_or_nan(y0, block_error(part_of(gradient.dloss_dy0, k, n), field, *comm_,
                                       [&](Numbers const& direction) { return along(direction, {}); }));
    // Every rank has all of p, so its direction is the same on all of them.
    Numbers const& p_bar = field ? gradient.dloss_dp : gradient.dloss_dp_each;
    auto const by_parameters = [&](Numbers const& direction) { return along({}, direction); };
    of_p = larger_or_nan(of_p, block_error(part_of(p_bar, field ? 0 : k, p), false, *comm_, by_parameters));
    steps = std::max(steps, static_cast<std::int64_t>(mine.size()));
    ++compared;
  });
  for (double const e : comm_->all_gather({&y0, 1})) errors.y0 = larger_or_nan(errors.y0, e);
  for (double const e : comm_->all_gather({&of_p, 1})) errors.p = larger_or_nan(errors.p, e);
  errors.steps = comm_->all_max(steps);
  errors.compared = comm_->all_sum(compared);
  return errors;
}

AdjointGrowth ExtendedInstance::adjoint_growth(GradientChoice const& choice, StepControl const& control,
                                               GradientResult const& gradient) const {
  auto const system = make_system_();
  ForeignSteps taken;
  if (!find_steps(choice, control, *system, taken)) return {};
  bool const field = system->field();
  AdjointGrowth worst;
  for_witnessed(*system, [&](std::int64_t k) {
    auto const& steps = taken.steps[static_cast<std::size_t>(k)];
    auto const g = part_of(gradient.dloss_dy0, k, system->dimension());
    double const size = std::sqrt(whole(dot(g, g), field, *comm_));
    Numbers direction(g.begin(), g.end());
    for (double& x : direction) x /= size;
    ReplayedLoss const fine = replay_with_tangent(taken.tableau, halved(steps), *system, direction, {});
    double const along = std::abs(whole(fine.derivative, field, *comm_)),
                 loss = replay_loss(taken.tableau, steps, *system), ratio = size > 0.0 ? size / along : 1.0;
    ++worst.compared;
    if (ratio <= worst.ratio || std::isnan(worst.ratio)) return;
    worst.ratio = ratio;
    worst.loss_change = std::abs(loss - fine.loss) / std::abs(fine.loss);
    worst.steps = static_cast<std::int64_t>(steps.size());
  });
  double const own[] = {worst.ratio, worst.loss_change, static_cast<double>(worst.steps)};
  std::vector<double> const all = comm_->all_gather(own);
  AdjointGrowth of_all;
  for (std::size_t i = 0; i < all.size(); i += 3) {
    if (all[i] <= of_all.ratio || std::isnan(of_all.ratio)) continue;
    of_all = {all[i], all[i + 1], static_cast<std::int64_t>(all[i + 2]), 0};
  }
  of_all.compared = comm_->all_sum(worst.compared);
  return of_all;
}

MeasuredRounding ExtendedInstance::rounding(GradientChoice const& choice, StepControl const& control,
                                            GradientResult const& gradient) const {
  auto const system = make_system_();
  ForeignSteps taken;
  if (!find_steps(choice, control, *system, taken)) return {};
  std::int64_t const n = system->dimension(), p = system->parameters();
  double const counted = own_->operations().rhs;  // of one system: a trajectory, or a field, which is on one rank
  double const of_component = std::isnan(counted) ? 1.0 : counted / static_cast<double>(n);
  MeasuredRounding worst;
  for_witnessed(*system, [&](std::int64_t k) {
    Numbers const& p_bar = system->field() ? gradient.dloss_dp : gradient.dloss_dp_each;
    MeasuredRounding const one =
        plain_rounding(taken.tableau, taken.steps[static_cast<std::size_t>(k)], *system, of_component,
                       part_of(gradient.dloss_dy0, k, n), part_of(p_bar, system->field() ? 0 : k, p));
    worst.relative = larger_or_nan(worst.relative, one.relative);
    worst.drift = larger_or_nan(worst.drift, one.drift);
    worst.runs += one.runs;
    worst.tried += one.tried;
  });
  return witness::worst_over_ranks(*comm_, worst, true);
}

}  // namespace retrace
