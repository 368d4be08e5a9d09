#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What `retrace compare` calls a regression. Every number that a verdict depends on stands here, once; docs/compare.md
/// says why each has its value.
namespace retrace::compare {

/// Where counters of adaptive cases must be equal; those of fixed steps must be, always. Elsewhere a slack is allowed.
enum class Exactness : std::uint8_t { fixed_steps, same_software, always };
/// When gradient digests are compared: never, between runs of one build on one kind of machine, or always.
enum class DigestUse : std::uint8_t { never, same_build, always };

/// Which tiers may turn a comparison red. Tier A, the status, always may.
struct Gates {
  bool numeric = true, counters = true, memory = true, time = true;
};

struct CounterRules {
  Exactness exact = Exactness::fixed_steps;
  std::vector<std::string> exact_tags{};  ///< if any, `exact` holds only for cases that have one of them
  double slack_share = 0.01;
  std::int64_t slack_count = 1;  ///< the larger of the two is allowed
};

struct DigestRules {
  DigestUse use = DigestUse::same_build;
  std::vector<std::string> tags{};  ///< if any, only cases that have one of them
};

struct NumericRules {
  double worse_factor = 1.5;     ///< an error may grow by this
  double floor_factor = 10.0;    ///< and below this many floors it is noise
  double rounding_factor = 1e3;  ///< C of the floor max(C u kappa, uncertainty of the reference)
  double order_drop = 0.1;       ///< of an observed order
  double margin_factor = 10.0;   ///< a check that comes this much closer to its threshold is worth a warning,
  double margin_from = 0.01;     ///< once it has used this share of it
};

struct MemoryRules {
  double slack_share = 0.01;
  std::int64_t slack_bytes = 4096, slack_count = 1;  ///< with another software; none with the same
  double process_share = 0.10;
  std::int64_t process_bytes = 16 * 1024 * 1024;  ///< process and device figures, which only warn
};

struct TimeRules {
  int launches = 5;               ///< on each side, before a time may gate
  double slower = 0.03;           ///< a slow-down up to this is accepted
  double same = 0.05;             ///< the interval must lie within this to be called the same
  double confidence = 0.99;       ///< of the one-sided bound
  double same_confidence = 0.90;  ///< of the two-sided interval
  double power = 0.95;            ///< for "smallest change that would have been found"
  double false_discovery = 0.05;  ///< q of Benjamini and Hochberg, over the cases of one comparison
};

struct Rules {
  std::string preset = "default";
  Gates gate{};
  CounterRules counters{};
  DigestRules digest{};
  NumericRules numeric{};
  MemoryRules memory{};
  TimeRules time{};
};

/// Names of the presets, strictest first.
[[nodiscard]] std::vector<std::string> preset_names();
/// The rules of a preset, or nothing.
[[nodiscard]] std::optional<Rules> preset(std::string_view name);

/// The rules as the TOML file that gives them: every key, with a word on its meaning.
[[nodiscard]] std::string dump_rules(Rules const& rules);

[[nodiscard]] std::vector<std::string> exactness_names();
[[nodiscard]] std::vector<std::string> digest_use_names();

}  // namespace retrace::compare
