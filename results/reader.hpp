#pragma once

#include "results/record.hpp"

#include <filesystem>

namespace retrace::results {

/// The whole result file. Throws UsageError with one line that begins with the path when it cannot be had: no such
/// file, not HDF5, cut off, another major schema version (both versions are named), a table or column missing or of
/// another type, a code or an index out of range. Newer minor versions are read; what they added is left out.
/// Takes no file locks; holds the file in memory while it reads. Not thread-safe.
[[nodiscard]] ResultDocument read_result(std::filesystem::path const& path);

}  // namespace retrace::results
