#pragma once

#include "benchmarks/vocabulary.hpp"

#include <nlohmann/json.hpp>

namespace retrace {

/// The JSON Schema (draft 7) of a suite, for editors and for programs that write suites. Keys, words and ranges are
/// those of the reader ("benchmarks/config_keys.hpp", the vocabulary). What it cannot say, the reader alone does: that
/// solvers and controls go together, that arguments do, that ids are unique. It takes 1.0 for an integer, the reader
/// does not.
[[nodiscard]] nlohmann::ordered_json config_schema(Vocabulary const& vocabulary);

}  // namespace retrace
