#pragma once

#include "results/compare/comparison.hpp"
#include "results/record.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A small result file that a test can spoil in one place.
namespace retrace::compare::testing {

inline results::MemoryRow memory_row(std::string space, results::MemoryKind kind, std::int64_t peak,
                                     std::int64_t above_baseline, std::int64_t allocations) {
  results::MemoryRow row;
  row.space = std::move(space);
  row.kind = kind;
  row.peak_bytes = peak;
  row.peak_above_baseline = above_baseline;
  row.alloc_count = allocations;
  return row;
}

inline results::CheckRow passed_check(std::string name, double value, double threshold) {
  results::CheckRow row;
  row.check = std::move(name);
  row.value = value;
  row.threshold = threshold;
  row.verdict = results::Verdict::pass;
  return row;
}

inline results::EnvironmentRow environment_row(std::string scope, std::string key, std::string value) {
  results::EnvironmentRow row;
  row.scope = std::move(scope);
  row.key = std::move(key);
  row.value = std::move(value);
  return row;
}

inline results::CaseRecord example_case(std::string const& id, std::string const& control = "adaptive:rtol=1e-6") {
  results::CaseRecord record;
  record.row.case_id = id;
  record.row.case_hash = "00000000c0ffee00";
  record.row.status = results::Status::pass;
  record.row.problem = id.substr(0, id.find('/'));
  record.row.family = "chaotic";
  record.row.control = control;
  record.row.precision = "f64";
  record.row.backend = "default";
  record.row.tags = "chaotic;ensemble";
  record.row.ranks = record.row.threads = 1;
  record.accuracy.grad_rel_l2 = 1e-6;
  record.accuracy.grad_rel_linf = 2e-6;
  record.accuracy.grad_abs_linf = 4e-6;  // the gradient's largest component is 2
  record.accuracy.grad_cos_defect = 1e-11;
  record.accuracy.ref_uncertainty = 1e-12;
  record.accuracy.grad_digest = std::string(64, 'a');
  record.cost.steps_accepted = 1000;
  record.cost.steps_rejected = 10;
  record.cost.nfe_fwd = 6000;
  record.cost.nfe_bwd = 5000;
  record.cost.n_jvp = 0;
  record.cost.n_vjp = 6000;
  record.cost.recomputed_steps = 0;
  record.cost.newton_iters = 0;
  record.cost.timing_quality = results::TimingQuality::good;
  record.memory = {memory_row("Host", results::MemoryKind::solver, 1'000'000, 800'000, 20),
                   memory_row("process", results::MemoryKind::process_rss, 200 * 1024 * 1024, -1, -1)};
  record.checks = {passed_check("repro", 0.0, 0.0), passed_check("dual", 1e-13, 1e-11)};
  return record;
}

inline results::ResultDocument example_document() {
  results::ResultDocument document;
  document.title = "Example";
  document.finalized = true;
  document.created_utc = "2024-06-01T12:00:00Z";
  document.generator = "retrace 0.1.0 (test)";
  document.runs.emplace_back();
  document.runs.front().fingerprint_hw = "machine";
  document.runs.front().fingerprint_sw = "program";
  document.environment = {environment_row("build", "vector_bytes", "32"),
                          environment_row("host", "cpus_of_ranks", "0,1")};
  document.cases = {example_case("lorenz63/aca/rk4/n64/n3/f64/default", "fixed:n=64"),
                    example_case("lorenz63/aca/dormand_prince54/rtol1e-6/n3/f64/default"),
                    example_case("lorenz63/naive/dormand_prince54/rtol1e-6/n3/f64/default")};
  return document;
}

inline Comparison compare_examples(results::ResultDocument const& new_document,
                                   results::ResultDocument const& old_document, Question const& question = {}) {
  return compare(new_document, "new.h5", old_document, "old.h5", question);
}

/// The line on a quantity of the case with that number in the old file; the test must have one.
inline Line line_on(Comparison const& comparison, std::string_view quantity, std::string const& case_id) {
  auto const found = std::ranges::find_if(
      comparison.lines, [&](Line const& line) { return line.quantity == quantity && line.case_id == case_id; });
  return found == comparison.lines.end() ? Line{.reason = "no such line"} : *found;
}

/// A median per launch that scatters by `noise` (1 %: 0.01), of repetitions that scatter by twice that.
inline void add_launches(results::CaseRecord& record, int launches, double seconds, double noise,
                         std::mt19937_64& random) {
  constexpr int repetitions = 9;
  std::normal_distribution<double> scatter(0.0, noise);
  for (std::int32_t launch = 0; launch < launches; ++launch) {
    double const of_launch = seconds * std::exp(scatter(random));
    for (std::int32_t rep = 0; rep < repetitions; ++rep)
      record.samples.push_back({.launch = launch, .rep = rep, .seconds = of_launch * std::exp(2.0 * scatter(random))});
  }
  record.cost.n_launches = launches;
}

}  // namespace retrace::compare::testing
