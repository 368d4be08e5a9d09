#pragma once

#include "results/h5_handle.hpp"
#include "results/h5_io.hpp"
#include "results/schema.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// What reader and validator share. All throw H5Error whose message does not name the path.
namespace retrace::results::detail {

/// Reads the file into memory and opens it there: no locks, and no byte is trusted before the seal has been checked.
/// Says whether the file is absent, not a file, not HDF5, damaged, or cut off.
[[nodiscard]] H5File open_result(std::filesystem::path const& path);

/// Schema version of an open file. Throws when it is not a Retrace result or of another major version.
[[nodiscard]] std::string checked_schema_version(hid_t file);

/// The second number of "1.2.3"; 0 where there is none.
[[nodiscard]] int minor_of(std::string_view version);

/// Is the column missing because the file is older than it? Then its rows hold what "not measured" is.
[[nodiscard]] bool is_older_than(hid_t group, ColumnSpec const& spec, int minor);

/// The group of a table; throws when it is missing.
[[nodiscard]] H5Group open_table(hid_t file, std::string_view name);

/// Numbers of a column that has no defect.
template <class Number>
[[nodiscard]] std::vector<Number> read_column(hid_t group, ColumnSpec const& spec, hsize_t rows) {
  std::vector<Number> values(rows);
  if (rows > 0) read_numbers(group, spec, values.data());
  return values;
}

/// "row 3 holds 17, the largest code is 10", or empty.
[[nodiscard]] std::string code_out_of_range(ColumnSpec const& spec, std::vector<std::uint8_t> const& codes);

}  // namespace retrace::results::detail
