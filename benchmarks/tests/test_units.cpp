#include "benchmarks/tests/example_vocabulary.hpp"
#include "benchmarks/units.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace retrace::test {
namespace {

TEST(Duration, each_unit_in_seconds) {
  EXPECT_DOUBLE_EQ(parse_duration("250ns"), 250e-9);
  EXPECT_DOUBLE_EQ(parse_duration("3us"), 3e-6);
  EXPECT_DOUBLE_EQ(parse_duration("200ms"), 0.2);
  EXPECT_DOUBLE_EQ(parse_duration("2.5 s"), 2.5);
  EXPECT_DOUBLE_EQ(parse_duration("10min"), 600.0);
  EXPECT_DOUBLE_EQ(parse_duration("55m"), 3300.0);
  EXPECT_DOUBLE_EQ(parse_duration("2h"), 7200.0);
  EXPECT_DOUBLE_EQ(parse_duration("1d"), 86400.0);
  EXPECT_DOUBLE_EQ(parse_duration("1h30min"), 5400.0);
  EXPECT_DOUBLE_EQ(parse_duration("0s"), 0.0);
}

TEST(Duration, refuses_what_is_none) {
  for (std::string const text : {"", "10", "ms", "-1s", "1 parsec", "nan s", "infs", "1s x", "s1", "1e400s"}) {
    std::string const message = message_of([&] { static_cast<void>(parse_duration(text)); });
    EXPECT_EQ(message,
              "'" + text + "' is not a duration; expected a number with its unit, such as 200ms, 30s, 10min, 1h30min");
  }
}

TEST(ByteSize, each_unit_in_bytes) {
  EXPECT_EQ(parse_byte_size("12B"), 12);
  EXPECT_EQ(parse_byte_size("64KiB"), 65536);
  EXPECT_EQ(parse_byte_size("1.5 MiB"), 1572864);
  EXPECT_EQ(parse_byte_size("2GiB"), 2147483648);
  EXPECT_EQ(parse_byte_size("3kB"), 3000);
  EXPECT_EQ(parse_byte_size("4MB"), 4000000);
  EXPECT_EQ(parse_byte_size("0.5B"), 0);
}

TEST(ByteSize, refuses_what_is_none) {
  for (std::string const text : {"", "10", "KiB", "-1B", "1 KiB 2", "nanB", "1kib", "9999999999TiB"}) {
    std::string const message = message_of([&] { static_cast<void>(parse_byte_size(text)); });
    EXPECT_EQ(message, "'" + text + "' is not a size; expected a number with its unit, such as 512B, 64KiB, 1.5GB");
  }
}

TEST(Shortest, is_short_and_reads_back) {
  EXPECT_EQ(shortest(2.0), "2");
  EXPECT_EQ(shortest(0.15), "0.15");
  EXPECT_EQ(shortest(1e-6), "1e-6");
  EXPECT_EQ(shortest(1e22), "1e22");
  EXPECT_EQ(shortest(-0.5), "-0.5");
  EXPECT_EQ(shortest_scientific(1e-3), "1e-3");
  EXPECT_EQ(shortest_scientific(2.5e-10), "2.5e-10");
  EXPECT_EQ(shortest_scientific(1.0), "1e0");
  for (double const value : {0.1, 1.0 / 3.0, 1e-300, 6.02e23}) {
    EXPECT_EQ(std::strtod(shortest(value).c_str(), nullptr), value);
    EXPECT_EQ(std::strtod(shortest_scientific(value).c_str(), nullptr), value);
  }
}

}  // namespace
}  // namespace retrace::test
