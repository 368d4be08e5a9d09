#include "benchmarks/builtin_suites.hpp"

#include "core/error.hpp"
#include "core/nearest_name.hpp"

#include <string>
#include <vector>

namespace retrace {

ConfigText builtin_config(std::string_view name) {
  std::vector<std::string> names;
  for (BuiltinSuite const& suite : builtin_suites()) {
    if (suite.name == name) return {"suite:" + std::string(name), std::string(suite.text)};
    names.emplace_back(suite.name);
  }
  throw UsageError("--suite: " + unknown_name_message("suite", name, names));
}

}  // namespace retrace
