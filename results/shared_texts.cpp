#include "results/shared_texts.hpp"

#include "results/h5_io.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

namespace retrace::results::detail {

namespace {

void write_all(hid_t dataset, hid_t type, std::span<std::string_view const> texts) {
  std::vector<std::string> clean;
  clean.reserve(texts.size());
  for (std::string_view const text : texts) clean.push_back(clean_utf8(text));
  std::vector<char const*> pointers(texts.size());
  std::ranges::transform(clean, pointers.begin(), &std::string::c_str);
  h5_check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "write texts");
}

H5File make_scratch_file() {
  H5Properties const access(H5Pcreate(H5P_FILE_ACCESS), "make access properties");
  constexpr std::size_t growth = std::size_t{1} << 20U;
  h5_check(H5Pset_fapl_core(access, growth, false), "choose a file in memory");
  return {H5Fcreate("retrace-scratch-in-memory", H5F_ACC_TRUNC, H5P_DEFAULT, access), "make a file in memory"};
}

#if H5_VERSION_GE(1, 10, 3)

H5Properties chunked(hsize_t rows) {
  H5Properties properties(H5Pcreate(H5P_DATASET_CREATE), "make creation properties");
  h5_check(H5Pset_chunk(properties, 1, &rows), "set chunks");
  return properties;
}

H5Space one_dimension(hsize_t rows) {
  hsize_t const limit = H5S_UNLIMITED;  // else a chunk must not be longer than the column
  return {H5Screate_simple(1, &rows, &limit), "make a dataspace"};
}

/// A chunk as it lies in the file, and the filters that were left out.
struct Chunk {
  std::vector<std::byte> bytes;
  std::uint32_t left_out = 0;
};

Chunk read_chunk(hid_t dataset, hsize_t first_row) {
  hsize_t size = 0;
  h5_check(H5Dget_chunk_storage_size(dataset, &first_row, &size), "size of a chunk");
  Chunk chunk{std::vector<std::byte>(size)};
  h5_check(H5Dread_chunk(dataset, H5P_DEFAULT, &first_row, &chunk.left_out, chunk.bytes.data()), "read a chunk");
  return chunk;
}

/// The references of texts that are put into the heap of the file of `dataset`, one behind the other.
std::vector<std::byte> references_to(hid_t dataset, hid_t type, std::span<std::string_view const> texts) {
  // Without a name: it goes when it is closed, and what it put into the heap stays.
  H5Dataset const pool(H5Dcreate_anon(dataset, type, one_dimension(texts.size()), chunked(texts.size()), H5P_DEFAULT),
                       "make a pool of texts");
  write_all(pool, type, texts);
  return read_chunk(pool, 0).bytes;
}

#endif

}  // namespace

SharedTexts::SharedTexts() : scratch_(make_scratch_file()) {}

void SharedTexts::write(hid_t dataset, std::span<std::string_view const> texts) const {
  if (texts.empty()) return;
  H5Type const type = text_type();
#if H5_VERSION_GE(1, 10, 3)
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  std::vector<std::string_view> distinct;
  std::vector<std::uint32_t> number_of_row;
  number_of_row.reserve(texts.size());
  for (std::string_view const text : texts) {
    auto const [entry, is_new] = numbers.emplace(text, static_cast<std::uint32_t>(distinct.size()));
    if (is_new) distinct.push_back(text);
    number_of_row.push_back(entry->second);
  }
  if (distinct.size() < texts.size()) {
    std::vector<std::byte> const references = references_to(dataset, type, distinct);
    std::size_t const size = references.size() / distinct.size();
    std::vector<std::byte> column(texts.size() * size);
    for (std::size_t row = 0; row < texts.size(); ++row)
      std::memcpy(&column[row * size], &references[number_of_row[row] * size], size);

    H5Type const opaque(H5Tcreate(H5T_OPAQUE, size), "make the type of references");
    H5Properties const properties = chunked(chunk_rows);
    h5_check(H5Pset_deflate(properties, deflate_level), "set deflate");
    H5Dataset const compressed(H5Dcreate_anon(scratch_, opaque, one_dimension(texts.size()), properties, H5P_DEFAULT),
                               "make references");
    h5_check(H5Dwrite(compressed, opaque, H5S_ALL, H5S_ALL, H5P_DEFAULT, column.data()), "write references");
    for (hsize_t row = 0; row < texts.size(); row += chunk_rows) {
      Chunk const chunk = read_chunk(compressed, row);
      h5_check(H5Dwrite_chunk(dataset, H5P_DEFAULT, chunk.left_out, &row, chunk.bytes.size(), chunk.bytes.data()),
               "write a chunk of references");
    }
    return;
  }
#endif
  write_all(dataset, type, texts);
}

}  // namespace retrace::results::detail
