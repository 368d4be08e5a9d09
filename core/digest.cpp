#include "core/digest.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>

namespace retrace {

namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

void check(int success, std::string_view call) {
  if (success == 1) return;
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  throw std::runtime_error(std::string(call) + ": " + text.data());
}

void store_little_endian(std::uint64_t bits, std::span<std::byte, 8> bytes) {
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(bits & 0xffU);
    bits >>= 8U;
  }
}

/// Eight bytes per value through a buffer on the stack: nothing is allocated, whatever the length.
template <class Value>
void update_in_pieces(Sha256& digest, std::span<Value const> values) {
  constexpr std::size_t piece = 128;
  std::array<std::byte, piece * 8> buffer{};
  while (!values.empty()) {
    std::size_t const count = std::min(piece, values.size());
    for (std::size_t i = 0; i < count; ++i) {
      store_little_endian(std::bit_cast<std::uint64_t>(values[i]), std::span<std::byte, 8>(buffer.data() + i * 8, 8));
    }
    digest.update(std::span<std::byte const>(buffer.data(), count * 8));
    values = values.subspan(count);
  }
}

}  // namespace

std::vector<std::byte> canonical_bytes(std::span<double const> values) {
  std::vector<std::byte> bytes(values.size() * 8);
  for (std::size_t i = 0; i < values.size(); ++i) {
    store_little_endian(std::bit_cast<std::uint64_t>(values[i]), std::span<std::byte, 8>(bytes.data() + i * 8, 8));
  }
  return bytes;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check(context_ ? 1 : 0, "EVP_MD_CTX_new");
  check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr), "EVP_DigestInit_ex(SHA-256)");
}

void Sha256::update(std::span<std::byte const> bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), "EVP_DigestUpdate");
}

void Sha256::update(std::string_view text) {
  update(std::as_bytes(std::span<char const>(text.data(), text.size())));
}

void Sha256::update(std::span<double const> values) {
  update_in_pieces(*this, values);
}

void Sha256::update(std::span<std::int64_t const> values) {
  update_in_pieces(*this, values);
}

std::string Sha256::hex() const {
  std::unique_ptr<EVP_MD_CTX, FreeContext> const copy(EVP_MD_CTX_new());
  check(copy ? 1 : 0, "EVP_MD_CTX_new");
  check(EVP_MD_CTX_copy_ex(copy.get(), context_.get()), "EVP_MD_CTX_copy_ex");
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned int length = 0;
  check(EVP_DigestFinal_ex(copy.get(), value.data(), &length), "EVP_DigestFinal_ex");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * std::size_t{length});
  for (std::size_t i = 0; i < length; ++i) {
    text += digits[value[i] >> 4U];
    text += digits[value[i] & 0xfU];
  }
  return text;
}

std::string sha256_hex(std::string_view text) {
  Sha256 digest;
  digest.update(text);
  return digest.hex();
}

std::string sha256_hex(std::span<double const> values) {
  Sha256 digest;
  digest.update(values);
  return digest.hex();
}

}  // namespace retrace
