#pragma once

#include "benchmarks/toml_reader.hpp"

#include <string_view>

namespace retrace {

/// Reads JSON (RFC 8259) into the same tree as `parse_toml`, with the position of every key and value. A syntax error,
/// a key given twice, null and an integer beyond 64 bits are UsageErrors with file, line and column.
[[nodiscard]] ConfigValue parse_json(std::string_view text, std::string_view source_name);

}  // namespace retrace
