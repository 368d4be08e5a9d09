#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// A checksum behind the end of the HDF5 file. The library trusts the bytes that it reads: a few damaged ones can crash
/// it or change numbers silently. Its files may carry bytes behind their end, which other programs do not look at, and
/// which HDF5 cuts off when it changes the file; a file without a seal is therefore no error.
namespace retrace::results {

enum class Seal { intact, broken, absent };

/// CRC-64/XZ (ECMA-182, reflected) of `bytes`.
[[nodiscard]] std::uint64_t crc64(std::span<std::byte const> bytes);

/// Appends the line "RETRACE-CRC64 <16 hex digits>\n", 31 bytes, of everything before it.
void append_seal(std::vector<std::byte>& image);

[[nodiscard]] Seal check_seal(std::span<std::byte const> image);

}  // namespace retrace::results
