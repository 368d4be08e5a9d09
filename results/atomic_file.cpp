#include "results/atomic_file.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace retrace::results {

namespace {

[[noreturn]] void fail(std::string_view action, std::filesystem::path const& path, int error) {
  throw EnvironmentError(
      fmt::format("cannot {} '{}': {}", action, path.string(), std::generic_category().message(error)));
}

std::filesystem::path folder_of(std::filesystem::path const& path) {
  std::filesystem::path const folder = path.parent_path();
  return folder.empty() ? std::filesystem::path(".") : folder;
}

/// Makes the rename last through a power cut. Some file systems do not know fsync of a folder; they say EINVAL.
void sync_folder(std::filesystem::path const& folder) {
  int const descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail("open folder", folder, errno);
  int const result = ::fsync(descriptor);
  int const error = errno;
  ::close(descriptor);
  if (result != 0 && error != EINVAL && error != ENOTSUP) fail("flush folder", folder, error);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)) {
  if (std::filesystem::is_directory(target_)) fail("write", target_, EISDIR);
  // Unique among processes of a host by its number, among hosts of a shared file system by the clock.
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    auto const ticks = std::chrono::system_clock::now().time_since_epoch().count();
    temporary_ = target_;
    temporary_ += fmt::format(".tmp.{}-{:x}", ::getpid(), static_cast<unsigned long long>(ticks));
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    constexpr int most_attempts = 100;
    if (descriptor_ < 0 && (errno != EEXIST || attempt == most_attempts)) fail("create", temporary_, errno);
  }
}

bool AtomicFile::is_temporary_of(std::string_view file, std::string_view name) {
  constexpr std::string_view mark = ".tmp.", digits = "0123456789", hex_digits = "0123456789abcdef";
  if (!name.starts_with(file) || !name.substr(file.size()).starts_with(mark)) return false;
  std::string_view const unique = name.substr(file.size() + mark.size());
  std::size_t const dash = unique.find_first_not_of(digits);
  return dash != 0 && dash != std::string_view::npos && unique[dash] == '-' && dash + 1 < unique.size() &&
         unique.find_first_not_of(hex_digits, dash + 1) == std::string_view::npos;
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<std::byte const> bytes) {
  while (!bytes.empty()) {
    auto const written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", temporary_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::sync() {
  if (descriptor_ < 0) return;
  if (::fsync(descriptor_) != 0) fail("flush", temporary_, errno);
  // Network file systems report a full quota here. The descriptor is gone in any case.
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("close", temporary_, errno);
}

void AtomicFile::commit() {
  sync();
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("rename over", target_, errno);
  committed_ = true;
  sync_folder(folder_of(target_));
}

}  // namespace retrace::results
