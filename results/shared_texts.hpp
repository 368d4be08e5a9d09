#pragma once

#include "results/h5_handle.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace retrace::results::detail {

/// Writes columns of texts so that each distinct text of a column is stored once, however many rows have it. A file
/// holds a text as a reference into a heap; rows may share one, and every reader follows it. For HDF5 before 1.10.3,
/// which cannot write references as they are, columns are written as usual.
class SharedTexts {
 public:
  SharedTexts();

  /// `dataset`: of variable-length texts, one-dimensional, in chunks of `chunk_rows` with deflate of `deflate_level` as
  /// the only filter; nothing has been written to it. As many texts as it has rows; what is no UTF-8 in them is
  /// replaced (`clean_utf8`).
  void write(hid_t dataset, std::span<std::string_view const> texts) const;

 private:
  H5File scratch_;  ///< in memory; compresses references
};

/// Of every column; shuffle stands before it for numbers, for references it does nothing.
inline constexpr unsigned deflate_level = 4;

}  // namespace retrace::results::detail
