#pragma once

#include "results/h5_handle.hpp"
#include "results/schema.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The few forms of HDF5 objects that a result file is made of. All throw H5Error.
namespace retrace::results::detail {

/// Rows per chunk of every column.
inline constexpr hsize_t chunk_rows = 1024;

/// Gives back what the library allocated for the variable-length elements that it read into `buffer`.
class Reclaim {
 public:
  Reclaim(hid_t type, hid_t space, void* buffer) : type_(type), space_(space), buffer_(buffer) {}
  ~Reclaim();
  Reclaim(Reclaim const&) = delete;
  Reclaim& operator=(Reclaim const&) = delete;

 private:
  hid_t type_, space_;
  void* buffer_;
};

/// Variable-length UTF-8.
[[nodiscard]] H5Type text_type();
/// Types in memory and in the file (little endian). Not for texts.
[[nodiscard]] hid_t memory_type(ColumnType type);
[[nodiscard]] hid_t file_type(ColumnType type);
/// "text", "float64", "int32", "int64", "uint64", "uint8".
[[nodiscard]] std::string_view type_name(ColumnType type);
/// The same words for what a file holds, "fixed-length text" and the like for what a result never holds.
[[nodiscard]] std::string type_name(hid_t type);

/// `text` as valid UTF-8 without NUL: every offending byte becomes U+FFFD. Readers choke on anything else.
[[nodiscard]] std::string clean_utf8(std::string_view text);

void set_attribute(hid_t object, char const* name, std::string_view text);
void set_attribute(hid_t object, char const* name, std::uint8_t code);
void set_attribute(hid_t object, char const* name, std::span<std::uint8_t const> codes);  ///< must not be empty
void set_attribute(hid_t object, char const* name, std::int64_t number);
/// Nothing when the attribute is missing or of another type.
[[nodiscard]] std::optional<std::string> text_attribute(hid_t object, char const* name);
[[nodiscard]] std::optional<std::vector<std::uint8_t>> code_attribute(hid_t object, char const* name);
[[nodiscard]] std::optional<std::int64_t> number_attribute(hid_t object, char const* name);

void write_scalar_text(hid_t group, char const* name, std::string_view text);
[[nodiscard]] std::string read_scalar_text(hid_t group, char const* name);

/// Whether `group` has a child (or, at a root, a path of one name) of that name.
[[nodiscard]] bool has_child(hid_t group, std::string_view name);
/// Extent of a one-dimensional dataset; nothing when it has another rank.
[[nodiscard]] std::optional<hsize_t> rows_of(hid_t dataset);

/// What keeps the column from being read: missing, other type, other rank, other length than `rows`. Nothing when fine.
[[nodiscard]] std::optional<std::string> column_defect(hid_t group, ColumnSpec const& spec, hsize_t rows);
/// Extent of the table's scale. Throws H5Error when the group has no such dataset.
[[nodiscard]] hsize_t table_rows(hid_t group, std::string_view scale);

/// Columns must have been found without defect. `values` has room for all rows of the memory type.
void read_numbers(hid_t group, ColumnSpec const& spec, void* values);
[[nodiscard]] std::vector<std::string> read_texts(hid_t group, ColumnSpec const& spec, hsize_t rows);

}  // namespace retrace::results::detail
