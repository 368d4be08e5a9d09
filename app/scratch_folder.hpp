#pragma once

#include <filesystem>
#include <string>

namespace retrace::app {

/// A folder for files of this process, gone with the object. Throws EnvironmentError where none can be made.
class ScratchFolder {
 public:
  /// `purpose` is part of its name.
  explicit ScratchFolder(std::string const& purpose);
  ~ScratchFolder();
  ScratchFolder(ScratchFolder const&) = delete;
  ScratchFolder& operator=(ScratchFolder const&) = delete;

  [[nodiscard]] std::string operator/(std::string const& name) const { return (path_ / name).string(); }
  /// Removes what is in it.
  void clear() const;

 private:
  std::filesystem::path path_;
};

/// The last line of a file that is not empty: what a program said before it ended.
[[nodiscard]] std::string last_line(std::string const& file);

}  // namespace retrace::app
