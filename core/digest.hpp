#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace retrace {

/// The canonical bytes of doubles: IEEE-754 binary64, least significant byte first on every machine, bits as they are.
/// So 0.0 and -0.0 differ, and so do NaNs with different payloads: a digest compares bits, not values.
[[nodiscard]] std::vector<std::byte> canonical_bytes(std::span<double const> values);

/// SHA-256 (FIPS 180-4) of everything given so far. Throws std::runtime_error with OpenSSL's text if the library
/// refuses. Not thread-safe; one object per thread.
class Sha256 {
 public:
  Sha256();

  void update(std::span<std::byte const> bytes);
  void update(std::string_view text);                 ///< its bytes, without a terminator
  void update(std::span<double const> values);        ///< their canonical bytes
  void update(std::span<std::int64_t const> values);  ///< two's complement, least significant byte first

  /// 64 lower-case hex digits. May be called at any time; more may be added afterwards.
  [[nodiscard]] std::string hex() const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

[[nodiscard]] std::string sha256_hex(std::string_view text);
[[nodiscard]] std::string sha256_hex(std::span<double const> values);

}  // namespace retrace
