#include "core/digest.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace retrace {
namespace {

// FIPS 180-4 examples (NIST "SHA_All", one block, two blocks, empty message).
TEST(Sha256, standard_examples) {
  EXPECT_EQ(sha256_hex(std::string_view()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, pieces_make_the_whole_and_hex_may_be_asked_on_the_way) {
  Sha256 digest;

  digest.update("a");
  std::string const first = digest.hex();
  digest.update("bc");

  EXPECT_EQ(first, sha256_hex("a"));
  EXPECT_EQ(digest.hex(), sha256_hex("abc"));
  EXPECT_EQ(digest.hex(), digest.hex());
}

TEST(Sha256, doubles_are_little_endian_bits) {
  std::vector<double> const values{1.0, -0.0};  // 0x3ff0000000000000, 0x8000000000000000

  std::vector<std::byte> const bytes = canonical_bytes(values);

  ASSERT_EQ(bytes.size(), 16U);
  EXPECT_EQ(bytes[0], std::byte{0});
  EXPECT_EQ(bytes[6], std::byte{0xf0});
  EXPECT_EQ(bytes[7], std::byte{0x3f});
  EXPECT_EQ(bytes[15], std::byte{0x80});
  Sha256 digest;
  digest.update(bytes);
  EXPECT_EQ(digest.hex(), sha256_hex(std::span<double const>(values)));
}

TEST(Sha256, bits_count_not_values) {
  double const zero[] = {0.0};
  double const minus_zero[] = {-0.0};
  double const nan[] = {std::numeric_limits<double>::quiet_NaN()};

  EXPECT_NE(sha256_hex(std::span<double const>(zero)), sha256_hex(std::span<double const>(minus_zero)));
  EXPECT_EQ(sha256_hex(std::span<double const>(nan)), sha256_hex(std::span<double const>(nan)));
}

TEST(Sha256, long_inputs_do_not_depend_on_the_pieces) {
  std::vector<double> values(1001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0 / static_cast<double>(i + 1);
  std::span<double const> const all(values);
  Sha256 pieces;

  pieces.update(all.first(333));
  pieces.update(all.subspan(333, 0));
  pieces.update(all.subspan(333));
  Sha256 bytes;
  bytes.update(canonical_bytes(all));

  EXPECT_EQ(pieces.hex(), sha256_hex(all));
  EXPECT_EQ(bytes.hex(), sha256_hex(all));
}

TEST(Sha256, integers_are_little_endian_too) {
  std::vector<std::int64_t> const values{-2, 258};
  std::vector<std::byte> expected(16, std::byte{0xff});
  expected[0] = std::byte{0xfe};
  std::fill(expected.begin() + 8, expected.end(), std::byte{0});
  expected[8] = std::byte{2};
  expected[9] = std::byte{1};
  Sha256 of_values, of_bytes;

  of_values.update(std::span<std::int64_t const>(values));
  of_bytes.update(expected);

  EXPECT_EQ(of_values.hex(), of_bytes.hex());
}

}  // namespace
}  // namespace retrace
