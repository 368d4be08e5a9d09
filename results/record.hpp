#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a run leaves behind: plain data, one struct per table of the result file, members named as the columns.
/// Columns, units and meanings stand in "results/schema.hpp"; files are made by "results/writer.hpp".
namespace retrace::results {

/// "Not measured": floats are NaN, integers -1, texts empty.
inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// How a case ended.
enum class Status : std::uint8_t {
  pass,
  fail,
  error,
  timeout,
  nonfinite,
  oom,
  skipped,
  xfail,
  xpass,
  inconclusive,
  crashed
};
/// What one check found.
enum class Verdict : std::uint8_t { pass, fail, inconclusive, skipped };
/// What a gradient method promises: the derivative of the program as it ran, of its accepted steps held fixed, or an
/// approximation consistent to the order of the scheme.
enum class MethodClass : std::uint8_t { exact_program, exact_frozen, consistent };
/// What the error was measured against.
enum class ReferenceKind : std::uint8_t { analytic, dual, refined, extended, external, none };
enum class MemoryKind : std::uint8_t { solver, runtime, process_rss, device_used };
/// Which rank's bytes.
enum class MemoryStat : std::uint8_t { max_rank, min_rank, median_rank, sum_ranks };
enum class Phase : std::uint8_t { total, forward, backward, setup };
enum class TimingQuality : std::uint8_t { good, noisy, unstable, too_fast, none };
/// Why a run ended. `crash` stands until the run says otherwise, so a killed run needs nobody to write it.
enum class EndedBy : std::uint8_t { finished, time_limit, signal, crash };

/// The words for the codes of an enumeration, in the order of their values; the file carries them as flag_meanings.
template <class Code>
inline constexpr std::array<std::string_view, 0> code_names{};
template <>
inline constexpr std::array<std::string_view, 11> code_names<Status>{
    "pass", "fail", "error", "timeout", "nonfinite", "oom", "skipped", "xfail", "xpass", "inconclusive", "crashed"};
template <>
inline constexpr std::array<std::string_view, 4> code_names<Verdict>{"pass", "fail", "inconclusive", "skipped"};
template <>
inline constexpr std::array<std::string_view, 3> code_names<MethodClass>{"exact_program", "exact_frozen", "consistent"};
template <>
inline constexpr std::array<std::string_view, 6> code_names<ReferenceKind>{"analytic", "dual",     "refined",
                                                                           "extended", "external", "none"};
template <>
inline constexpr std::array<std::string_view, 4> code_names<MemoryKind>{"solver", "runtime", "process_rss",
                                                                        "device_used"};
template <>
inline constexpr std::array<std::string_view, 4> code_names<MemoryStat>{"max_rank", "min_rank", "median_rank",
                                                                        "sum_ranks"};
template <>
inline constexpr std::array<std::string_view, 4> code_names<Phase>{"total", "forward", "backward", "setup"};
template <>
inline constexpr std::array<std::string_view, 5> code_names<TimingQuality>{"good", "noisy", "unstable", "too_fast",
                                                                           "none"};
template <>
inline constexpr std::array<std::string_view, 4> code_names<EndedBy>{"finished", "time_limit", "signal", "crash"};
template <>
inline constexpr std::array<std::string_view, 2> code_names<bool>{"no", "yes"};

template <class Code>
concept NamedCode = !code_names<Code>.empty();

template <NamedCode Code>
[[nodiscard]] constexpr std::string_view name_of(Code code) {
  auto const value = static_cast<std::size_t>(code);
  return value < code_names<Code>.size() ? code_names<Code>[value] : std::string_view("unknown");
}

template <NamedCode Code>
[[nodiscard]] constexpr std::optional<Code> code_named(std::string_view name) {
  for (std::size_t value = 0; value < code_names<Code>.size(); ++value) {
    if (code_names<Code>[value] == name) return static_cast<Code>(value);
  }
  return std::nullopt;
}

/// /runs: one execution of the program.
struct RunRow {
  std::string run_uuid;
  std::int32_t launch_index = 0;
  std::string started_utc, ended_utc;
  std::int32_t exit_code = -1;
  EndedBy ended_by = EndedBy::crash;
  std::string cmdline, workdir_hash, fingerprint_hw, fingerprint_sw;
  std::int32_t world_size = -1;
  std::string shard;
  std::uint64_t seed = 0;
};

/// /environment: one captured fact, in long form. Scopes: build host cpu gpu mpi kokkos job runtime user.
struct EnvironmentRow {
  std::int64_t run = 0;  ///< index into ResultDocument::runs
  std::string scope, key, value;
};

/// /ranks: where one rank of a run sat.
struct RankRow {
  std::int64_t run = 0;  ///< index into ResultDocument::runs
  std::int32_t rank = -1;
  std::string host, cpus;
  std::int32_t numa = -1, gpu_index = -1;
  std::string gpu_uuid;
  std::int32_t threads = -1;
};

/// /cases: who the case is and how it ended.
struct CaseRow {
  std::string case_id, case_hash;
  std::int64_t run = 0;  ///< index into ResultDocument::runs
  Status status = Status::error;
  std::string reason;
  std::int32_t attempts = 1;
  std::string problem, family, method;
  MethodClass method_class = MethodClass::consistent;
  std::string solver;
  std::int32_t order = -1;
  std::string control, precision, backend, tags;
  std::int64_t state_dim = -1, param_dim = -1, batch = -1;
  std::int32_t ranks = -1, threads = -1;
  std::int64_t steps_requested = -1;
  double rtol = not_measured, atol = not_measured;
  std::int64_t checkpoints = -1;
  std::string case_json;
  double seconds = not_measured;
};

/// /accuracy: errors of the gradient, parallel to /cases.
struct Accuracy {
  double grad_rel_l2 = not_measured, grad_rel_linf = not_measured, grad_abs_linf = not_measured,
         grad_cos_defect = not_measured, grad_y0_rel_l2 = not_measured, grad_theta_rel_l2 = not_measured,
         loss_rel = not_measured, state_rel_l2 = not_measured;
  ReferenceKind ref_kind = ReferenceKind::none;
  double ref_uncertainty = not_measured, cond_estimate = not_measured;
  std::string grad_digest;
};

/// /cost: seconds and exact counters, parallel to /cases.
struct CostRow {
  double time_median = not_measured, time_min = not_measured, time_mad = not_measured, time_ci_lo = not_measured,
         time_ci_hi = not_measured, time_cv = not_measured, forward_median = not_measured,
         backward_median = not_measured, setup_median = not_measured;
  std::int32_t n_samples = -1, n_launches = -1, timer_batch = -1;
  TimingQuality timing_quality = TimingQuality::none;
  std::string timing_reason;
  std::int64_t nfe_fwd = -1, nfe_bwd = -1, n_jvp = -1, n_vjp = -1, steps_accepted = -1, steps_rejected = -1,
               recomputed_steps = -1, kernel_launches = -1, linear_solves = -1, newton_iters = -1;
  double bytes_moved_model = not_measured, flops_model = not_measured, imbalance = not_measured,
         energy_J = not_measured;
};

/// /samples: one timed repetition of one phase.
struct Sample {
  std::int64_t case_index = -1;  ///< column `case`; the writer fills it in from the place of the case
  std::int32_t launch = 0, rep = -1;
  Phase phase = Phase::total;
  double seconds = not_measured;
  bool is_warmup = false, flagged = false;
};

/// /memory: bytes of one memory space.
struct MemoryRow {
  std::int64_t case_index = -1;  ///< as in Sample
  std::string space;
  MemoryKind kind = MemoryKind::solver;
  MemoryStat stat = MemoryStat::max_rank;
  std::int64_t baseline_bytes = -1, peak_bytes = -1, peak_above_baseline = -1, end_bytes = -1, alloc_count = -1;
  std::string largest_label;
  std::int64_t largest_bytes = -1, unmatched_frees = -1;
};

/// /mem_labels: bytes of one label at the moment of the peak.
struct LabelRow {
  std::int64_t case_index = -1;  ///< as in Sample
  std::string space, label;
  std::int64_t live_at_peak = -1;
};

/// /checks: one question to one gradient.
struct CheckRow {
  std::int64_t case_index = -1;  ///< as in Sample
  std::string check;
  double value = not_measured, threshold = not_measured;
  std::string op = "<=";  ///< how value and threshold must relate: <= >= == in
  Verdict verdict = Verdict::inconclusive;
  std::string message;
  double seconds = not_measured;
};

/// /taylor: one step size of a Taylor remainder test.
struct TaylorRow {
  std::int64_t case_index = -1;  ///< as in Sample
  std::int32_t direction = -1;
  double eps = not_measured, remainder0 = not_measured, remainder1 = not_measured, noise_floor = not_measured,
         rate = not_measured;
  bool used = false;
};

/// /time_gradients: the derivative of the loss in one time.
struct TimeGradientRow {
  std::int64_t case_index = -1;  ///< as in Sample
  std::string name;              ///< t0, T, or t_k
  double time = not_measured, derivative = not_measured, reference = not_measured;
};

/// /convergence: one refinement level of an order test; belongs to a group of cases.
struct ConvergenceRow {
  std::string case_group;
  std::int32_t level = -1;
  double h = not_measured;
  std::string error_norm;
  double error = not_measured, observed_order = not_measured;
};

/// All of one case.
struct CaseRecord {
  CaseRow row;
  Accuracy accuracy;
  CostRow cost;
  std::vector<Sample> samples;
  std::vector<MemoryRow> memory;
  std::vector<LabelRow> mem_labels;
  std::vector<CheckRow> checks;
  std::vector<TaylorRow> taylor;
  std::vector<TimeGradientRow> time_gradients;
};

/// The configuration after all overrides, as text.
struct ConfigText {
  std::string toml, effective_json, sha256;
  std::string request_json;  ///< what the command line asked for beside it; empty in files before version 1.1
};

/// All of one result file.
struct ResultDocument {
  std::string schema_version;  ///< of the file that was read; the writer writes its own
  std::string title, created_utc, modified_utc;
  bool finalized = false;           ///< the suite is complete; nothing is left to resume
  std::int64_t planned_cases = -1;  ///< cases that the suite selects, done or not; -1 in files before version 1.1
  std::string generator, license, history;
  ConfigText config;
  std::vector<RunRow> runs;
  std::vector<EnvironmentRow> environment;
  std::vector<RankRow> ranks;
  std::vector<CaseRecord> cases;
  std::vector<ConvergenceRow> convergence;
};

}  // namespace retrace::results
