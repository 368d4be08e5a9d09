#include "gradients/external/external_method.hpp"

#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "core/precision.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace retrace {

namespace {

class LibraryGradient final : public ExternalGradient {
 public:
  LibraryGradient(std::unique_ptr<ExternalIntegrator> integrator, std::unique_ptr<PlainSystem> system,
                  Communicator const& comm)
      : integrator_(std::move(integrator)), system_(std::move(system)), comm_(&comm) {}

  void run() override {
    outcomes_.clear();
    for (std::int64_t i = 0; i < system_->systems(); ++i) {
      system_->select(i);
      outcomes_.push_back(integrator_->solve(*system_));
      refuse_what_is_not_finite(outcomes_.back());
    }
  }

  [[nodiscard]] GradientResult result() const override {
    GradientResult result;
    std::vector<double> losses;
    std::int64_t worst = 0, failed = 0, kept = 0, most_kept = 0;
    WorkCounts work;
    for (ExternalOutcome const& outcome : outcomes_) {
      losses.push_back(outcome.loss);
      append(outcome.dloss_dy0, result.dloss_dy0);
      append(outcome.dloss_dp, result.dloss_dp_each);
      append(outcome.final_state, result.final_state);
      work += outcome.work;
      failed += outcome.status == SolveStatus::success ? 0 : 1;
      worst = std::max<std::int64_t>(worst, static_cast<int>(outcome.status));
      kept += outcome.kept_bytes;
      most_kept = std::max(most_kept, outcome.kept_bytes);
    }
    result.status = static_cast<SolveStatus>(comm_->all_max(worst));
    result.failed_trajectories = comm_->all_sum(failed);
    result.work = sum_over_ranks(*comm_, work);
    result.checkpoint_bytes = most_kept;
    result.arena_bytes = most_kept;
    result.tape_bytes = comm_->all_sum(kept);
    add_up(losses, result);
    return result;
  }

  [[nodiscard]] std::optional<ForeignSteps> foreign_steps() const override {
    Tableau const* const tab = integrator_->tableau();
    if (tab == nullptr) return std::nullopt;
    ForeignSteps foreign{*tab, {}};
    for (ExternalOutcome const& outcome : outcomes_) foreign.steps.push_back(outcome.steps);
    return foreign;
  }
  [[nodiscard]] std::int64_t linear_solves() const override {
    std::int64_t local = 0;
    for (ExternalOutcome const& outcome : outcomes_) local += outcome.linear_solves;
    return comm_->all_sum(local);
  }
  [[nodiscard]] std::int64_t newton_iterations() const override {
    std::int64_t local = 0;
    for (ExternalOutcome const& outcome : outcomes_) local += outcome.newton_iterations;
    return comm_->all_sum(local);
  }

 private:
  static void append(std::vector<double> const& from, std::vector<double>& to) {
    to.insert(to.end(), from.begin(), from.end());
  }
  static void refuse_what_is_not_finite(ExternalOutcome& outcome) {
    auto const finite = [](double x) { return std::isfinite(x); };
    bool const good = std::isfinite(outcome.loss) && std::ranges::all_of(outcome.dloss_dy0, finite) &&
                      std::ranges::all_of(outcome.dloss_dp, finite);
    if (outcome.status == SolveStatus::success && !good) outcome.status = SolveStatus::non_finite;
    if (outcome.status == SolveStatus::success) return;
    constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
    outcome.loss = not_a_number;
    std::ranges::fill(outcome.dloss_dy0, not_a_number);
    std::ranges::fill(outcome.dloss_dp, not_a_number);
  }
  void add_up(std::vector<double> const& losses, GradientResult& result) const {
    BlockPartition const& partition = system_->partition();
    std::int64_t const p = system_->parameters();
    if (!system_->field()) return reduce_trajectories(partition, *comm_, losses, p, result);
    // One system, so one sum: it stands for all blocks.
    auto const width = static_cast<std::size_t>(1 + p);
    std::vector<double> sums(static_cast<std::size_t>(partition.local_blocks()) * width, 0.0);
    sums[0] = losses.at(0);
    std::ranges::copy(result.dloss_dp_each, sums.begin() + 1);
    auto const item = result.dloss_dy0.size() / static_cast<std::size_t>(partition.local_items());
    add_blocks(partition, *comm_, sums, p, result.dloss_dy0, item, result);
    result.dloss_dp_each.clear();
  }

  std::unique_ptr<ExternalIntegrator> integrator_;
  std::unique_ptr<PlainSystem> system_;
  Communicator const* comm_;
  std::vector<ExternalOutcome> outcomes_;
};

}  // namespace

std::vector<ExternalMethod> const& external_methods() {
  static std::vector<ExternalMethod> const all = [] {
    std::vector<ExternalMethod> methods = cvodes_methods();
    for (ExternalMethod& method : petsc_methods()) methods.push_back(std::move(method));
    return methods;
  }();
  return all;
}

ExternalMethod const* find_external_method(std::string_view name) {
  auto const& all = external_methods();
  auto const found = std::ranges::find(all, name, &ExternalMethod::name);
  return found == all.end() ? nullptr : &*found;
}

ExternalSolver const* find_external_solver(std::string_view name) {
  for (ExternalMethod const& method : external_methods()) {
    auto const found = std::ranges::find(method.solvers, name, &ExternalSolver::name);
    if (found != method.solvers.end()) return &*found;
  }
  return nullptr;
}

std::unique_ptr<ExternalGradient> make_external_gradient(ExternalMethod const& method, ExternalChoice const& choice,
                                                         StepControl const& control,
                                                         std::unique_ptr<PlainSystem> system,
                                                         Communicator const& comm) {
  std::string const name = "method '" + std::string(method.name) + "'";
  if (method.make == nullptr) throw UsageError(name + ": " + std::string(method.absent));
  auto const solver = std::ranges::find(method.solvers, choice.solver, &ExternalSolver::name);
  if (solver == method.solvers.end()) {
    std::vector<std::string> names;
    for (ExternalSolver const& known : method.solvers) names.emplace_back(known.name);
    throw UsageError(name +
                     " integrates by solvers of its own: " + unknown_name_message("solver", choice.solver, names));
  }
  if (!control.adaptive() && !solver->fixed_too)
    throw UsageError(name + " with solver '" + std::string(choice.solver) +
                     "' chooses its steps; it needs an adaptive control");
  if (control.adaptive() && !solver->adaptive_too)
    throw UsageError(name + " with solver '" + std::string(choice.solver) +
                     "' has no error estimate; it needs fixed steps");
  if (choice.precision != F64::name)
    throw UsageError(name + " computes in f64, and the precision is '" + std::string(choice.precision) + "'");
  if (choice.backend != "default" && choice.backend != "serial")
    throw UsageError(name + " runs on one thread of the host (backend default or serial), not on '" +
                     std::string(choice.backend) + "'");
  if (system->field() && !method.fields)
    throw UsageError(name + " is for ensembles, and '" + std::string(choice.problem) + "' is a field");
  if (system->field() && comm.size() > 1)
    throw UsageError(name + " solves a field on one rank, and there are " + std::to_string(comm.size()));
  return std::make_unique<LibraryGradient>(method.make(choice.solver, control), std::move(system), comm);
}

}  // namespace retrace
