#pragma once

#include "app/options.hpp"
#include "benchmarks/case_spec.hpp"
#include "results/store.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace retrace::app {

/// What is left to do, and what the result holds already. Decided on rank 0.
struct ResumePlan {
  results::ResultDocument document;  ///< earlier runs and cases, and the run that begins now as the last
  results::AttemptsById attempts;
  std::vector<bool> wanted;           ///< for each case of the selection: is it to be run?
  std::vector<std::string> notes;     ///< for the user
  std::vector<std::string> warnings;  ///< for the user, in any case
  bool complete = false;              ///< nothing is left, and the file says so already

  [[nodiscard]] std::size_t left() const;
};

/// How often a case may take its program down before it counts as crashed.
inline constexpr int most_attempts = 2;

/// What a result was asked for beside its suite; two runs may share a file only if it is equal.
[[nodiscard]] nlohmann::json request_of(Options const& options);

/// "run.repeat: 9 before, 3 now" for every key of the two configurations that differs and matters: titles, axes of the
/// report, time-outs and the order of cases do not.
[[nodiscard]] std::vector<std::string> differing_keys(nlohmann::json const& before, nlohmann::json const& now);

/// `now` holds the head of the result and one run, the one that begins. Throws UsageError when the earlier result must
/// not be continued: --resume=never, another configuration, another build.
[[nodiscard]] ResumePlan plan_resume(Options const& options, std::vector<CaseSpec> const& cases,
                                     results::ResultDocument now, std::optional<results::EarlierResult> earlier);

/// What is known of a case that never came back.
[[nodiscard]] results::CaseRecord lost_case(CaseSpec const& spec, results::Status status, std::string reason);

}  // namespace retrace::app
