#include "results/seal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace retrace::results {

namespace {

constexpr std::string_view seal_start = "RETRACE-CRC64 ";
constexpr std::size_t seal_size = seal_start.size() + 16 + 1;

consteval std::array<std::uint64_t, 256> make_table() {
  constexpr std::uint64_t reflected_polynomial = 0xC96C5795D7870F42U;
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t byte = 0; byte < table.size(); ++byte) {
    std::uint64_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? (value >> 1U) ^ reflected_polynomial : value >> 1U;
    table[byte] = value;
  }
  return table;
}
constexpr auto crc_table = make_table();

std::string seal_of(std::span<std::byte const> bytes) {
  return fmt::format("{}{:016x}\n", seal_start, crc64(bytes));
}

}  // namespace

std::uint64_t crc64(std::span<std::byte const> bytes) {
  std::uint64_t value = ~std::uint64_t{0};
  for (std::byte const byte : bytes)
    value = (value >> 8U) ^ crc_table[(value ^ std::to_integer<std::uint64_t>(byte)) & 0xffU];
  return ~value;
}

void append_seal(std::vector<std::byte>& image) {
  std::string const seal = seal_of(image);
  auto const bytes = std::as_bytes(std::span<char const>(seal));
  image.insert(image.end(), bytes.begin(), bytes.end());
}

Seal check_seal(std::span<std::byte const> image) {
  if (image.size() < seal_size) return Seal::absent;
  auto const tail = image.last(seal_size);
  auto const equal = [&](std::string_view expected) {
    return std::equal(expected.begin(), expected.end(), tail.begin(),
                      [](char a, std::byte b) { return std::byte{static_cast<unsigned char>(a)} == b; });
  };
  if (!equal(seal_start)) return Seal::absent;
  return equal(seal_of(image.first(image.size() - seal_size))) ? Seal::intact : Seal::broken;
}

}  // namespace retrace::results
