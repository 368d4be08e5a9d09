#include "app/scratch_folder.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

namespace retrace::app {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder(std::string const& purpose) {
  std::string name = (fs::temp_directory_path() / ("retrace-" + purpose + "-XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr)
    throw EnvironmentError(
        fmt::format("a folder for files in between cannot be made: {}: {}", name, std::strerror(errno)));
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void ScratchFolder::clear() const {
  std::error_code ignored;
  for (fs::directory_entry const& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path(), ignored);
}

std::string last_line(std::string const& file) {
  std::ifstream in(file);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace retrace::app
