#include "results/h5_io.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace retrace::results::detail {

namespace {

H5Space scalar_space() {
  return {H5Screate(H5S_SCALAR), "make scalar dataspace"};
}

std::string from_c(char const* text) {
  return text != nullptr ? std::string(text) : std::string();
}

/// Length of the valid UTF-8 sequence at the front of `text` (RFC 3629, Sec. 4); 0 when there is none.
std::size_t utf8_sequence(std::string_view text) {
  auto const byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto const between = [](unsigned value, unsigned low, unsigned high) { return low <= value && value <= high; };
  unsigned const first = byte(0);
  if (between(first, 0x01, 0x7f)) return 1;
  auto const tail = [&](std::size_t i) { return between(byte(i), 0x80, 0xbf); };
  if (between(first, 0xc2, 0xdf)) return tail(1) ? 2 : 0;
  if (between(first, 0xe0, 0xef)) {
    // No overlong forms, no surrogates.
    unsigned const low = first == 0xe0 ? 0xa0 : 0x80;
    unsigned const high = first == 0xed ? 0x9f : 0xbf;
    return between(byte(1), low, high) && tail(2) ? 3 : 0;
  }
  if (between(first, 0xf0, 0xf4)) {
    unsigned const low = first == 0xf0 ? 0x90 : 0x80;
    unsigned const high = first == 0xf4 ? 0x8f : 0xbf;
    return between(byte(1), low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

Reclaim::~Reclaim() {
#if H5_VERSION_GE(1, 12, 0)
  H5Treclaim(type_, space_, H5P_DEFAULT, buffer_);
#else
  H5Dvlen_reclaim(type_, space_, H5P_DEFAULT, buffer_);
#endif
}

H5Type text_type() {
  H5Type type(H5Tcopy(H5T_C_S1), "copy string type");
  h5_check(H5Tset_size(type, H5T_VARIABLE), "set variable-length string");
  h5_check(H5Tset_cset(type, H5T_CSET_UTF8), "set UTF-8");
  return type;
}

hid_t memory_type(ColumnType type) {
  switch (type) {
    case ColumnType::float64:
      return H5T_NATIVE_DOUBLE;
    case ColumnType::int32:
      return H5T_NATIVE_INT32;
    case ColumnType::int64:
      return H5T_NATIVE_INT64;
    case ColumnType::uint64:
      return H5T_NATIVE_UINT64;
    case ColumnType::code:
      return H5T_NATIVE_UINT8;
    case ColumnType::text:
      break;
  }
  throw H5Error("a text column has no number type");
}

hid_t file_type(ColumnType type) {
  switch (type) {
    case ColumnType::float64:
      return H5T_IEEE_F64LE;
    case ColumnType::int32:
      return H5T_STD_I32LE;
    case ColumnType::int64:
      return H5T_STD_I64LE;
    case ColumnType::uint64:
      return H5T_STD_U64LE;
    case ColumnType::code:
      return H5T_STD_U8LE;
    case ColumnType::text:
      break;
  }
  throw H5Error("a text column has no number type");
}

std::string_view type_name(ColumnType type) {
  switch (type) {
    case ColumnType::text:
      return "text";
    case ColumnType::float64:
      return "float64";
    case ColumnType::int32:
      return "int32";
    case ColumnType::int64:
      return "int64";
    case ColumnType::uint64:
      return "uint64";
    case ColumnType::code:
      return "uint8";
  }
  return "unknown";
}

std::string type_name(hid_t type) {
  std::size_t const bits = 8 * H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return fmt::format("float{}", bits);
    case H5T_INTEGER:
      return fmt::format("{}int{}", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
    case H5T_STRING:
      if (H5Tis_variable_str(type) <= 0) return "fixed-length text";
      return H5Tget_cset(type) == H5T_CSET_UTF8 ? "text" : "ASCII text";
    case H5T_COMPOUND:
      return "compound";
    case H5T_ENUM:
      return "enum";
    case H5T_VLEN:
      return "variable-length array";
    default:
      return "another type";
  }
}

std::string clean_utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    std::size_t const length = utf8_sequence(text);
    clean += length > 0 ? text.substr(0, length) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(length > 0 ? length : 1);
  }
  return clean;
}

void set_attribute(hid_t object, char const* name, std::string_view text) {
  H5Type const type = text_type();
  H5Space const space = scalar_space();
  H5Attribute const attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), name);
  std::string const clean = clean_utf8(text);
  char const* const pointer = clean.c_str();
  h5_check(H5Awrite(attribute, type, &pointer), name);
}

void set_attribute(hid_t object, char const* name, std::uint8_t code) {
  H5Space const space = scalar_space();
  H5Attribute const attribute(H5Acreate2(object, name, H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT), name);
  h5_check(H5Awrite(attribute, H5T_NATIVE_UINT8, &code), name);
}

void set_attribute(hid_t object, char const* name, std::span<std::uint8_t const> codes) {
  hsize_t const size = codes.size();
  H5Space const space(H5Screate_simple(1, &size, nullptr), name);
  H5Attribute const attribute(H5Acreate2(object, name, H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT), name);
  h5_check(H5Awrite(attribute, H5T_NATIVE_UINT8, codes.data()), name);
}

void set_attribute(hid_t object, char const* name, std::int64_t number) {
  H5Space const space = scalar_space();
  H5Attribute const attribute(H5Acreate2(object, name, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT), name);
  h5_check(H5Awrite(attribute, H5T_NATIVE_INT64, &number), name);
}

std::optional<std::string> text_attribute(hid_t object, char const* name) {
  if (h5_check(H5Aexists(object, name), name) == 0) return std::nullopt;
  H5Attribute const attribute(H5Aopen(object, name, H5P_DEFAULT), name);
  H5Type const found(H5Aget_type(attribute), name);
  H5Space const space(H5Aget_space(attribute), name);
  if (type_name(found.get()) != "text" || H5Sget_simple_extent_npoints(space) != 1) return std::nullopt;
  H5Type const type = text_type();
  char* text = nullptr;
  Reclaim const reclaim(type, space, &text);
  h5_check(H5Aread(attribute, type, &text), name);
  return from_c(text);
}

std::optional<std::vector<std::uint8_t>> code_attribute(hid_t object, char const* name) {
  if (h5_check(H5Aexists(object, name), name) == 0) return std::nullopt;
  H5Attribute const attribute(H5Aopen(object, name, H5P_DEFAULT), name);
  H5Type const found(H5Aget_type(attribute), name);
  H5Space const space(H5Aget_space(attribute), name);
  hssize_t const size = H5Sget_simple_extent_npoints(space);
  if (type_name(found.get()) != "uint8" || size < 1) return std::nullopt;
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(size));
  h5_check(H5Aread(attribute, H5T_NATIVE_UINT8, codes.data()), name);
  return codes;
}

std::optional<std::int64_t> number_attribute(hid_t object, char const* name) {
  if (h5_check(H5Aexists(object, name), name) == 0) return std::nullopt;
  H5Attribute const attribute(H5Aopen(object, name, H5P_DEFAULT), name);
  H5Type const found(H5Aget_type(attribute), name);
  H5Space const space(H5Aget_space(attribute), name);
  if (type_name(found.get()) != "int64" || H5Sget_simple_extent_npoints(space) != 1) return std::nullopt;
  std::int64_t number = 0;
  h5_check(H5Aread(attribute, H5T_NATIVE_INT64, &number), name);
  return number;
}

void write_scalar_text(hid_t group, char const* name, std::string_view text) {
  H5Type const type = text_type();
  H5Space const space = scalar_space();
  H5Dataset const dataset(H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), name);
  std::string const clean = clean_utf8(text);
  char const* const pointer = clean.c_str();
  h5_check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &pointer), name);
}

std::string read_scalar_text(hid_t group, char const* name) {
  H5Dataset const dataset(H5Dopen2(group, name, H5P_DEFAULT), fmt::format("open '{}'", name));
  H5Type const found(H5Dget_type(dataset), name);
  H5Space const space(H5Dget_space(dataset), name);
  if (type_name(found.get()) != "text" || H5Sget_simple_extent_npoints(space) != 1) {
    throw H5Error(fmt::format("'{}' is not one text", name));
  }
  H5Type const type = text_type();
  char* text = nullptr;
  Reclaim const reclaim(type, space, &text);
  h5_check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text), fmt::format("read '{}'", name));
  return from_c(text);
}

bool has_child(hid_t group, std::string_view name) {
  return h5_check(H5Lexists(group, std::string(name).c_str(), H5P_DEFAULT), "look for a table or column") > 0;
}

std::optional<hsize_t> rows_of(hid_t dataset) {
  H5Space const space(H5Dget_space(dataset), "extent of a column");
  if (H5Sget_simple_extent_ndims(space) != 1) return std::nullopt;
  hsize_t rows = 0;
  h5_check(H5Sget_simple_extent_dims(space, &rows, nullptr), "extent of a column");
  return rows;
}

std::optional<std::string> column_defect(hid_t group, ColumnSpec const& spec, hsize_t rows) {
  if (!has_child(group, spec.name)) return "the column is missing";
  H5Dataset const dataset(H5Dopen2(group, std::string(spec.name).c_str(), H5P_DEFAULT),
                          fmt::format("open column '{}'", spec.name));
  H5Type const type(H5Dget_type(dataset), "type of a column");
  if (std::string const found = type_name(type.get()); found != type_name(spec.type)) {
    return fmt::format("the type is {}, expected {}", found, type_name(spec.type));
  }
  auto const found_rows = rows_of(dataset);
  if (!found_rows) return "the column is not one-dimensional";
  if (*found_rows != rows) return fmt::format("{} rows, expected {}", *found_rows, rows);
  // Deflate cannot shrink by more than 1032; an extent beyond that is damage and must not become an allocation.
  constexpr hsize_t most_compression = 1032;
  if (rows > H5Dget_storage_size(dataset) / std::max<std::size_t>(H5Tget_size(type), 1) * most_compression +
                 most_compression) {
    return fmt::format("{} rows, but too few bytes are stored for them", rows);
  }
  return std::nullopt;
}

hsize_t table_rows(hid_t group, std::string_view scale) {
  ColumnSpec const spec{scale, "1", "", ColumnType::int64, {}, {}, 0};
  std::string const name(scale);
  if (!has_child(group, scale)) throw H5Error(fmt::format("the scale '{}' is missing", scale));
  H5Dataset const dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT), fmt::format("open scale '{}'", scale));
  auto const rows = rows_of(dataset);
  if (!rows) throw H5Error(fmt::format("the scale '{}' is not one-dimensional", scale));
  if (auto const defect = column_defect(group, spec, *rows)) {
    throw H5Error(fmt::format("the scale '{}': {}", scale, *defect));
  }
  return *rows;
}

void read_numbers(hid_t group, ColumnSpec const& spec, void* values) {
  H5Dataset const dataset(H5Dopen2(group, std::string(spec.name).c_str(), H5P_DEFAULT), spec.name);
  h5_check(H5Dread(dataset, memory_type(spec.type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values),
           fmt::format("read column '{}'", spec.name));
}

std::vector<std::string> read_texts(hid_t group, ColumnSpec const& spec, hsize_t rows) {
  std::vector<std::string> values(rows);
  if (rows == 0) return values;
  H5Dataset const dataset(H5Dopen2(group, std::string(spec.name).c_str(), H5P_DEFAULT), spec.name);
  H5Space const space(H5Dget_space(dataset), spec.name);
  H5Type const type = text_type();
  std::vector<char*> texts(rows, nullptr);
  Reclaim const reclaim(type, space, texts.data());
  h5_check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()),
           fmt::format("read column '{}'", spec.name));
  for (std::size_t row = 0; row < texts.size(); ++row) values[row] = from_c(texts[row]);
  return values;
}

}  // namespace retrace::results::detail
