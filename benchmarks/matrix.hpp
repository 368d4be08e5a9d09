#pragma once

#include "benchmarks/suite.hpp"
#include "benchmarks/toml_reader.hpp"

#include <map>
#include <string>

namespace retrace {

/// What all matrices of a suite share.
struct MatrixContext {
  Vocabulary const& vocabulary;
  std::uint64_t seed;
  nlohmann::json checks;  ///< settings of [checks] over the defaults; see `check_settings`
  /// By problem, quantity and method; the method "" stands for all.
  std::map<std::string, std::map<std::string, std::map<std::string, double>>> limits;
};

/// `base` (by check: {"enable": …, options}) with a table [checks] or a matrix's own `checks` put over it.
[[nodiscard]] nlohmann::json check_settings(ConfigValue const* table, nlohmann::json base,
                                            Vocabulary const& vocabulary);

/// Expands one [[matrix]] and appends its cases, and those it excludes, to the suite.
void expand_matrix(ConfigValue const& matrix, MatrixContext const& context, Suite& suite);

}  // namespace retrace
