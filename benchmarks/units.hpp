#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace retrace {

/// Seconds in "200ms", "10min", "1h30min", "2.5 s": one or more numbers, each with its unit (ns, us, ms, s, min or m,
/// h, d). A number without a unit, a negative or a non-finite one is a UsageError that says what was expected.
[[nodiscard]] double parse_duration(std::string_view text);

/// Bytes in "64KiB", "1.5 GB", "12B": a number with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB); rounded down to a
/// whole byte. Anything else is a UsageError.
[[nodiscard]] std::int64_t parse_byte_size(std::string_view text);

/// Regular expressions (ECMA 262) of the texts that these two accept.
[[nodiscard]] std::string duration_pattern();
[[nodiscard]] std::string byte_size_pattern();

/// The shortest decimal form that reads back as the same number: "0.15", "2", "1e-6".
[[nodiscard]] std::string shortest(double value);

/// The same, always with an exponent: "1e-3", "2.5e-4".
[[nodiscard]] std::string shortest_scientific(double value);

}  // namespace retrace
