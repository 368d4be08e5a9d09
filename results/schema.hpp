#pragma once

#include "results/record.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

/// The schema of the result file: every table and column once, for writer, reader and validator alike.
namespace retrace::results {

inline constexpr std::string_view schema_name = "retrace";
/// Semantic version. Minor: new tables or columns, old readers go on. Major: changed meaning, readers refuse.
inline constexpr std::string_view schema_version = "1.2.0";

/// What a column holds in the file. Codes are uint8 with the attributes flag_values and flag_meanings.
enum class ColumnType { text, float64, int32, int64, uint64, code };

struct ColumnSpec {
  std::string_view name;
  std::string_view units;  ///< UDUNITS spelling; empty for texts
  std::string_view long_name;
  ColumnType type = ColumnType::text;
  std::span<std::string_view const> flags;  ///< words of a code
  std::string_view index_into;              ///< table whose row numbers this column holds, or empty
  int since = 0;                            ///< minor version that brought it; files of earlier ones lack it
};

/// Attribute of every integer column that may lack a value; NaN says the same in a float column.
inline constexpr std::string_view missing_value_meaning = "-1: not measured or not applicable";
[[nodiscard]] constexpr bool may_be_missing(ColumnSpec const& spec) {
  return (spec.type == ColumnType::int32 || spec.type == ColumnType::int64) && spec.index_into.empty();
}

/// The words of a code column, separated by blanks: the attribute flag_meanings (CF conventions, Sec. 3.5).
[[nodiscard]] inline std::string flag_meanings(ColumnSpec const& spec) {
  std::string words;
  for (std::string_view word : spec.flags) words += (words.empty() ? "" : " ") + std::string(word);
  return words;
}

template <class Row>
using Member =
    std::variant<std::string Row::*, double Row::*, std::int32_t Row::*, std::int64_t Row::*, std::uint64_t Row::*,
                 bool Row::*, Status Row::*, Verdict Row::*, MethodClass Row::*, ReferenceKind Row::*,
                 MemoryKind Row::*, MemoryStat Row::*, Phase Row::*, TimingQuality Row::*, EndedBy Row::*>;

template <class Row>
struct Column {
  ColumnSpec spec;
  Member<Row> member;
};

namespace detail {

template <class Value>
consteval ColumnType column_type() {
  if (std::is_same_v<Value, std::string>) return ColumnType::text;
  if (std::is_same_v<Value, double>) return ColumnType::float64;
  if (std::is_same_v<Value, std::int32_t>) return ColumnType::int32;
  if (std::is_same_v<Value, std::int64_t>) return ColumnType::int64;
  if (std::is_same_v<Value, std::uint64_t>) return ColumnType::uint64;
  return ColumnType::code;
}

template <class Row, class Value>
consteval Column<Row> column(std::string_view name, Value Row::*member, std::string_view long_name,
                             std::string_view units = "1") {
  bool const is_text = std::is_same_v<Value, std::string>;
  return {{name, is_text ? std::string_view() : units, long_name, column_type<Value>(), code_names<Value>, {}, 0},
          member};
}

/// A column that minor version `minor` brought.
template <class Row>
consteval Column<Row> since(int minor, Column<Row> column) {
  column.spec.since = minor;
  return column;
}

template <class Row>
consteval Column<Row> index(std::string_view name, std::int64_t Row::*member, std::string_view table) {
  return {{name, "1", "row number in the named table", ColumnType::int64, {}, table, 0}, member};
}

}  // namespace detail

/// Table of a row type: `name` of the group, `scale` (its dimension scale, 0 … n-1), `description`, `columns`.
template <class Row>
struct Table;

template <>
struct Table<RunRow> {
  static constexpr std::string_view name = "runs", scale = "run", description = "one row per execution of the program";
  static constexpr std::array columns{
      detail::column("run_uuid", &RunRow::run_uuid, "identity of the run"),
      detail::column("launch_index", &RunRow::launch_index, "number of the launch within one invocation"),
      detail::column("started_utc", &RunRow::started_utc, "start, ISO 8601"),
      detail::column("ended_utc", &RunRow::ended_utc, "end, ISO 8601; empty while running"),
      detail::column("exit_code", &RunRow::exit_code, "exit code of the program"),
      detail::column("ended_by", &RunRow::ended_by, "why the run ended"),
      detail::column("cmdline", &RunRow::cmdline, "command line"),
      detail::column("workdir_hash", &RunRow::workdir_hash, "hash of the working directory"),
      detail::column("fingerprint_hw", &RunRow::fingerprint_hw, "hash of the hardware and binding"),
      detail::column("fingerprint_sw", &RunRow::fingerprint_sw, "hash of the software stack"),
      detail::column("world_size", &RunRow::world_size, "MPI ranks of the run"),
      detail::column("shard", &RunRow::shard, "part of the suite that was run, as I/N"),
      detail::column("seed", &RunRow::seed, "seed of every pseudo-random choice"),
  };
};

template <>
struct Table<EnvironmentRow> {
  static constexpr std::string_view name = "environment", scale = "env",
                                    description = "captured facts in long form: scope, key, value";
  static constexpr std::array columns{
      detail::index("run", &EnvironmentRow::run, "runs"),
      detail::column("scope", &EnvironmentRow::scope, "build, host, cpu, gpu, mpi, kokkos, job, runtime or user"),
      detail::column("key", &EnvironmentRow::key, "name of the fact"),
      detail::column("value", &EnvironmentRow::value, "the fact"),
  };
};

template <>
struct Table<RankRow> {
  static constexpr std::string_view name = "ranks", scale = "rank_row", description = "where each rank of a run sat";
  static constexpr std::array columns{
      detail::index("run", &RankRow::run, "runs"),
      detail::column("rank", &RankRow::rank, "MPI rank"),
      detail::column("host", &RankRow::host, "host name"),
      detail::column("cpus", &RankRow::cpus, "CPUs that the rank may use, as 0-7,64-71"),
      detail::column("numa", &RankRow::numa, "NUMA node"),
      detail::column("gpu_index", &RankRow::gpu_index, "device number on the host"),
      detail::column("gpu_uuid", &RankRow::gpu_uuid, "device identity"),
      detail::column("threads", &RankRow::threads, "host threads of the rank"),
  };
};

template <>
struct Table<CaseRow> {
  static constexpr std::string_view name = "cases", scale = "case", description = "identity and status of each case";
  static constexpr std::array columns{
      detail::column("case_id", &CaseRow::case_id, "readable, stable name of the case"),
      detail::column("case_hash", &CaseRow::case_hash, "first 16 hex digits of SHA-256 of the canonical case_json"),
      detail::index("run", &CaseRow::run, "runs"),
      detail::column("status", &CaseRow::status, "how the case ended"),
      detail::column("reason", &CaseRow::reason, "why, when it did not pass"),
      detail::column("attempts", &CaseRow::attempts, "times the case was started"),
      detail::column("problem", &CaseRow::problem, "problem"),
      detail::column("family", &CaseRow::family, "family of the problem"),
      detail::column("method", &CaseRow::method, "gradient method"),
      detail::column("method_class", &CaseRow::method_class, "what the method promises"),
      detail::column("solver", &CaseRow::solver, "Runge-Kutta scheme"),
      detail::column("order", &CaseRow::order, "order of the scheme"),
      detail::column("control", &CaseRow::control, "step control"),
      detail::column("precision", &CaseRow::precision, "floating-point type"),
      detail::column("backend", &CaseRow::backend, "Kokkos execution space"),
      detail::column("tags", &CaseRow::tags, "tags joined by semicolons"),
      detail::column("state_dim", &CaseRow::state_dim, "components of one state"),
      detail::column("param_dim", &CaseRow::param_dim, "parameters"),
      detail::column("batch", &CaseRow::batch, "trajectories or samples, all ranks together"),
      detail::column("ranks", &CaseRow::ranks, "MPI ranks of the case"),
      detail::column("threads", &CaseRow::threads, "host threads per rank"),
      detail::column("steps_requested", &CaseRow::steps_requested, "number of fixed steps"),
      detail::column("rtol", &CaseRow::rtol, "relative tolerance"),
      detail::column("atol", &CaseRow::atol, "absolute tolerance"),
      detail::column("checkpoints", &CaseRow::checkpoints, "checkpoints that the method may keep"),
      detail::column("case_json", &CaseRow::case_json, "definition of the case, beside the other columns and /config"),
      detail::since(1, detail::column("seconds", &CaseRow::seconds, "wall seconds of the case, checks included", "s")),
  };
};

template <>
struct Table<Accuracy> {
  static constexpr std::string_view name = "accuracy", scale = "case",
                                    description = "errors against the reference; rows as in /cases";
  static constexpr std::array columns{
      detail::column("grad_rel_l2", &Accuracy::grad_rel_l2, "relative 2-norm error of the whole gradient"),
      detail::column("grad_rel_linf", &Accuracy::grad_rel_linf, "relative maximum-norm error of the gradient"),
      detail::column("grad_abs_linf", &Accuracy::grad_abs_linf, "largest absolute error of a gradient component"),
      detail::column("grad_cos_defect", &Accuracy::grad_cos_defect, "1 - cosine of the angle to the reference"),
      detail::column("grad_y0_rel_l2", &Accuracy::grad_y0_rel_l2, "relative 2-norm error of dL/dy0"),
      detail::column("grad_theta_rel_l2", &Accuracy::grad_theta_rel_l2, "relative 2-norm error of dL/dp"),
      detail::column("loss_rel", &Accuracy::loss_rel, "relative error of the loss"),
      detail::column("state_rel_l2", &Accuracy::state_rel_l2, "relative 2-norm error of the final state"),
      detail::column("ref_kind", &Accuracy::ref_kind, "what the reference is"),
      detail::column("ref_uncertainty", &Accuracy::ref_uncertainty, "relative uncertainty of the reference gradient"),
      detail::column("cond_estimate", &Accuracy::cond_estimate, "estimated condition number of the gradient"),
      detail::column("grad_digest", &Accuracy::grad_digest, "SHA-256 of the canonical bytes of loss and gradient"),
  };
};

template <>
struct Table<CostRow> {
  static constexpr std::string_view name = "cost", scale = "case",
                                    description = "seconds and exact counters; rows as in /cases";
  static constexpr std::array columns{
      detail::column("time_median", &CostRow::time_median, "median seconds per gradient, slowest rank", "s"),
      detail::column("time_min", &CostRow::time_min, "least seconds per gradient", "s"),
      detail::column("time_mad", &CostRow::time_mad, "median absolute deviation from the median", "s"),
      detail::column("time_ci_lo", &CostRow::time_ci_lo, "lower end of the 95 % interval of the median", "s"),
      detail::column("time_ci_hi", &CostRow::time_ci_hi, "upper end of the 95 % interval of the median", "s"),
      detail::column("time_cv", &CostRow::time_cv, "coefficient of variation of the samples"),
      detail::column("forward_median", &CostRow::forward_median, "median seconds of the forward phase", "s"),
      detail::column("backward_median", &CostRow::backward_median, "median seconds of the backward phase", "s"),
      detail::column("setup_median", &CostRow::setup_median, "median seconds of the set-up", "s"),
      detail::column("n_samples", &CostRow::n_samples, "timed repetitions"),
      detail::column("n_launches", &CostRow::n_launches, "launches of the program with samples"),
      detail::column("timer_batch", &CostRow::timer_batch, "gradients per sample"),
      detail::column("timing_quality", &CostRow::timing_quality, "how far the times can be trusted"),
      detail::since(1, detail::column("timing_reason", &CostRow::timing_reason, "why the quality is not good")),
      detail::column("nfe_fwd", &CostRow::nfe_fwd, "right-hand sides in the forward phase"),
      detail::column("nfe_bwd", &CostRow::nfe_bwd, "right-hand sides in the backward phase"),
      detail::column("n_jvp", &CostRow::n_jvp, "Jacobian-vector products"),
      detail::column("n_vjp", &CostRow::n_vjp, "vector-Jacobian products"),
      detail::column("steps_accepted", &CostRow::steps_accepted, "accepted forward steps"),
      detail::column("steps_rejected", &CostRow::steps_rejected, "rejected forward steps"),
      detail::column("recomputed_steps", &CostRow::recomputed_steps, "forward steps taken again for the gradient"),
      detail::column("kernel_launches", &CostRow::kernel_launches, "parallel regions launched"),
      detail::column("linear_solves", &CostRow::linear_solves, "linear systems solved"),
      detail::column("newton_iters", &CostRow::newton_iters, "Newton iterations"),
      detail::column("bytes_moved_model", &CostRow::bytes_moved_model, "bytes moved, by the formula", "byte"),
      detail::column("flops_model", &CostRow::flops_model, "floating-point operations, by the formula"),
      detail::column("imbalance", &CostRow::imbalance, "slowest over mean seconds of the ranks"),
      detail::column("energy_J", &CostRow::energy_J, "energy per gradient", "J"),
  };
};

template <>
struct Table<Sample> {
  static constexpr std::string_view name = "samples", scale = "sample",
                                    description = "every timed repetition, one row per phase";
  static constexpr std::array columns{
      detail::index("case", &Sample::case_index, "cases"),
      detail::column("launch", &Sample::launch, "launch of the program"),
      detail::column("rep", &Sample::rep, "repetition within the launch"),
      detail::column("phase", &Sample::phase, "part of the gradient"),
      detail::column("seconds", &Sample::seconds, "seconds, slowest rank", "s"),
      detail::column("is_warmup", &Sample::is_warmup, "left out of the statistics as warm-up"),
      detail::column("flagged", &Sample::flagged, "outlier, kept in the statistics"),
  };
};

template <>
struct Table<MemoryRow> {
  static constexpr std::string_view name = "memory", scale = "mem_row",
                                    description = "bytes per memory space in one untimed repetition";
  static constexpr std::array columns{
      detail::index("case", &MemoryRow::case_index, "cases"),
      detail::column("space", &MemoryRow::space, "memory space as Kokkos names it"),
      detail::column("kind", &MemoryRow::kind, "whose bytes"),
      detail::column("stat", &MemoryRow::stat, "which rank's bytes"),
      detail::column("baseline_bytes", &MemoryRow::baseline_bytes, "bytes alive before the repetition", "byte"),
      detail::column("peak_bytes", &MemoryRow::peak_bytes, "most bytes alive at one time", "byte"),
      detail::column("peak_above_baseline", &MemoryRow::peak_above_baseline, "peak less baseline", "byte"),
      detail::column("end_bytes", &MemoryRow::end_bytes, "bytes alive after the repetition", "byte"),
      detail::column("alloc_count", &MemoryRow::alloc_count, "allocations in the repetition"),
      detail::column("largest_label", &MemoryRow::largest_label, "label with most bytes at the peak"),
      detail::column("largest_bytes", &MemoryRow::largest_bytes, "bytes of that label at the peak", "byte"),
      detail::column("unmatched_frees", &MemoryRow::unmatched_frees, "frees of blocks never announced"),
  };
};

template <>
struct Table<LabelRow> {
  static constexpr std::string_view name = "mem_labels", scale = "label_row",
                                    description = "bytes per label at the moment of the peak, largest first";
  static constexpr std::array columns{
      detail::index("case", &LabelRow::case_index, "cases"),
      detail::column("space", &LabelRow::space, "memory space as Kokkos names it"),
      detail::column("label", &LabelRow::label, "label of the allocations"),
      detail::column("live_at_peak", &LabelRow::live_at_peak, "bytes alive at the peak", "byte"),
  };
};

template <>
struct Table<CheckRow> {
  static constexpr std::string_view name = "checks", scale = "check_row",
                                    description = "every question asked to a gradient";
  static constexpr std::array columns{
      detail::index("case", &CheckRow::case_index, "cases"),
      detail::column("check", &CheckRow::check, "name of the check"),
      detail::column("value", &CheckRow::value, "what was found"),
      detail::column("threshold", &CheckRow::threshold, "what it is compared with"),
      detail::column("op", &CheckRow::op, "relation that value and threshold must have"),
      detail::column("verdict", &CheckRow::verdict, "answer"),
      detail::column("message", &CheckRow::message, "reason of threshold and answer"),
      detail::column("seconds", &CheckRow::seconds, "seconds that the check took", "s"),
  };
};

template <>
struct Table<TaylorRow> {
  static constexpr std::string_view name = "taylor", scale = "taylor_row",
                                    description = "remainders of the Taylor test over step sizes";
  static constexpr std::array columns{
      detail::index("case", &TaylorRow::case_index, "cases"),
      detail::column("direction", &TaylorRow::direction, "number of the random direction"),
      detail::column("eps", &TaylorRow::eps, "step size"),
      detail::column("remainder0", &TaylorRow::remainder0, "remainder without the gradient"),
      detail::column("remainder1", &TaylorRow::remainder1, "remainder with the gradient"),
      detail::column("noise_floor", &TaylorRow::noise_floor, "rounding noise of the remainder"),
      detail::column("rate", &TaylorRow::rate, "slope to the previous step size"),
      detail::column("used", &TaylorRow::used, "inside the fitted window"),
  };
};

template <>
struct Table<ConvergenceRow> {
  static constexpr std::string_view name = "convergence", scale = "conv_row",
                                    description = "errors over refinement levels";
  static constexpr std::array columns{
      detail::column("case_group", &ConvergenceRow::case_group, "cases that differ in the level only"),
      detail::column("level", &ConvergenceRow::level, "refinement level"),
      detail::column("h", &ConvergenceRow::h, "step size or tolerance"),
      detail::column("error_norm", &ConvergenceRow::error_norm, "which error"),
      detail::column("error", &ConvergenceRow::error, "the error"),
      detail::column("observed_order", &ConvergenceRow::observed_order, "slope to the previous level"),
  };
};

template <>
struct Table<TimeGradientRow> {
  static constexpr std::string_view name = "time_gradients", scale = "time_row",
                                    description = "derivatives of the loss in the times of the solve";
  static constexpr int since = 2;
  static constexpr std::array columns{
      detail::index("case", &TimeGradientRow::case_index, "cases"),
      detail::column("name", &TimeGradientRow::name, "t0, T, or t_k with k from 1 on: the observation of that number"),
      detail::column("time", &TimeGradientRow::time, "the time"),
      detail::column("derivative", &TimeGradientRow::derivative, "dL/d(time) by the case's method"),
      detail::column("reference", &TimeGradientRow::reference, "that of the flow"),
  };
};

/// Minor version that brought a table; files of earlier ones may lack it.
template <class Row>
inline constexpr int table_since = 0;
template <class Row>
requires requires {
  Table<Row>::since;
}
inline constexpr int table_since<Row> = Table<Row>::since;

/// The rows of all tables, in the order in which the file holds them.
using Tables = std::tuple<std::vector<RunRow>, std::vector<EnvironmentRow>, std::vector<RankRow>, std::vector<CaseRow>,
                          std::vector<Accuracy>, std::vector<CostRow>, std::vector<Sample>, std::vector<MemoryRow>,
                          std::vector<LabelRow>, std::vector<CheckRow>, std::vector<TaylorRow>,
                          std::vector<ConvergenceRow>, std::vector<TimeGradientRow>>;

/// Calls `visit(rows)` for the rows of each table, a `std::vector<Row>&` each.
template <class AnyTables, class Visitor>
void for_each_table(AnyTables&& tables, Visitor&& visit) {
  std::apply([&](auto&... rows) { (visit(rows), ...); }, tables);
}

}  // namespace retrace::results
