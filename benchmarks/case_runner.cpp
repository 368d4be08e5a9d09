#include "benchmarks/case_runner.hpp"

#include "benchmarks/case_verdict.hpp"
#include "benchmarks/check_row.hpp"
#include "benchmarks/memory_use.hpp"
#include "core/error.hpp"
#include "core/precision.hpp"
#include "gradients/external/external_method.hpp"
#include "solvers/registry.hpp"
#include "verification/execution_spaces.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/problem_catalogue.hpp"
#include "verification/quad_references.hpp"
#include "verification/time_reference.hpp"
#include "verification/witness_catalogue.hpp"

#include <Kokkos_Core.hpp>

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace retrace {

namespace {

MethodDescription described(std::string_view method) {
  for (MethodDescription const& known : method_catalogue())
    if (known.name == method) return known;
  return {};
}
Promise promise_of(std::string_view method) {
  return described(method).promise;
}

GradientChoice choice_of(CaseSpec const& spec) {
  return {.method = spec.method, .solver = spec.solver, .backend = spec.backend, .precision = spec.precision};
}

int order_of(std::string_view solver) {
  if (ExternalSolver const* const external = find_external_solver(solver)) return external->order;
  return tableau_named(solver).order;
}

results::MethodClass class_of(Promise promise) {
  return static_cast<results::MethodClass>(promise);
}
static_assert(static_cast<int>(Promise::consistent) == static_cast<int>(results::MethodClass::consistent));

bool check_enabled(CaseSpec const& spec, std::string_view check) {
  auto const found = spec.checks.find(std::string(check));
  return found == spec.checks.end() || found->value("enable", true);
}

void copy_cost(GradientResult const& result, results::CostRow& cost) {
  cost.nfe_fwd = result.work.rhs_forward;
  cost.nfe_bwd = result.work.rhs_backward;
  cost.n_jvp = result.work.jvp;
  cost.n_vjp = result.work.vjp;
  cost.steps_accepted = result.work.accepted;
  cost.steps_rejected = result.work.rejected;
  cost.recomputed_steps = result.work.reverse_accepted + result.work.readvanced;
  cost.linear_solves = 0;
  cost.newton_iters = 0;
}

results::ReferenceKind kind_of(Reference::Kind kind) {
  switch (kind) {
    case Reference::Kind::closed_form:
      return results::ReferenceKind::analytic;
    case Reference::Kind::refined:
      return results::ReferenceKind::refined;
    case Reference::Kind::extended:
      return results::ReferenceKind::extended;
  }
  return results::ReferenceKind::none;
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
  steps.checkpoints = static_cast<int>(control.checkpoints);
  steps.damping = control.damping;
  steps.coupling = control.coupling;
  for (NamedStepSizeRule const& known : step_size_rules)
    if (known.name == control.controller) steps.rule = known.rule;
  for (std::size_t i = 0; i < error_norm_names.size(); ++i)
    if (error_norm_names[i] == control.norm) steps.norm = static_cast<ErrorNorm>(i);
  return steps;
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
  std::string const wanted = spec.problem + spec.problem_args.dump() + loss_json(spec.loss).dump() + spec.reference;
  if (wanted == prepared_) return;
  forget();
  phase("problem", [&] {
    Arguments const arguments = to_arguments(spec.problem_args);
    instance_ = find_problem(spec.problem).make(arguments, *comm_);
    witness_ = make_witness(spec.problem, arguments, *comm_);
  });
  phase("reference", [&] {
    if (spec.reference != "quad") {
      reference_ = instance_->make_reference(objective(spec.loss));
    } else {
      if (spec.loss.kind != LossKind::terminal)
        throw UsageError("references in quadruple precision are of terminal losses only");
      reference_ = options_.references.quad(spec.problem, spec.problem_args, instance_->batch(), *comm_);
    }
    if (spec.loss.time_gradients) add_time_derivatives(*instance_, objective(spec.loss), reference_);
  });
  prepared_ = wanted;
}

int CaseRunner::checkpoints_within(CaseSpec const& spec) const {
  bool const field = find_problem(spec.problem).state == "field";
  std::int64_t const number = spec.precision == F64::name ? 8 : 4,
                     state = number * instance_->state_dimension() * (field ? instance_->batch() : 1);
  std::int64_t const fit = spec.control.checkpoint_bytes / state;
  if (fit < 1)
    throw UsageError(fmt::format("checkpoints = {} bytes is less than one state, which takes {}",
                                 spec.control.checkpoint_bytes, state));
  return static_cast<int>(std::min<std::int64_t>(fit, StepControl::most_checkpoints));
}

Objective CaseRunner::objective(LossSpec const& loss) const {
  return objective_of(loss, instance_->initial_time(), instance_->final_time());
}

void CaseRunner::forget() {
  prepared_.clear();
  instance_.reset();
  witness_.reset();
  reference_ = {};
}

results::CaseRecord CaseRunner::run(CaseSpec const& spec) {
  auto const begin = std::chrono::steady_clock::now();
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
  std::vector<Backend> const present = backends();
  if (std::ranges::find(present, std::string_view(spec.backend), &Backend::name) == present.end()) {
    record.row.status = results::Status::skipped;
    record.row.reason = fmt::format("backend '{}' is not in this build, see retrace list backends", spec.backend);
    return record;
  }

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
  record.row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return record;
}

void CaseRunner::examine(CaseSpec const& spec, results::CaseRecord& record) {
  prepare(spec);
  StepControl control = step_control(spec.control);
  if (spec.control.checkpoint_bytes > 0) control.checkpoints = checkpoints_within(spec);
  control.objective = objective(spec.loss);
  control.time_gradients = spec.loss.time_gradients;
  control.detached_factor = described(spec.method).detaches_factor;
  std::unique_ptr<GradientDriver> driver;
  GradientResult result;
  GradientError error;
  phase("set-up", [&] { driver = instance_->make_gradient(choice_of(spec), control); });
  phase("gradient", [&] { driver->run(); });
  phase("error", [&] {
    result = driver->result();
    error = gradient_error(*comm_, result.dloss_dy0, result.dloss_dp, reference_);
    note_gradient(result, error, record);
    note_work(spec, result, record);
    note_times(result, control.objective, record);
    if (auto const* const external = dynamic_cast<ExternalGradient const*>(driver.get())) {
      record.cost.linear_solves = external->linear_solves();
      record.cost.newton_iters = external->newton_iterations();
    }
  });
  phase("checks", [&] {
    CheckedGradient const checked{*instance_,
                                  *witness_,
                                  *comm_,
                                  choice_of(spec),
                                  control,
                                  promise_of(spec.method),
                                  result,
                                  reference_,
                                  error,
                                  [&](Communicator const& comm) {
                                    return find_problem(spec.problem).make(to_arguments(spec.problem_args), comm);
                                  }};
    for (CheckResult& check : run_checks(checked, [&](std::string_view name) { return check_enabled(spec, name); })) {
      double const seconds = comm_->all_max(check.seconds);
      append_taylor_rows(check.taylor, record.taylor);
      note_convergence(check.convergence, spec);
      record.checks.push_back(check_row(std::move(check), seconds));
    }
  });
  if (options_.memory == MemoryMeasure::exact) {
    MemoryUse use;
    phase("memory", [&] { use = record_memory(*instance_, choice_of(spec), control); });
    phase("memory statistics", [&] { note_memory(*comm_, use, result.model_bytes, record); });
  } else if (options_.memory == MemoryMeasure::process) {
    std::int64_t bytes = -1;
    phase("memory", [&] { bytes = process_peak_bytes(*instance_, choice_of(spec), control); });
    phase("memory statistics", [&] { note_process_memory(*comm_, bytes, record); });
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

void CaseRunner::note_times(GradientResult const& result, Objective const& objective,
                            results::CaseRecord& record) const {
  constexpr std::size_t ends = 2;
  for (std::size_t i = 0; i < result.dloss_dt.size(); ++i) {
    results::TimeGradientRow row;
    row.name = i == 0 ? "t0" : i == 1 ? "T" : fmt::format("t_{}", i - ends + 1);
    row.time = i == 0 ? instance_->initial_time() : i == 1 ? instance_->final_time() : objective.times[i - ends];
    row.derivative = result.dloss_dt[i];
    if (i < reference_.dloss_dt.size()) row.reference = reference_.dloss_dt[i];
    record.time_gradients.push_back(std::move(row));
  }
}

void CaseRunner::note_convergence(std::vector<ConvergenceLevel> const& levels, CaseSpec const& spec) {
  for (ConvergenceLevel const& level : levels) {
    results::ConvergenceRow row;
    row.case_group = case_id(spec);
    row.level = level.level;
    row.h = level.h;
    row.error_norm = "grad_rel_l2";
    row.error = level.error;
    row.observed_order = level.observed_order;
    convergence_.push_back(row);
  }
}

void CaseRunner::note_work(CaseSpec const& spec, GradientResult const& result, results::CaseRecord& record) const {
  if (find_external_method(spec.method) != nullptr) {  // nobody has counted what a library does
    record.cost.flops_model = record.cost.bytes_moved_model = results::not_measured;
    return;
  }
  auto const dimension = static_cast<double>(instance_->state_dimension()),
             batch = static_cast<double>(instance_->batch()), p = static_cast<double>(instance_->parameter_count());
  bool const field = find_problem(spec.problem).state == "field",
             integrates_back = promise_of(spec.method) == Promise::consistent;
  double const numbers = field ? dimension * batch : dimension;
  WorkModel const model = model_of(result, tableau_named(spec.solver), instance_->operations(),
                                   {.numbers = numbers,
                                    .backward_numbers = integrates_back ? 2.0 * numbers + p : 0.0,
                                    .bytes_of_number = spec.precision == F64::name ? 8.0 : 4.0,
                                    .in_memory = field});
  record.cost.flops_model = model.operations;
  record.cost.bytes_moved_model = model.bytes_moved;
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

}  // namespace retrace
