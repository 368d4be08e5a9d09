#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace retrace::app {

/// A JSON object as TOML, one line per key, tables inside in their inline form. What is null is left out: TOML has no
/// word for it.
[[nodiscard]] std::string toml_text(nlohmann::json const& object);

}  // namespace retrace::app
