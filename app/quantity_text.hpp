#pragma once

#include <cstdint>
#include <string>

namespace retrace::app {

/// "18.3MiB"; "-" below 0, which stands for what was not measured.
[[nodiscard]] std::string bytes_text(std::int64_t bytes);

/// "12.40ms"; "-" for NaN, which stands for what was not measured.
[[nodiscard]] std::string seconds_text(double seconds);

/// "2h 05min", "3min 20s", "12.5s": of a run.
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace retrace::app
