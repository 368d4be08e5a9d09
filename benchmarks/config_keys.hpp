#pragma once

#include "benchmarks/case_spec.hpp"
#include "benchmarks/config_reader.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

/// The keys of a suite file, its words and the ranges of its numbers: what the reader accepts and what the JSON Schema
/// says come from here.
namespace retrace::config {

inline constexpr std::int64_t schema = 1;  ///< the version of the format, key `schema`

inline constexpr auto suite_keys =
    std::to_array<std::string_view>({"schema", "title", "run", "checks", "report", "matrix", "limits"});
inline constexpr auto run_keys =
    std::to_array<std::string_view>({"seed", "repeat", "warmup", "min_time", "case_timeout", "order"});
inline constexpr auto report_keys = std::to_array<std::string_view>({"error", "cost"});
inline constexpr auto matrix_keys = std::to_array<std::string_view>(
    {"name", "problem", "problem_args", "method", "solver", "control", "loss", "time_gradients", "precision", "backend",
     "reference", "tags", "checks", "exclude", "expect"});
inline constexpr auto required_matrix_keys =
    std::to_array<std::string_view>({"name", "problem", "method", "solver", "control"});
inline constexpr auto control_keys = std::to_array<std::string_view>({"fixed", "adaptive"});
inline constexpr auto fixed_keys = std::to_array<std::string_view>({"n", "checkpoints", "damping", "coupling"});
inline constexpr auto adaptive_keys = std::to_array<std::string_view>(
    {"rtol", "atol", "initial_step", "max_steps", "controller", "norm", "checkpoints", "damping", "coupling"});
inline constexpr auto loss_keys = std::to_array<std::string_view>({"exact", "dense"});
inline constexpr auto expect_keys = std::to_array<std::string_view>({"where", "status", "reason"});
/// Of an `exclude` (with `reason` beside them) and of the `where` of an `expect`.
inline constexpr auto condition_keys =
    std::to_array<std::string_view>({"control", "problem_args", "problem", "method", "solver", "precision", "backend"});

inline std::vector<std::string> const run_orders{"interleaved", "config", "longest-first"};
inline std::vector<std::string> const whole_losses{"terminal", "integral"};
inline std::vector<std::string> const expected_statuses{"xfail"};

inline constexpr double most_steps = 1e12;
inline constexpr double most_repetitions = 100'000.0;
inline constexpr NumberRange seed_range{.minimum = 0.0};
inline constexpr NumberRange repeat_range{.minimum = 1.0, .maximum = most_repetitions};
inline constexpr NumberRange warmup_range{.minimum = 0.0, .maximum = most_repetitions};
inline constexpr NumberRange positive_range{.minimum = 0.0, .minimum_excluded = true};
inline constexpr NumberRange rtol_range{.minimum = 0.0, .maximum = 1.0, .minimum_excluded = true};
inline constexpr NumberRange initial_step_range{.minimum = 0.0};
inline constexpr NumberRange steps_range{.minimum = 1.0, .maximum = most_steps};
inline constexpr NumberRange checkpoints_range{.minimum = 1.0, .maximum = ControlSpec::most_checkpoints};
/// Of `damping` and `coupling`.
inline constexpr NumberRange share_range{.minimum = 0.0, .maximum = 1.0, .minimum_excluded = true};
inline constexpr double useless_damping = 0.5;  ///< a step of mali forgets its velocity
inline constexpr NumberRange observations_range{.minimum = 0.0, .maximum = Objective::most_observations};

}  // namespace retrace::config
