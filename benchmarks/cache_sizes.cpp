#include "benchmarks/cache_sizes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace retrace {

namespace {

std::string first_line(std::filesystem::path const& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// `32K`, `1M`; 0 for anything else.
std::int64_t bytes_of(std::string const& text) {
  std::int64_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end == text.data() + text.size()) return 0;
  return *end == 'K' ? value << 10 : *end == 'M' ? value << 20 : 0;
}

/// `0-3,8-11` has eight.
int processors_in(std::string const& list) {
  int count = 0;
  for (std::size_t at = 0; at < list.size();) {
    std::size_t const end = std::min(list.find(',', at), list.size());
    std::string const item = list.substr(at, end - at);
    int first = 0, last = 0;
    auto const parsed = std::from_chars(item.data(), item.data() + item.size(), first);
    last = first;
    if (parsed.ptr != item.data() + item.size()) std::from_chars(parsed.ptr + 1, item.data() + item.size(), last);
    count += last - first + 1;
    at = end + 1;
  }
  return count;
}

}  // namespace

CacheSizes cache_sizes() {
  // sysconf() is not asked: glibc reports the last-level cache of some processors ten times too large.
  CacheSizes sizes;
  int deepest = 0;
  for (int index = 0; index < 8; ++index) {
    std::filesystem::path const folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}", index);
    std::string const type = first_line(folder / "type"), level = first_line(folder / "level");
    std::int64_t const bytes = bytes_of(first_line(folder / "size"));
    if (bytes <= 0 || type == "Instruction" || level.size() != 1) continue;
    int const depth = level.front() - '0';
    if (depth == 1) sizes.l1 = bytes;
    if (depth == 2) sizes.l2 = bytes;
    if (depth < 2 || depth < deepest) continue;
    deepest = depth;
    sizes.last = bytes;
    sizes.last_shared_by = std::max(1, processors_in(first_line(folder / "shared_cpu_list")));
  }
  return sizes;
}

}  // namespace retrace
