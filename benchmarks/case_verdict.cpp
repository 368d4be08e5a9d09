#include "benchmarks/case_verdict.hpp"

#include "benchmarks/check_row.hpp"
#include "results/merit.hpp"
#include "verification/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace retrace {

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
  if (result.status == SolveStatus::round_off_spent)
    what = fmt::format(
        "came back with an estimated relative error of {:.2g} in the gradient, where half of the digits "
        "are asked for (y0 found with {:.2g}; by its parameter alone the scheme may grow a rounding by "
        "{:.2g}): shorten the span, use fewer steps or less damping, or a method that keeps states",
        result.round_trip.lost, result.round_trip.error, result.round_trip.growth);
  return fmt::format("{}: {} {} ({} accepted and {} rejected in all)", name_of(result.status), who, what,
                     result.work.accepted, result.work.rejected);
}

namespace {

bool is_solver_peak(results::MemoryRow const& row) {
  return row.kind == results::MemoryKind::solver && row.stat == results::MemoryStat::max_rank;
}

}  // namespace

void check_limits(CaseSpec const& spec, results::CaseRecord& record) {
  for (auto const& [quantity, limit] : spec.limits) {
    bool const of_bytes = quantity == "peak_bytes";
    if (of_bytes && std::ranges::none_of(record.memory, &is_solver_peak)) {
      CheckResult none = skipped("no bytes were measured");
      none.check = "limit_" + quantity;
      record.checks.push_back(check_row(std::move(none), results::not_measured));
      continue;
    }
    double value = results::not_measured;
    if (quantity == "grad_rel_l2") value = record.accuracy.grad_rel_l2;
    if (quantity == "grad_rel_linf") value = record.accuracy.grad_rel_linf;
    if (quantity == "grad_abs_linf") value = record.accuracy.grad_abs_linf;
    if (quantity == "grad_cos_defect") value = record.accuracy.grad_cos_defect;
    if (quantity == "grad_y0_rel_l2") value = record.accuracy.grad_y0_rel_l2;
    if (quantity == "grad_theta_rel_l2") value = record.accuracy.grad_theta_rel_l2;
    if (quantity == "loss_rel") value = record.accuracy.loss_rel;
    if (quantity == "state_rel_l2") value = record.accuracy.state_rel_l2;
    if (of_bytes) value = static_cast<double>(results::solver_peak_bytes(record));
    record.checks.push_back(
        check_row(at_most("limit_" + quantity, value, limit, "absolute limit of the suite"), results::not_measured));
  }
}

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

}  // namespace retrace
