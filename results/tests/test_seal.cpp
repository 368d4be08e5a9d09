#include "results/seal.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string_view>
#include <vector>

namespace retrace::results {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  auto const bytes = std::as_bytes(std::span<char const>(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

// The catalogued check value of CRC-64/XZ.
TEST(Seal, is_the_known_checksum) {
  EXPECT_EQ(crc64(bytes_of("123456789")), 0x995DC9BBDF1939FAU);
}

TEST(Seal, shows_every_damaged_byte) {
  std::vector<std::byte> image = bytes_of("some bytes of a file");
  std::size_t const size = image.size();

  append_seal(image);

  EXPECT_EQ(image.size(), size + 31);
  EXPECT_EQ(check_seal(image), Seal::intact);
  for (std::size_t place = 0; place < size; ++place) {
    std::vector<std::byte> damaged = image;
    damaged[place] ^= std::byte{1};
    EXPECT_EQ(check_seal(damaged), Seal::broken);
  }
  image[size + 20] ^= std::byte{1};
  EXPECT_EQ(check_seal(image), Seal::broken);
}

TEST(Seal, is_absent_without_one) {
  EXPECT_EQ(check_seal({}), Seal::absent);
  EXPECT_EQ(check_seal(bytes_of("short")), Seal::absent);
  EXPECT_EQ(check_seal(bytes_of("a file that is longer than the seal would be by itself")), Seal::absent);
}

}  // namespace
}  // namespace retrace::results
