#pragma once

#include "benchmarks/suite.hpp"

#include <nlohmann/json.hpp>

namespace retrace {

/// [run] as the effective configuration holds it.
[[nodiscard]] nlohmann::json settings_json(RunSettings const& run);

}  // namespace retrace
