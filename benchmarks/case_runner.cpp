#include "benchmarks/case_runner.hpp"

#include "core/error.hpp"
#include "core/memory_tracker.hpp"
#include "core/precision.hpp"
#include "gradients/registry.hpp"
#include "solvers/registry.hpp"
#include "verification/problem_catalogue.hpp"

#include <Kokkos_Core.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace retrace {

namespace {

results::Verdict verdict_of(CheckVerdict verdict) {
  return static_cast<results::Verdict>(verdict);
}
static_assert(static_cast<int>(CheckVerdict::skipped) == static_cast<int>(results::Verdict::skipped));

Promise promise_of(std::string_view method) {
  Promise promise = Promise::consistent;
  (void)visit_named(AllGradientMethods{}, method, [&]<class Method>() { promise = Method::promise; });
  return promise;
}

GradientChoice choice_of(CaseSpec const& spec) {
  return {.method = spec.method, .solver = spec.solver, .backend = spec.backend, .precision = spec.precision};
}

int order_of(std::string_view solver) {
  int order = -1;
  (void)visit_named(AllTableaus{}, solver, [&]<class Tab>() { order = Tab::order; });
  return order;
}

results::MethodClass class_of(Promise promise) {
  return static_cast<results::MethodClass>(promise);
}
static_assert(static_cast<int>(Promise::consistent) == static_cast<int>(results::MethodClass::consistent));

bool check_enabled(CaseSpec const& spec, std::string_view check) {
  auto const found = spec.checks.find(std::string(check));
  return found == spec.checks.end() || found->value("enable", true);
}

/// Measured peak over the method's formula, both of the largest rank. Two-sided: a formula that promises too much is
/// wrong.
CheckResult memory_model(double measured, double model) {
  if (model <= 0.0) {
    CheckResult none = skipped("this kind of problem has no formula for its bytes");
    none.check = "memory_model";
    return none;
  }
  constexpr double share = 0.02;         // of the formula
  constexpr double empty_views = 512.0;  // what Kokkos announces for Views of length zero, 128 bytes each
  double const slack = share + empty_views / model;
  CheckResult result = at_most("memory_model", measured / model, 1.0 + slack,
                               "measured peak bytes over the method's formula; 2 % and four empty Views");
  if (measured / model < 1.0 - slack) result.verdict = CheckVerdict::fail;
  return result;
}

/// pass, fail or inconclusive by the checks, seen against what was expected. `failure` says why there is no solution,
/// if there is none.
void judge(CaseSpec const& spec, SolveStatus solved, std::string const& failure, results::CaseRecord& record) {
  using results::Status;
  results::CheckRow const* worst = nullptr;
  for (auto const& check : record.checks) {
    if (check.verdict == results::Verdict::fail && (worst == nullptr || worst->verdict != results::Verdict::fail))
      worst = &check;
    if (check.verdict == results::Verdict::inconclusive && worst == nullptr) worst = &check;
  }
  Status status = Status::pass;
  if (worst != nullptr) {
    status = worst->verdict == results::Verdict::fail ? Status::fail : Status::inconclusive;
    record.row.reason = worst->check + ": " + worst->message;
  }
  if (solved != SolveStatus::success) {
    status = solved == SolveStatus::non_finite ? Status::nonfinite : Status::fail;
    record.row.reason = failure;
  }
  if (spec.expected.status == "xfail") {
    if (status == Status::pass)
      status = Status::xpass;
    else if (status == Status::fail || status == Status::nonfinite)
      status = Status::xfail;
    record.row.reason = spec.expected.reason;
  }
  record.row.status = status;
}

void copy_cost(GradientResult const& result, results::CostRow& cost) {
  cost.nfe_fwd = result.work.rhs_forward;
  cost.nfe_bwd = result.work.rhs_backward;
  cost.n_jvp = 0;
  cost.n_vjp = result.work.vjp;
  cost.steps_accepted = result.work.accepted;
  cost.steps_rejected = result.work.rejected;
  cost.recomputed_steps = result.work.reverse_accepted;
  cost.linear_solves = 0;
  cost.newton_iters = 0;
}

/// Why there is no solution, such as "max_steps: 2 of 3 trajectories were not at T after max_steps = 5 steps tried (12
/// accepted and 3 rejected in all)"
std::string solve_failure(GradientResult const& result, StepControl const& control, std::int64_t batch) {
  if (result.status == SolveStatus::success) return {};
  std::string const who = result.failed_trajectories == 1 && batch != 1
                              ? "a solve"
                              : fmt::format("{} of {} trajectories", result.failed_trajectories, batch);
  std::string what = "ended early";
  if (result.status == SolveStatus::max_steps_reached)
    what = fmt::format("not at T after max_steps = {} steps tried", control.max_steps);
  if (result.status == SolveStatus::non_finite) what = "met a number that is not finite";
  if (result.status == SolveStatus::step_too_small) what = "needed a step below the resolution of t";
  return fmt::format("{}: {} {} ({} accepted and {} rejected in all)", name_of(result.status), who, what,
                     result.work.accepted, result.work.rejected);
}

results::CheckRow check_row(CheckResult check, double seconds) {
  results::CheckRow row;
  row.check = std::move(check.check);
  if (check.verdict != CheckVerdict::skipped) {
    row.value = check.value;
    row.threshold = check.threshold;
  }
  row.op = std::move(check.op);
  row.verdict = verdict_of(check.verdict);
  row.message = std::move(check.message);
  row.seconds = seconds;
  return row;
}

/// One check for each [limits] entry that applies to the case.
void check_limits(CaseSpec const& spec, results::CaseRecord& record) {
  for (auto const& [quantity, limit] : spec.limits) {
    double value = results::not_measured;
    if (quantity == "grad_rel_l2") value = record.accuracy.grad_rel_l2;
    if (quantity == "grad_rel_linf") value = record.accuracy.grad_rel_linf;
    if (quantity == "grad_abs_linf") value = record.accuracy.grad_abs_linf;
    if (quantity == "grad_cos_defect") value = record.accuracy.grad_cos_defect;
    if (quantity == "grad_y0_rel_l2") value = record.accuracy.grad_y0_rel_l2;
    if (quantity == "grad_theta_rel_l2") value = record.accuracy.grad_theta_rel_l2;
    if (quantity == "loss_rel") value = record.accuracy.loss_rel;
    if (quantity == "state_rel_l2") value = record.accuracy.state_rel_l2;
    if (quantity == "peak_bytes") {
      for (auto const& row : record.memory) {
        if (row.kind == results::MemoryKind::solver && row.stat == results::MemoryStat::max_rank)
          value = static_cast<double>(row.peak_above_baseline);
      }
    }
    record.checks.push_back(
        check_row(at_most("limit_" + quantity, value, limit, "absolute limit of the suite"), results::not_measured));
  }
}

results::ReferenceKind kind_of(Reference::Kind kind) {
  return kind == Reference::Kind::closed_form ? results::ReferenceKind::analytic : results::ReferenceKind::refined;
}

}  // namespace

StepControl step_control(ControlSpec const& control) {
  StepControl steps;
  steps.relative_tolerance = control.rtol;
  steps.absolute_tolerance = control.atol;
  steps.initial_step = control.initial_step;
  steps.max_steps = control.max_steps;
  if (!control.adaptive) {
    steps.fixed_steps = control.steps;
    steps.max_steps = control.steps;
  }
  if (control.controller == "paper") steps.rule = StepSizeRule::paper();
  if (control.controller == "plain") steps.rule = StepSizeRule::plain();
  return steps;
}

Vocabulary registered_vocabulary() {
  Vocabulary vocabulary;
  for (ProblemDescription const& problem : problem_catalogue()) {
    vocabulary.problems.push_back({.name = std::string(problem.name),
                                   .family = std::string(problem.family),
                                   .tags = {std::string(problem.state)},
                                   .arguments = argument_specs(problem.arguments)});
  }
  vocabulary.methods = names_of(AllGradientMethods{});
  vocabulary.precisions = names_of(AllPrecisions{});
  for_each_type(AllTableaus{}, [&]<class Tab>() {
    vocabulary.solvers.push_back({std::string(Tab::name), Tab::adaptive, Tab::order});
  });
  for (Check const& check : all_checks()) vocabulary.checks.push_back({.name = std::string(check.name)});
  return vocabulary;
}

void CaseRunner::phase(char const* name, std::function<void()> const& body) {
  set_activity(name);
  try {
    agreement_.run([&] {
      try {
        body();
      } catch (std::exception const& error) {
        set_activity(fmt::format("{}, failed with '{}', waiting for the others", name, error.what()));
        // Kokkos has no type for this.
        if (std::string_view(error.what()).find("failed to allocate") != std::string_view::npos)
          throw OutOfMemory(error.what());
        throw;
      }
    });
  } catch (std::bad_alloc const& error) {
    throw OutOfMemory(std::string(name) + ": " + error.what());
  } catch (std::exception const& error) {
    throw std::runtime_error(std::string(name) + ": " + error.what());
  }
}

std::string CaseRunner::activity() const {
  std::lock_guard const lock(activity_mutex_);
  return activity_;
}

void CaseRunner::set_activity(std::string activity) {
  std::lock_guard const lock(activity_mutex_);
  activity_ = std::move(activity);
}

void CaseRunner::prepare(CaseSpec const& spec) {
  std::string const wanted = spec.problem + spec.problem_args.dump();
  if (wanted == prepared_) return;
  forget();
  phase("problem", [&] { instance_ = find_problem(spec.problem).make(to_arguments(spec.problem_args), *comm_); });
  phase("reference", [&] { reference_ = instance_->make_reference(); });
  prepared_ = wanted;
}

void CaseRunner::forget() {
  prepared_.clear();
  instance_.reset();
  reference_ = {};
}

results::CaseRecord CaseRunner::run(CaseSpec const& spec) {
  results::CaseRecord record;
  record.row.case_id = case_id(spec);
  record.row.case_hash = case_hash(spec);
  record.row.problem = spec.problem;
  record.row.family = std::string(find_problem(spec.problem).family);
  record.row.method = spec.method;
  record.row.method_class = class_of(promise_of(spec.method));
  record.row.solver = spec.solver;
  record.row.order = order_of(spec.solver);
  record.row.control = control_label(spec.control);
  record.row.precision = spec.precision;
  record.row.backend = spec.backend;
  for (std::string const& tag : spec.tags) record.row.tags += (record.row.tags.empty() ? "" : ";") + tag;
  record.row.ranks = comm_->size();
  record.row.threads = Kokkos::DefaultHostExecutionSpace().concurrency();
  if (spec.control.adaptive) {
    record.row.rtol = spec.control.rtol;
    record.row.atol = spec.control.atol;
  } else {
    record.row.steps_requested = spec.control.steps;
  }
  record.row.case_json = describe(spec).dump();

  std::string reason;
  results::Status status = results::Status::pass;
  try {
    examine(spec, record);
  } catch (std::bad_alloc const& error) {
    status = results::Status::oom;
    reason = error.what();
  } catch (std::exception const& error) {
    status = results::Status::error;
    reason = error.what();
  }
  if (status != results::Status::pass) {
    record.row.status = status;
    record.row.reason = reason;
    forget();
  }
  set_activity("between cases");
  return record;
}

void CaseRunner::examine(CaseSpec const& spec, results::CaseRecord& record) {
  prepare(spec);
  StepControl const control = step_control(spec.control);
  std::unique_ptr<GradientDriver> driver;
  GradientResult result;
  GradientError error;
  phase("set-up", [&] { driver = instance_->make_gradient(choice_of(spec), control); });
  phase("gradient", [&] { driver->run(); });
  phase("error", [&] {
    result = driver->result();
    error = gradient_error(*comm_, result.dloss_dy0, result.dloss_dp, reference_);
    note_gradient(result, error, record);
  });
  phase("checks", [&] {
    CheckedGradient const checked{*instance_, *comm_, choice_of(spec), control, promise_of(spec.method), result,
                                  reference_, error};
    for (CheckResult& check : run_checks(checked, [&](std::string_view name) { return check_enabled(spec, name); })) {
      double const seconds = comm_->all_max(check.seconds);
      record.checks.push_back(check_row(std::move(check), seconds));
    }
  });
  if (options_.memory) {
    MemoryUse use;
    phase("memory", [&] { use = record_memory(spec, control); });
    phase("memory statistics", [&] { note_memory(use, result.model_bytes, record); });
  }
  check_limits(spec, record);
  judge(spec, result.status, solve_failure(result, control, instance_->batch()), record);

  bool const verified = record.row.status == results::Status::pass ||
                        record.row.status == results::Status::inconclusive ||
                        record.row.status == results::Status::xfail;
  bool const solved = result.status == SolveStatus::success;
  if (options_.timing && solved && (verified || options_.time_failed)) {
    phase("timing", [&] {
      record.samples = time_gradient(*driver, *comm_, options_.plan, record.cost.timer_batch, record.cost.imbalance);
      summarize_times(record.samples, record.cost);
    });
  }
}

void CaseRunner::note_gradient(GradientResult const& result, GradientError const& error,
                               results::CaseRecord& record) const {
  record.row.state_dim = instance_->state_dimension();
  record.row.param_dim = instance_->parameter_count();
  record.row.batch = instance_->batch();
  copy_cost(result, record.cost);
  record.row.checkpoints = result.checkpoint_bytes > 0 ? result.work.accepted : 0;
  record.accuracy.ref_kind = kind_of(reference_.kind);
  record.accuracy.ref_uncertainty = reference_.uncertainty;
  record.accuracy.grad_digest = result.digest;
  record.accuracy.grad_rel_l2 = error.relative_l2;
  record.accuracy.grad_rel_linf = error.relative_linf;
  record.accuracy.grad_abs_linf = error.absolute_linf;
  record.accuracy.grad_cos_defect = error.cosine_defect;
  record.accuracy.grad_y0_rel_l2 = error.y0_relative_l2;
  record.accuracy.grad_theta_rel_l2 = error.p_relative_l2;
  record.accuracy.loss_rel = std::abs(result.loss - reference_.loss) / std::abs(reference_.loss);
  record.accuracy.state_rel_l2 = state_error(*comm_, result.final_state, reference_);
}

MemoryUse CaseRunner::record_memory(CaseSpec const& spec, StepControl const& control) const {
  MemoryTracker& tracker = MemoryTracker::instance();
  (void)reset_process_peak_rss();
  tracker.start_recording();
  try {
    auto const driver = instance_->make_gradient(choice_of(spec), control);
    driver->run();
  } catch (...) {
    (void)tracker.stop_recording();  // else no later case could record
    throw;
  }
  return {tracker.stop_recording(), process_peak_rss_bytes()};
}

void CaseRunner::note_memory(MemoryUse const& use, std::int64_t model_bytes, results::CaseRecord& record) const {
  // One number per rank becomes four statistics; every rank has every space and kind that any rank has.
  std::map<std::pair<std::string, AllocationKind>, SpaceUsage> spaces;
  std::string names;
  for (SpaceUsage const& space : use.spaces) {
    spaces[{space.space, space.kind}] = space;
    names += space.space + (space.kind == AllocationKind::solver ? "\ts\n" : "\tr\n");
  }
  std::string all_names;
  for (std::string const& of_rank : comm_->gather_text(names)) all_names += of_rank;
  all_names = comm_->broadcast_text(all_names);
  for (std::size_t at = 0; at < all_names.size();) {
    std::size_t const tab = all_names.find('\t', at), end = all_names.find('\n', at);
    std::string const name = all_names.substr(at, tab - at);
    AllocationKind const kind = all_names[tab + 1] == 's' ? AllocationKind::solver : AllocationKind::runtime;
    SpaceUsage& entry = spaces[{name, kind}];
    entry.space = name;
    entry.kind = kind;
    at = end + 1;
  }

  auto const statistics = [&](std::int64_t own) {
    std::vector<double> all = comm_->all_gather(std::vector<double>{static_cast<double>(own)});
    double sum = 0.0;
    for (double const x : all) sum += x;
    std::ranges::sort(all);
    return std::vector<std::int64_t>{static_cast<std::int64_t>(all.back()), static_cast<std::int64_t>(all.front()),
                                     static_cast<std::int64_t>(all[all.size() / 2]), static_cast<std::int64_t>(sum)};
  };
  double leaked = 0.0, most = 0.0;  // most: solver's peak on the rank that has the largest
  for (auto const& [key, space] : spaces) {
    auto const baseline = statistics(space.baseline), peak = statistics(space.peak), end = statistics(space.end),
               above = statistics(space.peak - space.baseline), count = statistics(space.count);
    for (int stat = 0; stat < 4; ++stat) {
      auto const i = static_cast<std::size_t>(stat);
      results::MemoryRow row;
      row.space = space.space;
      row.kind = space.kind == AllocationKind::solver ? results::MemoryKind::solver : results::MemoryKind::runtime;
      row.stat = static_cast<results::MemoryStat>(stat);
      row.baseline_bytes = baseline[i];
      row.peak_bytes = peak[i];
      row.peak_above_baseline = above[i];
      row.end_bytes = end[i];
      row.alloc_count = count[i];
      if (!space.labels.empty()) {
        row.largest_label = space.labels.front().label;
        row.largest_bytes = space.labels.front().bytes;
      }
      row.unmatched_frees = space.unmatched_frees;
      record.memory.push_back(row);
    }
    if (space.kind == AllocationKind::solver) {
      most += static_cast<double>(above.front());
      leaked += static_cast<double>(comm_->all_max(space.end - space.baseline));
      for (LabelBytes const& label : space.labels) {
        results::LabelRow row;
        row.space = space.space;
        row.label = label.label;
        row.live_at_peak = label.bytes;
        record.mem_labels.push_back(row);
      }
    }
  }
  auto const rss = statistics(use.peak_rss_bytes);
  results::MemoryRow process;
  process.space = "process";
  process.kind = results::MemoryKind::process_rss;
  process.peak_bytes = rss.front();
  record.memory.push_back(process);

  record.checks.push_back(check_row(at_most("leak", leaked, 0.0, "bytes alive after the gradient's objects are gone"),
                                    results::not_measured));
  auto const model = static_cast<double>(comm_->all_max(model_bytes));
  record.checks.push_back(check_row(memory_model(most, model), results::not_measured));
}

}  // namespace retrace
