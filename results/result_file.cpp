#include "results/result_file.hpp"

#include "results/h5_io.hpp"
#include "results/seal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <span>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace retrace::results::detail {

namespace {

std::string_view major_of(std::string_view version) {
  return version.substr(0, version.find('.'));
}

/// The whole file, so that its seal can be checked before the HDF5 library trusts it.
std::vector<std::byte> content_of(std::filesystem::path const& path) {
  // The system's reason is clearer than a stream's when there is nothing to read.
  int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw H5Error(std::generic_category().message(errno));
  ::close(descriptor);
  if (std::filesystem::is_directory(path)) throw H5Error("is a folder");
  std::vector<std::byte> content(std::filesystem::file_size(path));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(content.size()));
  if (!file) throw H5Error("cannot be read to its end");
  return content;
}

bool has_hdf5_signature(std::span<std::byte const> content) {
  constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
  auto const expected = std::as_bytes(std::span<char const>(signature));
  return content.size() > expected.size() && std::equal(expected.begin(), expected.end(), content.begin());
}

}  // namespace

H5File open_result(std::filesystem::path const& path) {
  std::vector<std::byte> content = content_of(path);
  if (!has_hdf5_signature(content)) throw H5Error("not an HDF5 file");
  if (check_seal(content) == Seal::broken) throw H5Error("damaged: the checksum at its end does not match");
  H5Properties const access(H5Pcreate(H5P_FILE_ACCESS), "make access properties");
  h5_check(H5Pset_fapl_core(access, std::size_t{1} << 20U, false), "choose a file in memory");
  h5_check(H5Pset_file_image(access, content.data(), content.size()), "hand over the file");  // copies
  return {H5Fopen("retrace-result-in-memory", H5F_ACC_RDONLY, access), "damaged or cut off"};
}

std::string checked_schema_version(hid_t file) {
  auto const name = text_attribute(file, "schema_name");
  auto const version = text_attribute(file, "schema_version");
  if (!name || !version || *name != schema_name) {
    throw H5Error("not a Retrace result: it carries no schema_name \"retrace\" and schema_version");
  }
  if (major_of(*version) != major_of(schema_version)) {
    throw H5Error(fmt::format("schema version {} cannot be read by this program, which reads version {}", *version,
                              schema_version));
  }
  return *version;
}

int minor_of(std::string_view version) {
  std::size_t const dot = version.find('.');
  return dot == std::string_view::npos ? 0 : std::atoi(std::string(version.substr(dot + 1)).c_str());
}

bool is_older_than(hid_t group, ColumnSpec const& spec, int minor) {
  return spec.since > minor && !has_child(group, spec.name);
}

H5Group open_table(hid_t file, std::string_view name) {
  if (!has_child(file, name)) throw H5Error(fmt::format("the table /{} is missing", name));
  return {H5Gopen2(file, std::string(name).c_str(), H5P_DEFAULT), fmt::format("open table /{}", name)};
}

std::string code_out_of_range(ColumnSpec const& spec, std::vector<std::uint8_t> const& codes) {
  for (std::size_t row = 0; row < codes.size(); ++row) {
    if (codes[row] >= spec.flags.size()) {
      return fmt::format("row {} holds {}, the largest code is {}", row, codes[row], spec.flags.size() - 1);
    }
  }
  return {};
}

}  // namespace retrace::results::detail
