#pragma once

#include "benchmarks/case_spec.hpp"
#include "benchmarks/config_layers.hpp"
#include "benchmarks/vocabulary.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// [run]: how cases are repeated and timed.
struct RunSettings {
  std::uint64_t seed = 20240601;
  int repeat = 9;                       ///< timed repetitions per launch
  int warmup = 2;                       ///< untimed repetitions before them
  double min_time_seconds = 0.2;        ///< inner calls are batched until one sample lasts this long
  double case_timeout_seconds = 600.0;  ///< watchdog of each case
  std::string order = "interleaved";    ///< interleaved | config | longest-first; see case_order.hpp
};

/// [report]: the axes that the report draws unless told otherwise.
struct ReportSettings {
  std::string error = "grad_rel_l2", cost = "time";
};

/// A case that a matrix leaves out on purpose.
struct ExcludedCase {
  std::string id, reason, matrix;
};

/// A suite as written, expanded to cases in the order of the file. Every name is valid, every number in range.
struct Suite {
  std::string title;
  RunSettings run;
  ReportSettings report;
  std::vector<CaseSpec> cases;
  std::vector<ExcludedCase> excluded;
  nlohmann::json effective;         ///< the configuration after all files, overrides and defaults; for the result file
  std::vector<ConfigText> sources;  ///< the files as read
  std::vector<std::string> overrides;  ///< the `KEY=VALUE` options as given
};

/// Reads, merges (later files win, then the `KEY=VALUE` overrides) and expands. The reader is strict: an unknown key or
/// name, a wrong type, a value out of range or not finite, a matrix without cases, two cases with one id: each is a
/// UsageError "file:line:column: …" of one line, with the nearest valid name.
[[nodiscard]] Suite parse_suite(std::span<ConfigText const> files, std::span<std::string const> overrides,
                                Vocabulary const& vocabulary);

[[nodiscard]] Suite parse_suite(std::string_view text, std::string_view source_name, Vocabulary const& vocabulary);

[[nodiscard]] Suite load_suite(std::string const& path, Vocabulary const& vocabulary);

}  // namespace retrace
