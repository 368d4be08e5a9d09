#include "app/toml_text.hpp"

namespace retrace::app {

namespace {

/// JSON's strings are TOML's basic strings.
std::string inline_value(nlohmann::json const& value) {
  std::string text, separator;
  if (value.is_object()) {
    for (auto const& [key, member] : value.items()) {
      if (member.is_null()) continue;
      text += separator + nlohmann::json(key).dump() + " = " + inline_value(member);
      separator = ", ";
    }
    return "{ " + text + " }";
  }
  if (!value.is_array()) return value.dump();
  for (nlohmann::json const& item : value) {
    text += separator + inline_value(item);
    separator = ", ";
  }
  return "[" + text + "]";
}

}  // namespace

std::string toml_text(nlohmann::json const& object) {
  std::string text;
  for (auto const& [key, member] : object.items()) {
    if (!member.is_null()) text += nlohmann::json(key).dump() + " = " + inline_value(member) + '\n';
  }
  return text;
}

}  // namespace retrace::app
