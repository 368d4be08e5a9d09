// Tier B: exact counters and the bits of the gradient.
#include "results/compare/case_tiers.hpp"
#include "results/compare/line_making.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace retrace::compare {

namespace {

using detail::decide;
using detail::decide_count;
using detail::line_of;
using detail::slack_of;

bool has_one_of(std::string_view tags, std::vector<std::string> const& wanted) {
  if (wanted.empty()) return true;
  return std::ranges::any_of(wanted, [&](std::string const& tag) {
    std::string const padded = ";" + std::string(tags) + ";";
    return padded.find(";" + tag + ";") != std::string::npos;
  });
}

bool counters_are_exact(CasePair const& pair) {
  if (pair.old_record.row.control.starts_with("fixed:")) return true;
  CounterRules const& rules = pair.rules.counters;
  if (rules.exact == Exactness::fixed_steps || !has_one_of(pair.old_record.row.tags, rules.exact_tags)) return false;
  return rules.exact == Exactness::always || pair.surroundings.same_software;
}

/// Whether a second run of the same program gave the same bits.
bool is_reproducible(results::CaseRecord const& record) {
  return std::ranges::any_of(record.checks, [](results::CheckRow const& row) {
    return row.check == "repro" && row.verdict == results::Verdict::pass && row.value == 0.0;
  });
}

Line digest_line(CasePair const& pair) {
  DigestRules const& rules = pair.rules.digest;
  std::string const &old_digest = pair.old_record.accuracy.grad_digest,
                    &new_digest = pair.new_record.accuracy.grad_digest;
  // A case that failed has no bits worth keeping, whichever way they changed.
  bool const sound = pair.old_record.row.status == results::Status::pass;
  Line line = line_of(pair, Tier::counters, "grad_digest", pair.rules.gate.counters && sound);
  line.old_value = old_digest.substr(0, 12);
  line.new_value = new_digest.substr(0, 12);
  line.limit = line.old_value;
  bool const same_build = pair.surroundings.same_software && pair.surroundings.same_hardware;
  bool const wanted = (rules.use == DigestUse::always || (rules.use == DigestUse::same_build && same_build)) &&
                      has_one_of(pair.old_record.row.tags, rules.tags);
  if (old_digest == new_digest)
    decide(line, Verdict::same, "digest-equal");
  else if (!wanted)
    decide(line, Verdict::not_compared, "digest-other-build");
  else if (!is_reproducible(pair.old_record) || !is_reproducible(pair.new_record))
    decide(line, Verdict::not_compared, "digest-not-reproducible");
  else
    decide(line, Verdict::worse, new_digest.empty() ? "measurement-lost" : "digest-differs");
  return line;
}

}  // namespace

std::vector<Line> counter_lines(CasePair const& pair) {
  using results::CostRow;
  constexpr std::array<std::pair<std::string_view, std::int64_t CostRow::*>, 8> counters{{
      {"steps_accepted", &CostRow::steps_accepted},
      {"steps_rejected", &CostRow::steps_rejected},
      {"nfe_fwd", &CostRow::nfe_fwd},
      {"nfe_bwd", &CostRow::nfe_bwd},
      {"n_jvp", &CostRow::n_jvp},
      {"n_vjp", &CostRow::n_vjp},
      {"recomputed_steps", &CostRow::recomputed_steps},
      {"newton_iters", &CostRow::newton_iters},
  }};
  std::vector<Line> lines;
  bool const exact = counters_are_exact(pair);
  for (auto const& [name, member] : counters) {
    Line line = line_of(pair, Tier::counters, name, pair.rules.gate.counters);
    std::int64_t const old_count = pair.old_record.cost.*member;
    std::int64_t const slack =
        exact ? 0 : slack_of(old_count, pair.rules.counters.slack_share, pair.rules.counters.slack_count);
    if (decide_count(line, old_count, pair.new_record.cost.*member, slack, "counter")) lines.push_back(std::move(line));
  }
  if (!pair.old_record.accuracy.grad_digest.empty()) lines.push_back(digest_line(pair));
  return lines;
}

}  // namespace retrace::compare
