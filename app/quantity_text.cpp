#include "app/quantity_text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace retrace::app {

std::string bytes_text(std::int64_t bytes) {
  if (bytes < 0) return "-";
  double value = static_cast<double>(bytes);
  int unit = 0;
  constexpr char const* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  while (value >= 1024.0 && unit < 4) {
    value /= 1024.0;
    ++unit;
  }
  return unit == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.1f}{}", value, units[unit]);
}

std::string seconds_text(double seconds) {
  if (std::isnan(seconds)) return "-";
  if (seconds < 1e-3) return fmt::format("{:.1f}us", seconds * 1e6);
  if (seconds < 1.0) return fmt::format("{:.2f}ms", seconds * 1e3);
  return fmt::format("{:.2f}s", seconds);
}

std::string duration_text(double seconds) {
  constexpr double minute = 60.0;
  constexpr long long minutes_of_hour = 60;
  if (seconds < minute) return fmt::format("{:.1f}s", seconds);
  auto const whole = static_cast<long long>(std::round(seconds));
  long long const minutes = whole / 60;
  if (minutes < minutes_of_hour) return fmt::format("{}min {:02}s", minutes, whole % 60);
  return fmt::format("{}h {:02}min", minutes / minutes_of_hour, minutes % minutes_of_hour);
}

}  // namespace retrace::app
