#pragma once

#include <string>
#include <string_view>

namespace retrace::results {

/// Text as the content of an XML element or attribute. Control characters, which XML cannot hold, become blanks.
[[nodiscard]] inline std::string xml_text(std::string_view text) {
  std::string escaped;
  for (char const c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20U && c != '\n' ? ' ' : c;
    }
  }
  return escaped;
}

}  // namespace retrace::results
