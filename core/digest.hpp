#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace retrace {

/// SHA-256 of what it is fed, through OpenSSL. Numbers go in as their bytes in memory (little-endian on every machine
/// that this runs on), so 0.0 and -0.0 differ.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<std::byte const> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  void update(std::span<double const> numbers) { update(std::as_bytes(numbers)); }

  /// 64 lower-case hex digits; the object takes no more input afterwards.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace retrace
