#include "benchmarks/units.hpp"

#include "core/error.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace retrace {

namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array duration_units{Unit{"ns", 1e-9}, Unit{"us", 1e-6},  Unit{"ms", 1e-3},  Unit{"s", 1.0},
                                    Unit{"m", 60.0},  Unit{"min", 60.0}, Unit{"h", 3600.0}, Unit{"d", 86400.0}};
constexpr double kibi = 1024.0;
constexpr std::array size_units{Unit{"B", 1.0},
                                Unit{"kB", 1e3},
                                Unit{"MB", 1e6},
                                Unit{"GB", 1e9},
                                Unit{"TB", 1e12},
                                Unit{"KiB", kibi},
                                Unit{"MiB", kibi* kibi},
                                Unit{"GiB", kibi* kibi* kibi},
                                Unit{"TiB", kibi* kibi* kibi* kibi}};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void skip_blanks(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
}

/// Takes one number and its unit off the front of `rest` and returns their product, or NaN if there is none.
template <std::size_t Count>
double take_quantity(std::string_view& rest, std::array<Unit, Count> const& units) {
  double number = 0.0;
  auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || !std::isfinite(number) || std::signbit(number)) return std::nan("");
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  skip_blanks(rest);
  std::size_t letters = 0;
  while (letters < rest.size() && is_letter(rest[letters])) ++letters;
  for (Unit const& unit : units) {
    if (unit.name != rest.substr(0, letters)) continue;
    rest.remove_prefix(letters);
    skip_blanks(rest);
    return number * unit.factor;
  }
  return std::nan("");
}

/// Of what `take_quantity` takes.
template <std::size_t Count>
std::string quantity_pattern(std::array<Unit, Count> const& units) {
  std::string names;
  for (Unit const& unit : units) names += (names.empty() ? "" : "|") + std::string(unit.name);
  return "([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)? *(" + names + ") *";
}

std::string without_exponent_padding(std::string text) {
  std::size_t const exponent = text.find('e');
  if (exponent == std::string::npos) return text;
  std::size_t digits = exponent + 1;
  if (text[digits] == '+') text.erase(digits, 1);
  if (text[digits] == '-') ++digits;
  while (digits + 1 < text.size() && text[digits] == '0') text.erase(digits, 1);
  return text;
}

}  // namespace

double parse_duration(std::string_view text) {
  std::string_view rest = text;
  double seconds = 0.0;
  do {
    seconds += take_quantity(rest, duration_units);
  } while (!rest.empty() && std::isfinite(seconds));
  if (!std::isfinite(seconds)) {
    throw UsageError("'" + std::string(text) + "' is not a duration; expected a number with its unit, such as 200ms, " +
                     "30s, 10min, 1h30min");
  }
  return seconds;
}

std::int64_t parse_byte_size(std::string_view text) {
  std::string_view rest = text;
  double const bytes = take_quantity(rest, size_units);
  constexpr double largest = 9e18;
  if (!(bytes <= largest) || !rest.empty()) {
    throw UsageError("'" + std::string(text) +
                     "' is not a size; expected a number with its unit, such as 512B, 64KiB, " + "1.5GB");
  }
  return static_cast<std::int64_t>(bytes);
}

std::string duration_pattern() {
  return "^(" + quantity_pattern(duration_units) + ")+$";
}

std::string byte_size_pattern() {
  return "^" + quantity_pattern(size_units) + "$";
}

std::string shortest(double value) {
  std::array<char, 32> buffer{};
  auto const result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return without_exponent_padding(std::string(buffer.data(), result.ptr));
}

std::string shortest_scientific(double value) {
  std::array<char, 32> buffer{};
  auto const result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  return without_exponent_padding(std::string(buffer.data(), result.ptr));
}

}  // namespace retrace
