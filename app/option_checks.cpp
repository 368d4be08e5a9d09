#include "app/option_checks.hpp"

#include "core/nearest_name.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace retrace::app {

namespace {

template <class Number>
bool parses(std::string const& text, Number& number) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

CLI::Validator integer_from(int least, int most) {
  auto const wanted =
      most == any_count ? fmt::format("an integer >= {}", least) : fmt::format("an integer from {} to {}", least, most);
  return {[=](std::string& text) {
            int value = 0;
            bool const good = parses(text, value) && least <= value && value <= most;
            return good ? std::string() : fmt::format("'{}' is not {}", text, wanted);
          },
          ""};
}

CLI::Validator seconds() {
  return {[](std::string& text) {
            double value = 0.0;
            bool const good = parses(text, value) && std::isfinite(value) && value >= 0.0;
            return good ? std::string() : fmt::format("'{}' is not a number of seconds >= 0", text);
          },
          ""};
}

std::string joined(std::vector<std::string> const& words) {
  return fmt::format("{}", fmt::join(words, "|"));
}

CLI::Validator one_of(std::vector<std::string> words) {
  return {[words = std::move(words)](std::string& text) {
            bool const good = std::ranges::find(words, text) != words.end();
            return good ? std::string() : unknown_name_message("word", text, words);
          },
          ""};
}

}  // namespace retrace::app
