#pragma once

#include "benchmarks/config_layers.hpp"

#include <span>
#include <string_view>

namespace retrace {

/// A suite whose text is part of the program, so that it needs no path; made from benchmarks/suites/<name>.toml.
struct BuiltinSuite {
  std::string_view name, text;
};

[[nodiscard]] std::span<BuiltinSuite const> builtin_suites();

/// The text of the built-in suite of that name, under the name `suite:<name>`; UsageError if there is none.
[[nodiscard]] ConfigText builtin_config(std::string_view name);

}  // namespace retrace
