#pragma once

#include "results/h5_io.hpp"
#include "results/writer.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

/// Valid result files with one thing broken, as an unkind tool would leave them.
namespace retrace::results::testing {

/// Opens for writing what `write_snapshot` made, for the tests to break.
inline H5File open_to_damage(std::filesystem::path const& path) {
  return {H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open to damage"};
}

inline void remove_link(std::filesystem::path const& path, std::string const& link) {
  H5File const file = open_to_damage(path);
  h5_check(H5Ldelete(file, link.c_str(), H5P_DEFAULT), link);
}

/// The column again, with another type and as many rows, zero everywhere.
inline void retype_column(std::filesystem::path const& path, std::string const& column, hid_t type) {
  H5File const file = open_to_damage(path);
  H5Space space = [&] {
    H5Dataset const old(H5Dopen2(file, column.c_str(), H5P_DEFAULT), column);
    return H5Space(H5Dget_space(old), column);
  }();
  h5_check(H5Ldelete(file, column.c_str(), H5P_DEFAULT), column);
  H5Properties const properties(H5Pcreate(H5P_DATASET_CREATE), "make properties");
  h5_check(H5Pset_chunk(properties, 1, &detail::chunk_rows), "set chunks");
  H5Dataset const dataset(H5Dcreate2(file, column.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT), column);
}

inline void resize_column(std::filesystem::path const& path, std::string const& column, hsize_t rows) {
  H5File const file = open_to_damage(path);
  H5Dataset const dataset(H5Dopen2(file, column.c_str(), H5P_DEFAULT), column);
  h5_check(H5Dset_extent(dataset, &rows), column);
}

template <class Number>
void set_value(std::filesystem::path const& path, std::string const& column, hsize_t row, Number number, hid_t type) {
  H5File const file = open_to_damage(path);
  H5Dataset const dataset(H5Dopen2(file, column.c_str(), H5P_DEFAULT), column);
  H5Space const all(H5Dget_space(dataset), column);
  h5_check(H5Sselect_elements(all, H5S_SELECT_SET, 1, &row), column);
  hsize_t const one = 1;
  H5Space const single(H5Screate_simple(1, &one, nullptr), column);
  h5_check(H5Dwrite(dataset, type, single, all, H5P_DEFAULT, &number), column);
}

/// Replaces a text attribute of an object ("/" for the file), or only removes it.
inline void replace_attribute(std::filesystem::path const& path, std::string const& object, char const* name,
                              char const* text) {
  H5File const file = open_to_damage(path);
  H5Handle<&H5Oclose> const owner(H5Oopen(file, object.c_str(), H5P_DEFAULT), object);
  h5_check(H5Adelete(owner, name), name);
  if (text != nullptr) detail::set_attribute(owner, name, std::string_view(text));
}

}  // namespace retrace::results::testing
