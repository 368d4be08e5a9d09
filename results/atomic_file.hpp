#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace retrace::results {

/// A file that appears under its name complete, or not at all. The bytes go to `<target>.tmp.<unique>` beside it;
/// `commit` makes them durable and renames over the target, whose old content stays intact until that moment. Whatever
/// happens before, the destructor removes the temporary file (a killed process leaves it, and the old target, behind).
///
/// Every failure throws EnvironmentError: what was attempted, the path, the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(AtomicFile const&) = delete;
  AtomicFile& operator=(AtomicFile const&) = delete;

  void write(std::span<std::byte const> bytes);
  /// To the disk: when this returns, the temporary file is complete and closed.
  void sync();
  /// `sync`, rename, and the folder's entry to the disk.
  void commit();

  /// Is `name` one that a temporary file of the target named `file` may have?
  [[nodiscard]] static bool is_temporary_of(std::string_view file, std::string_view name);

  [[nodiscard]] std::filesystem::path const& temporary_path() const { return temporary_; }

 private:
  std::filesystem::path target_, temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

}  // namespace retrace::results
