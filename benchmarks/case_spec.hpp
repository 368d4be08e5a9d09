#pragma once

#include "benchmarks/loss_spec.hpp"
#include "benchmarks/vocabulary.hpp"
#include "problems/arguments.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// What decides the steps of a case: the axis along which work and precision are traded.
struct ControlSpec {
  bool adaptive = true;
  double rtol = 1e-6, atol = 1e-6;      ///< adaptive
  std::int64_t steps = 0;               ///< fixed: number of equal steps
  double initial_step = 0.0;            ///< adaptive; 0: chosen by Hairer, Nørsett & Wanner II.4
  std::int64_t max_steps = 100'000;     ///< adaptive: limit on trials, accepted and rejected
  std::string controller = "standard";  ///< adaptive: name of the step-size rule
  std::string norm = "rms";             ///< adaptive: what the error norm is of the components
  std::int64_t checkpoints = 20;        ///< states that a method with a budget keeps
  static constexpr std::int64_t most_checkpoints = 256;
  std::int64_t checkpoint_bytes =
      0;                    ///< or as many states as fit into so many bytes, for each trajectory; 0: not given
  double damping = 1.0;     ///< eps of mali
  double coupling = 0.999;  ///< kappa of reversible_rk
};

/// What a case is expected to end with. Anything but a pass has a reason, which the report prints.
struct Expectation {
  std::string status = "pass";  ///< "pass" or "xfail"
  std::string reason{};
};

/// One case of a suite, complete: names, arguments with their defaults, settings. Plain data.
struct CaseSpec {
  std::string problem, method, solver;
  std::string precision = "f64", backend = "default";
  nlohmann::json problem_args = nlohmann::json::object();  ///< every argument: a number, an integer or an integer list
  std::string size;                                        ///< argument part of the id, by `size_label`
  ControlSpec control{};
  LossSpec loss{};
  std::uint64_t seed = 0;
  std::vector<std::string> tags{};                   ///< the problem's family and tags, then the matrix's
  std::string reference = "auto";                    ///< what errors are measured against: the problem's own, or "quad"
  nlohmann::json checks = nlohmann::json::object();  ///< by name: {"enable": …, options with their defaults}
  bool own_checks = false;                           ///< the matrix has settings beside those of the suite
  Expectation expected{};
  std::map<std::string, double> limits{};  ///< by quantity; those in [limits] that apply to problem and method
  std::string matrix{};                    ///< name of the [[matrix]] it comes from
  std::string origin{};                    ///< `file:line:column` of that matrix
};

/// "fixed:n=64", "adaptive:rtol=1e-6,atol=1e-8": what `exclude` and `expect` match, and the column of the result file.
[[nodiscard]] std::string control_label(ControlSpec const& control);

/// "n1024-T2-mu5-widths8x16x8": n always and first, then whatever differs from its default, in declared order.
[[nodiscard]] std::string size_label(nlohmann::json const& problem_args, std::vector<ArgumentSpec> const& known);

/// The readable, stable name of a case: problem/method/solver/control/size/precision/backend, such as
/// `lorenz63/aca/dormand_prince54/rtol1e-6-atol1e-6/n1024-T2/f64/default`. Made of [A-Za-z0-9_.=-] and the slashes.
[[nodiscard]] std::string case_id(CaseSpec const& spec);

/// What defines the numbers of a case, seed included; tags, checks, limits and expectations excluded.
[[nodiscard]] nlohmann::json canonical_json(CaseSpec const& spec);

/// First 16 hex digits of the SHA-256 of the canonical JSON.
[[nodiscard]] std::string case_hash(CaseSpec const& spec);

/// What the result file holds of the case beside its other columns and the configuration in effect: the canonical JSON
/// without names and seed, the matrix and, where they are not those of the whole suite or the usual ones, checks,
/// limits, reference and expectation.
[[nodiscard]] nlohmann::json describe(CaseSpec const& spec);

/// The arguments of a case as a problem's constructor takes them.
[[nodiscard]] Arguments to_arguments(nlohmann::json const& problem_args);

}  // namespace retrace
