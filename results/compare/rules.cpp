#include "results/compare/rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace retrace::compare {

namespace {

std::string quoted_list(std::vector<std::string> const& words) {
  std::string text = "[";
  for (std::string const& word : words) text += fmt::format("{}\"{}\"", text.size() > 1 ? ", " : "", word);
  return text + "]";
}

}  // namespace

std::vector<std::string> preset_names() {
  return {"strict", "default", "permissive"};
}

std::optional<Rules> preset(std::string_view name) {
  Rules rules;
  rules.preset = std::string(name);
  if (name == "strict") {
    rules.counters.exact = Exactness::same_software;
    rules.numeric.worse_factor = 1.25;
    rules.time.slower = 0.01;
    return rules;
  }
  if (name == "default") return rules;
  if (name == "permissive") {
    rules.counters.slack_share = 0.10;
    rules.numeric.worse_factor = 3.0;
    rules.memory.slack_share = 0.10;
    rules.time.slower = 0.10;
    rules.time.same = 0.10;
    return rules;
  }
  return std::nullopt;
}

std::vector<std::string> exactness_names() {
  return {"fixed-steps", "same-software", "always"};
}

std::vector<std::string> digest_use_names() {
  return {"never", "same-build", "always"};
}

std::string dump_rules(Rules const& rules) {
  std::string text = "schema = 1\n";
  auto const section = [&](char const* name, char const* what) { text += fmt::format("\n[{}]  # {}\n", name, what); };
  auto const key = [&](char const* name, auto const& value, char const* what) {
    std::string const assignment = fmt::format("{} = {}", name, value);
    text += fmt::format("{:<32}# {}\n", assignment, what);
  };
  auto const quoted = [](std::string const& word) { return '"' + word + '"'; };
  key("preset", quoted(rules.preset), "strict, default, permissive: what the keys that are left out say");

  section("gate", "which tiers may turn a comparison red; a worse status always does");
  key("numeric", rules.gate.numeric, "errors, observed orders");
  key("counters", rules.gate.counters, "evaluations, steps, digests");
  key("memory", rules.gate.memory, "bytes and allocations of the solver");
  key("time", rules.gate.time, "seconds");

  CounterRules const& counters = rules.counters;
  section("counters", "more work is a regression; fixed steps must be equal");
  key("exact", quoted(exactness_names()[static_cast<std::size_t>(counters.exact)]),
      "fixed-steps, same-software, always: where adaptive cases must be equal, too");
  key("exact_tags", quoted_list(counters.exact_tags), "if any: only for cases with one of these tags");
  key("slack_share", counters.slack_share, "elsewhere this share of the old count is allowed,");
  key("slack_count", counters.slack_count, "or this many, whichever is more");

  section("digest", "the bits of loss and gradient");
  key("use", quoted(digest_use_names()[static_cast<std::size_t>(rules.digest.use)]), "never, same-build, always");
  key("tags", quoted_list(rules.digest.tags), "if any: only for cases with one of these tags");

  NumericRules const& numeric = rules.numeric;
  section("numeric", "worse: new > worse_factor * old and new > floor_factor * floor");
  key("worse_factor", numeric.worse_factor, "growth of an error that is accepted");
  key("floor_factor", numeric.floor_factor, "errors below this many floors are noise");
  key("rounding_factor", numeric.rounding_factor, "C: floor = max(C u kappa, uncertainty of the reference)");
  key("order_drop", numeric.order_drop, "accepted drop of an observed order");
  key("margin_factor", numeric.margin_factor, "warn when value / threshold of a check grows by this");
  key("margin_from", numeric.margin_from, "and is above this");

  MemoryRules const& memory = rules.memory;
  section("memory", "equal with the same software, else a slack");
  key("slack_share", memory.slack_share, "share of the old value that is allowed, for bytes plus");
  key("slack_bytes", fmt::format("\"{}B\"", memory.slack_bytes), "these; for allocations it is the share or");
  key("slack_count", memory.slack_count, "this many, whichever is more");
  key("process_share", memory.process_share, "process and device figures warn above this share");
  key("process_bytes", fmt::format("\"{}B\"", memory.process_bytes), "plus these");

  TimeRules const& time = rules.time;
  section("time", "Welch's interval on the medians of launches, in log");
  key("launches", time.launches, "on each side, before a time may gate (at least 5)");
  key("slower", time.slower, "slow-down that is accepted");
  key("same", time.same, "the interval must lie within plus and minus this to be called the same");
  key("confidence", time.confidence, "of the one-sided bound that must be above `slower`");
  key("same_confidence", time.same_confidence, "of the two-sided interval that must be inside `same`");
  key("power", time.power, "chance of being found, of the smallest detectable change");
  key("false_discovery", time.false_discovery, "q of Benjamini and Hochberg, over all cases");
  return text;
}

}  // namespace retrace::compare
