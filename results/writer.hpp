#pragma once

#include "results/record.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

/// Result files are made in memory and put in place whole, so a reader sees the last complete one at any time.
/// One process per file; not thread-safe (the HDF5 library is not).
namespace retrace::results {

/// Makes sure that `path` names a file in a folder that exists, whether or not there is one; UsageError otherwise.
void check_output_name(std::filesystem::path const& path);

/// The same for a file that must be new, which is tried by creating and removing one beside it. Throws UsageError when
/// something of that name exists (a result is never overwritten), EnvironmentError when the folder cannot be written.
void claim_output(std::filesystem::path const& path);

/// Writes the whole document as an HDF5 file of the schema of "results/schema.hpp" to `path`, replacing the snapshot
/// that stands there; `modified_utc` becomes the present time and an empty `created_utc` too. On failure the old file
/// is intact, nothing new is left, and EnvironmentError says what failed, where and why (H5Error for the HDF5 library).
/// Cost: the file twice in memory; some 50 ms and 0.4 MB, and 0.06 ms and 1.6 kB per case (10 samples, 5 checks each).
void write_snapshot(std::filesystem::path const& path, ResultDocument const& document);

/// The bytes of that file: HDF5, and behind its end the seal of "results/seal.hpp".
[[nodiscard]] std::vector<std::byte> file_image(ResultDocument const& document);

/// Now, as 2024-06-01T12:34:56Z: the form of every `*_utc`.
[[nodiscard]] std::string utc_now();

}  // namespace retrace::results
