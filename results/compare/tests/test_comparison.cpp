#include "core/error.hpp"
#include "results/compare/comparison.hpp"
#include "results/compare/tests/example_results.hpp"
#include "results/tests/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

namespace retrace::compare {
namespace {

using results::CaseRecord;
using results::ResultDocument;
using results::Status;
using testing::compare_examples;
using testing::example_case;
using testing::example_document;
using testing::line_on;

constexpr std::size_t fixed = 0, adaptive = 1;

/// What a comparison says after one case of the new file was changed.
struct Answer {
  int code;
  Line line;
};

Answer after(std::size_t which, std::string_view quantity, std::function<void(CaseRecord&)> const& change,
             Question const& question = {}, std::string const& software = "program") {
  ResultDocument const old_document = example_document();
  ResultDocument new_document = old_document;
  change(new_document.cases[which]);
  new_document.runs.front().fingerprint_sw = software;
  Comparison const comparison = compare_examples(new_document, old_document, question);
  return {comparison.exit_code(), line_on(comparison, quantity, old_document.cases[which].row.case_id)};
}

void expect(Answer const& answer, Verdict verdict, std::string const& reason, int code) {
  EXPECT_EQ(name_of(answer.line.verdict), name_of(verdict));
  EXPECT_EQ(answer.line.reason, reason);
  EXPECT_EQ(answer.code, code);
}

TEST(Compare, a_result_with_itself_is_green_in_every_line) {
  ResultDocument const document = example_document();

  Comparison const comparison = compare_examples(document, document);

  EXPECT_EQ(comparison.exit_code(), 0);
  EXPECT_GT(comparison.lines.size(), 3U * 12U);
  for (Line const& line : comparison.lines)
    EXPECT_TRUE(line.verdict == Verdict::same || line.verdict == Verdict::within) << line.quantity;
  EXPECT_EQ(final_line(comparison), "3 passed, 0 failed, 0 skipped");
}

// --- Which cases -----------------------------------------------------------------------------------------------------

TEST(CompareCases, removed_is_red_unless_allowed) {
  ResultDocument const old_document = example_document();
  ResultDocument new_document = old_document;
  std::string const id = new_document.cases.back().row.case_id;
  new_document.cases.pop_back();

  Comparison const refused = compare_examples(new_document, old_document);
  Comparison const allowed = compare_examples(new_document, old_document, {.allow_removed = true});

  EXPECT_EQ(refused.exit_code(), 1);
  EXPECT_EQ(line_on(refused, "case", id).reason, "removed");
  EXPECT_EQ(final_line(refused), "2 passed, 1 failed, 0 skipped");
  EXPECT_EQ(allowed.exit_code(), 0);
  EXPECT_EQ(final_line(allowed), "2 passed, 0 failed, 1 skipped");
}

TEST(CompareCases, added_is_listed) {
  ResultDocument const old_document = example_document();
  ResultDocument new_document = old_document;
  new_document.cases.push_back(example_case("linear/aca/new"));
  new_document.cases.back().row.status = Status::fail;

  Comparison const comparison = compare_examples(new_document, old_document);

  EXPECT_EQ(comparison.exit_code(), 0);
  EXPECT_EQ(line_on(comparison, "case", "linear/aca/new").reason, "new-case");
}

TEST(CompareCases, redefined_is_not_compared) {
  Answer const answer = after(adaptive, "case", [](CaseRecord& record) {
    record.row.case_hash = "another";
    record.cost.nfe_fwd *= 2;
  });
  expect(answer, Verdict::warning, "changed-definition", 0);
}

TEST(CompareCases, nothing_to_compare_is_never_green) {
  ResultDocument const old_document = example_document();
  ResultDocument new_document = old_document;
  for (CaseRecord& record : new_document.cases) record.row.case_hash = "another";
  ResultDocument empty = old_document;
  empty.cases.clear();

  EXPECT_THROW((void)compare_examples(new_document, old_document), UsageError);
  EXPECT_THROW((void)compare_examples(old_document, empty), UsageError);
  EXPECT_THROW((void)compare_examples(empty, old_document, {.allow_removed = true}), UsageError);
  EXPECT_EQ(compare_examples(empty, old_document).exit_code(), 1);
}

TEST(CompareCases, of_several_runs_the_last_counts) {
  ResultDocument const old_document = example_document();
  ResultDocument new_document = old_document;
  new_document.cases.push_back(new_document.cases[adaptive]);
  new_document.cases[adaptive].cost.nfe_fwd *= 2;

  EXPECT_EQ(compare_examples(new_document, old_document).exit_code(), 0);
}

// --- Tier A ----------------------------------------------------------------------------------------------------------

TEST(CompareStatus, pass_to_anything_else_is_red) {
  for (Status const status : {Status::fail, Status::error, Status::timeout, Status::nonfinite, Status::oom,
                              Status::skipped, Status::xfail, Status::xpass, Status::inconclusive, Status::crashed}) {
    SCOPED_TRACE(results::name_of(status));
    expect(after(adaptive, "status", [&](CaseRecord& record) { record.row.status = status; }), Verdict::worse,
           "status-worse", 1);
  }
}

TEST(CompareStatus, a_bad_baseline_gates_only_on_getting_worse) {
  struct Change {
    Status from, to;
    std::string reason;
    int code;
  };
  for (Change const& change :
       {Change{Status::fail, Status::pass, "status-better", 0}, Change{Status::fail, Status::fail, "status-equal", 0},
        Change{Status::fail, Status::nonfinite, "status-worse", 1},
        Change{Status::xfail, Status::pass, "status-better", 0},
        Change{Status::xfail, Status::xpass, "status-worse", 1},
        Change{Status::timeout, Status::oom, "status-changed", 0}}) {
    ResultDocument old_document = example_document();
    ResultDocument new_document = old_document;
    old_document.cases[adaptive].row.status = change.from;
    new_document.cases[adaptive].row.status = change.to;
    Comparison const comparison = compare_examples(new_document, old_document);
    EXPECT_EQ(line_on(comparison, "status", old_document.cases[adaptive].row.case_id).reason, change.reason);
    EXPECT_EQ(comparison.exit_code(), change.code);
  }
}

TEST(CompareStatus, numbers_of_a_failed_baseline_do_not_gate) {
  ResultDocument old_document = example_document();
  old_document.cases[adaptive].row.status = Status::fail;
  ResultDocument new_document = old_document;
  new_document.cases[adaptive].cost.nfe_fwd *= 2;
  new_document.cases[adaptive].accuracy.grad_rel_l2 *= 100;
  new_document.cases[adaptive].accuracy.grad_digest = "b";

  EXPECT_EQ(compare_examples(new_document, old_document).exit_code(), 0);
}

// --- Tier B ----------------------------------------------------------------------------------------------------------

TEST(CompareCounters, fixed_steps_are_exact) {
  auto const one_more = [](CaseRecord& record) { record.cost.nfe_fwd += 1; };
  auto const one_less = [](CaseRecord& record) { record.cost.nfe_fwd -= 1; };
  expect(after(fixed, "nfe_fwd", one_more), Verdict::worse, "counter-more", 1);
  expect(after(fixed, "nfe_fwd", one_more, {}, "other"), Verdict::worse, "counter-more", 1);
  expect(after(fixed, "nfe_fwd", one_less), Verdict::better, "counter-less", 0);
}

TEST(CompareCounters, adaptive_steps_have_a_slack) {
  // 1 % of 6000 is 60; 1 % of 10 is less than 1, so one rejected step more is allowed.
  expect(after(adaptive, "nfe_fwd", [](CaseRecord& r) { r.cost.nfe_fwd += 60; }), Verdict::within, "counter-within", 0);
  expect(after(adaptive, "nfe_fwd", [](CaseRecord& r) { r.cost.nfe_fwd += 61; }), Verdict::worse, "counter-more", 1);
  expect(after(adaptive, "nfe_fwd", [](CaseRecord& r) { r.cost.nfe_fwd -= 61; }), Verdict::better, "counter-less", 0);
  expect(after(adaptive, "steps_rejected", [](CaseRecord& r) { r.cost.steps_rejected += 1; }), Verdict::within,
         "counter-within", 0);
  expect(after(adaptive, "steps_rejected", [](CaseRecord& r) { r.cost.steps_rejected += 2; }), Verdict::worse,
         "counter-more", 1);
}

TEST(CompareCounters, every_counter_is_looked_at) {
  using results::CostRow;
  for (auto const& [name, member] :
       {std::pair{"steps_accepted", &CostRow::steps_accepted}, std::pair{"steps_rejected", &CostRow::steps_rejected},
        std::pair{"nfe_fwd", &CostRow::nfe_fwd}, std::pair{"nfe_bwd", &CostRow::nfe_bwd},
        std::pair{"n_jvp", &CostRow::n_jvp}, std::pair{"n_vjp", &CostRow::n_vjp},
        std::pair{"recomputed_steps", &CostRow::recomputed_steps}, std::pair{"newton_iters", &CostRow::newton_iters}}) {
    SCOPED_TRACE(name);
    expect(after(adaptive, name, [&](CaseRecord& record) { record.cost.*member = 2 * record.cost.*member + 2; }),
           Verdict::worse, "counter-more", 1);
    expect(after(adaptive, name, [&](CaseRecord& record) { record.cost.*member = -1; }), Verdict::worse,
           "measurement-lost", 1);
  }
}

TEST(CompareCounters, exactness_can_be_asked_for_by_tag) {
  auto const one_more = [](CaseRecord& record) { record.cost.nfe_fwd += 1; };
  Question question;
  question.rules.counters.exact = Exactness::always;
  expect(after(adaptive, "nfe_fwd", one_more, question, "other"), Verdict::worse, "counter-more", 1);
  question.rules.counters.exact_tags = {"ensemble"};
  expect(after(adaptive, "nfe_fwd", one_more, question, "other"), Verdict::worse, "counter-more", 1);
  question.rules.counters.exact_tags = {"field"};
  expect(after(adaptive, "nfe_fwd", one_more, question, "other"), Verdict::within, "counter-within", 0);
  question.rules.counters = {.exact = Exactness::same_software};
  expect(after(adaptive, "nfe_fwd", one_more, question), Verdict::worse, "counter-more", 1);
  expect(after(adaptive, "nfe_fwd", one_more, question, "other"), Verdict::within, "counter-within", 0);
}

TEST(CompareDigest, differs_only_within_one_build) {
  auto const other_bits = [](CaseRecord& record) { record.accuracy.grad_digest = std::string(64, 'b'); };
  expect(after(adaptive, "grad_digest", other_bits), Verdict::worse, "digest-differs", 1);
  expect(after(adaptive, "grad_digest", other_bits, {}, "other"), Verdict::not_compared, "digest-other-build", 0);
  Question always;
  always.rules.digest = {.use = DigestUse::always, .tags = {"ensemble"}};
  expect(after(adaptive, "grad_digest", other_bits, always, "other"), Verdict::worse, "digest-differs", 1);
  always.rules.digest.tags = {"field"};
  expect(after(adaptive, "grad_digest", other_bits, always), Verdict::not_compared, "digest-other-build", 0);
}

TEST(CompareDigest, of_what_is_not_reproducible_says_nothing) {
  expect(after(adaptive, "grad_digest",
               [](CaseRecord& record) {
                 record.accuracy.grad_digest = std::string(64, 'b');
                 record.checks.front().value = 1.0;
               }),
         Verdict::not_compared, "digest-not-reproducible", 0);
}

// --- Tier C ----------------------------------------------------------------------------------------------------------

TEST(CompareNumeric, an_error_may_grow_by_half) {
  auto const times = [](double factor) {
    return [factor](CaseRecord& record) { record.accuracy.grad_rel_l2 *= factor; };
  };
  expect(after(adaptive, "grad_rel_l2", times(1.49)), Verdict::within, "error-within", 0);
  expect(after(adaptive, "grad_rel_l2", times(1.51)), Verdict::worse, "error-grew", 1);
  expect(after(adaptive, "grad_rel_l2", times(0.5)), Verdict::better, "error-shrank", 0);
  expect(after(adaptive, "grad_abs_linf", [](CaseRecord& r) { r.accuracy.grad_abs_linf *= 1.51; }), Verdict::worse,
         "error-grew", 1);
}

TEST(CompareNumeric, one_minus_cosine_is_quadratic) {
  auto const times = [](double factor) {
    return [factor](CaseRecord& record) { record.accuracy.grad_cos_defect *= factor; };
  };
  expect(after(adaptive, "grad_cos_defect", times(2.0)), Verdict::within, "error-within", 0);
  expect(after(adaptive, "grad_cos_defect", times(2.3)), Verdict::worse, "error-grew", 1);
}

TEST(CompareNumeric, below_the_floor_is_noise) {
  // u = 1.1e-16, C = 1e3, kappa = 1: ten floors are 1.1e-12.
  ResultDocument old_document = example_document();
  old_document.cases[adaptive].accuracy.grad_rel_l2 = 1e-15;
  ResultDocument new_document = old_document;
  auto const reason_at = [&](double error) {
    new_document.cases[adaptive].accuracy.grad_rel_l2 = error;
    return line_on(compare_examples(new_document, old_document), "grad_rel_l2",
                   old_document.cases[adaptive].row.case_id)
        .reason;
  };

  old_document.cases[adaptive].accuracy.ref_uncertainty = results::not_measured;
  new_document.cases[adaptive].accuracy.ref_uncertainty = results::not_measured;
  EXPECT_EQ(reason_at(1.0e-12), "error-below-floor");
  EXPECT_EQ(reason_at(1.2e-12), "error-grew");
  old_document.cases[adaptive].accuracy.cond_estimate = 100.0;
  EXPECT_EQ(reason_at(1.2e-12), "error-below-floor");
  EXPECT_EQ(reason_at(1.2e-10), "error-grew");
  old_document.cases[adaptive].accuracy.ref_uncertainty = 1e-9;
  EXPECT_EQ(reason_at(0.9e-8), "error-below-floor");
  EXPECT_EQ(reason_at(1.1e-8), "error-grew");
  old_document.cases[adaptive].row.precision = "f32";  // u = 6e-8
  EXPECT_EQ(reason_at(1.1e-8), "error-below-floor");
}

TEST(CompareNumeric, not_finite) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (double const bad : {nan, infinity})
    expect(after(adaptive, "grad_rel_l2", [&](CaseRecord& r) { r.accuracy.grad_rel_l2 = bad; }), Verdict::worse,
           "not-finite", 1);
  ResultDocument old_document = example_document();
  old_document.cases[adaptive].accuracy.grad_rel_l2 = nan;
  Comparison const comparison = compare_examples(example_document(), old_document);
  EXPECT_EQ(line_on(comparison, "grad_rel_l2", old_document.cases[adaptive].row.case_id).reason, "became-finite");
  EXPECT_EQ(comparison.exit_code(), 0);
}

TEST(CompareNumeric, an_observed_order_may_drop_by_a_tenth) {
  ResultDocument old_document = example_document();
  old_document.convergence = {
      {.case_group = "g", .level = 3, .error_norm = "l2", .error = 1e-3, .observed_order = 2.0},
      {.case_group = "g", .level = 4, .error_norm = "l2", .error = 1e-4, .observed_order = 4.0}};
  ResultDocument new_document = old_document;
  auto const answer = [&](double order) {
    new_document.convergence.back().observed_order = order;
    Comparison const comparison = compare_examples(new_document, old_document);
    return Answer{comparison.exit_code(), line_on(comparison, "observed_order l2, level 4", "g")};
  };
  expect(answer(3.91), Verdict::within, "order-kept", 0);
  expect(answer(3.89), Verdict::worse, "order-dropped", 1);
  expect(answer(results::not_measured), Verdict::worse, "order-dropped", 1);
}

TEST(CompareNumeric, margins_of_checks_warn) {
  // 1e-13 of 1e-11: 1 % used.
  auto const value = [](double x) { return [x](CaseRecord& record) { record.checks.back().value = x; }; };
  expect(after(adaptive, "check dual", value(0.9e-12)), Verdict::same, "no such line", 0);
  expect(after(adaptive, "check dual", value(1.1e-12)), Verdict::warning, "margin-worse", 0);
  expect(after(adaptive, "check dual", [](CaseRecord& record) { record.checks.pop_back(); }), Verdict::warning,
         "check-lost", 0);
}

// --- Tier D ----------------------------------------------------------------------------------------------------------

constexpr char const* host_peak = "peak_above_baseline [Host]";

TEST(CompareMemory, equal_with_the_same_software) {
  auto const more = [](std::int64_t bytes) {
    return [bytes](CaseRecord& record) { record.memory.front().peak_above_baseline += bytes; };
  };
  expect(after(adaptive, host_peak, more(1)), Verdict::worse, "bytes-more", 3);
  expect(after(adaptive, host_peak, more(-1)), Verdict::better, "bytes-less", 0);
  // With another one 1 % of 800,000 and 4 KiB: 12,096.
  expect(after(adaptive, host_peak, more(12'096), {}, "other"), Verdict::within, "bytes-within", 0);
  expect(after(adaptive, host_peak, more(12'097), {}, "other"), Verdict::worse, "bytes-more", 3);
}

TEST(CompareMemory, allocations) {
  auto const more = [](CaseRecord& record) { record.memory.front().alloc_count += 1; };
  expect(after(adaptive, "alloc_count [Host]", more), Verdict::worse, "allocations-more", 3);
  expect(after(adaptive, "alloc_count [Host]", more, {}, "other"), Verdict::within, "allocations-within", 0);
}

TEST(CompareMemory, process_figures_only_warn) {
  expect(after(adaptive, "process_rss peak", [](CaseRecord& record) { record.memory.back().peak_bytes *= 2; }),
         Verdict::warning, "bytes-more", 0);
}

TEST(CompareMemory, lost_measurements_are_red) {
  expect(after(adaptive, host_peak, [](CaseRecord& record) { record.memory.clear(); }), Verdict::worse,
         "measurement-lost", 3);
}

TEST(CompareMemory, other_circumstances_are_not_compared) {
  auto const fatter = [](CaseRecord& record) { record.memory.front().peak_above_baseline *= 2; };
  expect(after(adaptive, "peak_above_baseline",
               [&](CaseRecord& record) {
                 fatter(record);
                 record.row.ranks = 2;
               }),
         Verdict::not_compared, "memory-other-ranks", 0);
  ResultDocument const old_document = example_document();
  ResultDocument new_document = old_document;
  fatter(new_document.cases[adaptive]);
  new_document.environment.front().value = "64";
  EXPECT_EQ(compare_examples(new_document, old_document).exit_code(), 0);
}

// --- Codes and gates -------------------------------------------------------------------------------------------------

TEST(CompareCodes, correctness_before_cost) {
  EXPECT_EQ(after(adaptive, "status",
                  [](CaseRecord& record) {
                    record.memory.front().peak_above_baseline *= 2;
                    record.cost.nfe_fwd *= 2;
                  })
                .code,
            1);
}

TEST(CompareCodes, what_does_not_gate_is_shown) {
  Question question;
  question.rules.gate = {.numeric = false, .counters = false, .memory = false, .time = false};
  auto const all_worse = [](CaseRecord& record) {
    record.memory.front().peak_above_baseline *= 2;
    record.cost.nfe_fwd *= 2;
    record.accuracy.grad_rel_l2 *= 2;
  };
  for (std::string const quantity : {"nfe_fwd", "grad_rel_l2", host_peak}) {
    Answer const answer = after(adaptive, quantity, all_worse, question);
    EXPECT_EQ(answer.line.verdict, Verdict::worse);
    EXPECT_EQ(answer.code, 0);
  }
  EXPECT_EQ(after(
                adaptive, "status", [](CaseRecord& r) { r.row.status = Status::fail; }, question)
                .code,
            1);
}

TEST(Presets, differ_as_they_say) {
  auto const grown = [](double factor) {
    return [factor](CaseRecord& record) { record.accuracy.grad_rel_l2 *= factor; };
  };
  EXPECT_EQ(after(adaptive, "grad_rel_l2", grown(1.3), {.rules = *preset("strict")}).code, 1);
  EXPECT_EQ(after(adaptive, "grad_rel_l2", grown(1.3), {.rules = *preset("default")}).code, 0);
  EXPECT_EQ(after(adaptive, "grad_rel_l2", grown(2.9), {.rules = *preset("permissive")}).code, 0);
  EXPECT_EQ(after(adaptive, "grad_rel_l2", grown(3.1), {.rules = *preset("permissive")}).code, 1);
  EXPECT_FALSE(preset("lenient"));
}

}  // namespace
}  // namespace retrace::compare
