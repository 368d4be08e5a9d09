#pragma once

#include "results/record.hpp"
#include "results/three_digits.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

/// A result as large as a campaign's, with the rows, texts and digits that a run of the suite leaves behind.
namespace retrace::results::testing {

class LargeDocument {
 public:
  static constexpr std::array<std::string_view, 8> problems{"linear",     "van_der_pol", "van_der_pol_paper",
                                                            "lorenz63",   "three_body",  "van_der_pol_forced",
                                                            "neural_mlp", "pleiades"},
      methods{"naive",
              "adjoint",
              "aca",
              "aca_budget",
              "forward",
              "naive_detached",
              "adjoint_seminorm",
              "symplectic_adjoint"};
  static constexpr std::array<std::string_view, 5> solvers{"heun_euler21", "bogacki_shampine32", "dormand_prince54",
                                                           "tsitouras54", "dormand_prince853"};
  static constexpr std::array<std::string_view, 6> tolerances{"1e-3", "1e-4", "1e-5", "1e-6", "1e-7", "1e-8"};

  [[nodiscard]] static ResultDocument make(std::size_t cases) { return LargeDocument().document(cases); }

 private:
  [[nodiscard]] double around(double value, double spread) { return value * std::exp(spread * normal_(random_)); }
  [[nodiscard]] std::string digest() {
    return fmt::format("{:016x}{:016x}{:016x}{:016x}", random_(), random_(), random_(), random_());
  }

  ResultDocument document(std::size_t cases) {
    ResultDocument all;
    all.title = "A campaign";
    all.generator = "retrace 0.1.0 (0123456789ab)";
    all.license = "Apache-2.0";
    all.config = {"schema = 1\n", R"({"schema":1})", std::string(64, '0'), R"({"command":"run"})"};
    RunRow run;
    run.run_uuid = "01234567-89ab-4cde-8f01-23456789abcd";
    run.started_utc = "2024-06-01T12:34:56Z";
    run.fingerprint_hw = run.fingerprint_sw = "0123456789abcdef";
    run.world_size = 1;
    run.shard = "1/1";
    all.runs.push_back(run);
    for (int i = 0; i < 200; ++i)
      all.environment.push_back({0, "build", fmt::format("fact_{}", i), fmt::format("value {}", random_())});
    for (std::size_t i = 0; i < cases; ++i) all.cases.push_back(one_case(i));
    return all;
  }

  CaseRecord one_case(std::size_t number) {
    auto const take = [&number](auto const& names) {
      std::string const name(names[number % names.size()]);
      number /= names.size();
      return name;
    };
    CaseRecord record;
    CaseRow& row = record.row;
    row.method = take(methods);
    std::string const rtol = take(tolerances);
    row.solver = take(solvers);
    row.problem = take(problems);
    row.family = row.problem.substr(0, 5);
    row.rtol = row.atol = std::stod(rtol);
    row.batch = std::int64_t{1} << number;  // what is left of it: the size
    row.case_id = fmt::format("{}/{}/{}/rtol{}-atol{}/n{}-T1/f64/default", row.problem, row.method, row.solver, rtol,
                              rtol, row.batch);
    row.case_hash = digest().substr(0, 16);
    row.status = Status::pass;
    row.method_class = static_cast<MethodClass>(row.method.size() % 3);
    row.order = 5;
    row.control = fmt::format("adaptive:rtol={},atol={}", rtol, rtol);
    row.precision = "f64";
    row.backend = "default";
    row.tags = row.family + ";ensemble";
    row.state_dim = 3;
    row.param_dim = 3;
    row.ranks = row.threads = 1;
    row.seconds = around(0.5, 0.3);
    row.case_json = fmt::format(
        R"({{"control":{{"atol":{},"controller":"standard","initial_step":0.0,"kind":"adaptive","max_steps":100000,)"
        R"("rtol":{}}},"matrix":"campaign","problem_args":{{"T":1.0,"k":0.25,"n":{}}}}})",
        rtol, rtol, row.batch);

    Accuracy& accuracy = record.accuracy;
    double const error = around(10.0 * row.rtol, 1.0);
    for (double* value :
         {&accuracy.grad_rel_l2, &accuracy.grad_rel_linf, &accuracy.grad_abs_linf, &accuracy.grad_y0_rel_l2,
          &accuracy.grad_theta_rel_l2, &accuracy.loss_rel, &accuracy.state_rel_l2})
      *value = around(error, 0.5);
    accuracy.grad_cos_defect = error * error;
    accuracy.ref_kind = ReferenceKind::refined;
    accuracy.ref_uncertainty = around(1e-13, 1.0);
    accuracy.grad_digest = digest();

    add_cost(record, around(1e-3, 1.0) * static_cast<double>(row.batch));
    add_memory(record, 4096 + 512 * row.batch + static_cast<std::int64_t>(random_() % 4096) * 8);
    add_checks(record, error);
    return record;
  }

  void add_cost(CaseRecord& record, double seconds) {
    CostRow& cost = record.cost;
    constexpr int warm_up = 2, repetitions = 12;
    constexpr double nanoseconds = 1e9;
    cost.timer_batch = static_cast<std::int32_t>(std::ceil(0.2 / seconds));
    for (int i = 0; i < warm_up + repetitions; ++i) {
      Sample sample;
      sample.rep = i;
      sample.is_warmup = i < warm_up;
      int const calls = sample.is_warmup ? 1 : cost.timer_batch;
      sample.seconds = std::round(around(seconds, 0.01) * calls * nanoseconds) / nanoseconds / calls;
      record.samples.push_back(sample);
    }
    cost.time_median = cost.time_min = record.samples.back().seconds;
    cost.time_mad = around(0.01 * seconds, 0.5);
    cost.time_ci_lo = around(seconds, 0.01);
    cost.time_ci_hi = around(seconds, 0.01);
    cost.time_cv = around(0.01, 0.5);
    cost.n_samples = repetitions;
    cost.n_launches = 1;
    cost.timing_quality = TimingQuality::good;
    cost.nfe_fwd = static_cast<std::int64_t>(random_() % 100'000);
    cost.nfe_bwd = cost.nfe_fwd / 2;
    cost.n_jvp = 0;
    cost.n_vjp = cost.nfe_fwd;
    cost.steps_accepted = cost.recomputed_steps = cost.nfe_fwd / 6;
    cost.steps_rejected = static_cast<std::int64_t>(random_() % 100);
    cost.linear_solves = cost.newton_iters = 0;
    cost.bytes_moved_model = 8.0 * static_cast<double>(cost.nfe_fwd);
    cost.flops_model = 30.0 * static_cast<double>(cost.nfe_fwd);
    cost.imbalance = 1.0;
  }

  void add_memory(CaseRecord& record, std::int64_t bytes) {
    for (MemoryStat const stat :
         {MemoryStat::max_rank, MemoryStat::min_rank, MemoryStat::median_rank, MemoryStat::sum_ranks}) {
      MemoryRow row;
      row.space = "Host";
      row.stat = stat;
      row.baseline_bytes = row.end_bytes = bytes;
      row.peak_bytes = 2 * bytes;
      row.peak_above_baseline = bytes;
      row.alloc_count = 10;
      row.largest_label = "retrace::arena::states";
      row.largest_bytes = bytes / 2;
      row.unmatched_frees = 0;
      record.memory.push_back(row);
    }
    MemoryRow process;
    process.space = "process";
    process.kind = MemoryKind::process_rss;
    process.peak_bytes = 100'000'000 + static_cast<std::int64_t>(random_() % 1024) * 4096;
    record.memory.push_back(process);
    for (char const* label :
         {"arena::states", "arena::scalars", "ensemble::work", "ensemble::records", "ensemble::status",
          "ensemble::loss", "ensemble::dloss_dy0", "ensemble::dloss_dp", "ensemble::final_state"}) {
      LabelRow row;
      row.space = "Host";
      row.label = std::string("retrace::") + label;
      row.live_at_peak = bytes / static_cast<std::int64_t>(2 + record.mem_labels.size());
      record.mem_labels.push_back(row);
    }
  }

  void add_checks(CaseRecord& record, double error) {
    double const rounding = around(1e-15, 1.0);
    auto const add = [&](char const* name, double value, double threshold, std::string message) {
      CheckRow check;
      check.check = name;
      check.value = value;
      check.threshold = threshold;
      check.verdict = std::isnan(value) ? Verdict::skipped : Verdict::pass;
      check.message = std::move(message);
      check.seconds = three_digits(around(1e-3, 1.0));
      record.checks.push_back(check);
    };
    add("finite", 0.0, 0.0, "every number of loss and gradient is finite");
    add("tableau", 3.3e-16, 1e-15,
        "worst of the order conditions up to 5(4): sum_j a_4j = c_4; what rounding can make of it");
    add("repro", 0.0, 0.0, "a second run has the same digest: all sums have a fixed order");
    add("dual", rounding, around(1e-13, 0.5), fmt::format("round-off of {} steps; 3 compared", random_() % 200));
    add("program_dual", not_measured, not_measured, "the method does not promise the derivative of the program");
    add("difference_frozen", around(1e-9, 1.0), around(1e-8, 1.0),
        "three error bars of the difference; 3 of 3 directions");
    add("difference_program", not_measured, not_measured, "the method does not promise the derivative of the program");
    add("consistency", around(error / 100, 0.5), error / 10,
        fmt::format("error after tightening by 100, from {:.3g}; a fall by 10 is asked for", error));
    add("reference", record.accuracy.ref_uncertainty, error / 10,
        fmt::format("uncertainty of the reference against a tenth of the error {:.3g}", error));
    add("leak", 0.0, 0.0, "bytes alive after the gradient's objects are gone");
    add("memory_model", around(1.0, 0.002), 1.02,
        "measured peak bytes over the method's formula; 2 % and four empty Views");
  }

  std::mt19937_64 random_{20240601};
  std::normal_distribution<double> normal_;
};

}  // namespace retrace::results::testing
