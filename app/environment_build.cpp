// What this program is made of.
#include "app/difference.hpp"
#include "app/environment_facts.hpp"
#include "app/version.hpp"
#include "gradients/lane_width.hpp"

#include <Kokkos_Core.hpp>

#include <fmt/format.h>
#include <hdf5.h>
#include <mpi.h>
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <link.h>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

namespace retrace::app {

namespace {

// --- Libraries
// ---------------------------------------------------------------------------------------------------------

/// The first 16 digits of a loaded file's build id, from its ELF notes; empty without one.
std::string build_id(dl_phdr_info const& info) {
  constexpr auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    ElfW(Phdr) const& header = info.dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    char const* at = reinterpret_cast<char const*>(info.dlpi_addr + header.p_vaddr);
    char const* const end = at + header.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note{};
      std::memcpy(&note, at, sizeof note);
      char const* const name = at + sizeof note;
      char const* const id = name + padded(note.n_namesz);
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
        std::string hex;
        for (std::size_t byte = 0; byte < note.n_descsz && byte < 8; ++byte)
          hex += fmt::format("{:02x}", static_cast<unsigned char>(id[byte]));
        return hex;
      }
      at = id + padded(note.n_descsz);
    }
  }
  return "";
}

/// Names without folders, each with its build id.
std::map<std::string, std::string> loaded_libraries() {
  std::map<std::string, std::string> libraries;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* all) {
        std::string_view const path = info->dlpi_name == nullptr ? "" : info->dlpi_name;
        std::string const name(path.substr(path.rfind('/') + 1));
        if (!name.empty()) static_cast<std::map<std::string, std::string>*>(all)->emplace(name, build_id(*info));
        return 0;
      },
      &libraries);
  return libraries;
}

void add_libraries(Facts& facts) {
  std::string all;
  for (auto const& [name, id] : loaded_libraries()) {
    all += fmt::format("{}{}{}", all.empty() ? "" : " ", name, id.empty() ? "" : ":" + id);
    if (name.starts_with("libm.")) facts.add("build", "libm", name + ":" + id);
  }
  facts.add("build", "libraries", all);
}

// --- Compiler
// ----------------------------------------------------------------------------------------------------------

std::string sanitizers() {
  constexpr std::string_view option = "-fsanitize=";
  std::size_t const at = cxx_flags.find(option);
  if (at == std::string_view::npos) return "none";
  std::string_view const rest = cxx_flags.substr(at + option.size());
  return std::string(rest.substr(0, rest.find(' ')));
}

std::string contraction() {
  constexpr std::string_view option = "-ffp-contract=";
  std::size_t const at = cxx_flags.rfind(option);
  if (at == std::string_view::npos) return "the compiler's default";
  std::string_view const rest = cxx_flags.substr(at + option.size());
  return std::string(rest.substr(0, rest.find(' ')));
}

void add_kokkos(Facts& facts) {
  facts.add("kokkos", "version",
            fmt::format("{}.{}.{}", KOKKOS_VERSION / 10000, KOKKOS_VERSION / 100 % 100, KOKKOS_VERSION % 100));
  std::ostringstream text;
  Kokkos::print_configuration(text, true);
  std::set<std::string> enabled;
  std::string architecture;
  std::istringstream lines(text.str());
  for (std::string line; std::getline(lines, line);) {
    std::string name, value;
    std::istringstream(line) >> name >> value;
    if (value == "architecture:")
      architecture += (architecture.empty() ? "" : ", ") + name + line.substr(line.find(':') + 1);
    constexpr std::string_view prefix = "KOKKOS_ENABLE_";
    if (!name.starts_with(prefix) || !name.ends_with(':')) continue;
    if (value == "yes") enabled.insert(name.substr(prefix.size(), name.size() - prefix.size() - 1));
  }
  std::string backends;
  for (char const* backend : {"SERIAL", "OPENMP", "THREADS", "CUDA", "HIP", "SYCL"}) {
    if (enabled.contains(backend)) backends += (backends.empty() ? "" : " ") + std::string(backend);
  }
  facts.add("kokkos", "backends", backends);
  facts.add("kokkos", "enabled", fmt::format("{}", fmt::join(enabled, " ")));
  facts.add("kokkos", "architecture", architecture);
  facts.add("kokkos", "default_space", Kokkos::DefaultExecutionSpace::name());
  facts.add("kokkos", "default_host_space", Kokkos::DefaultHostExecutionSpace::name());
  facts.add("kokkos", "concurrency", std::to_string(Kokkos::DefaultHostExecutionSpace().concurrency()));
  char const* const tools = std::getenv("KOKKOS_TOOLS_LIBS");
  facts.add("kokkos", "tools", tools == nullptr || *tools == '\0' ? "none" : tools);
  facts.add("kokkos", "configuration", text.str());
}

char const* thread_level() {
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  return level == MPI_THREAD_MULTIPLE     ? "multiple"
         : level == MPI_THREAD_SERIALIZED ? "serialized"
         : level == MPI_THREAD_FUNNELED   ? "funneled"
                                          : "single";
}

char const* gpu_awareness() {
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  return MPIX_Query_cuda_support() == 1 ? "yes" : "no";
#else
  return "unknown";
#endif
}

}  // namespace

void add_build_facts(Facts& facts) {
  facts.add("build", "version", std::string(version));
  facts.add("build", "git_commit", std::string(git_commit));
  facts.add("build", "git_branch", std::string(git_branch));
  facts.add("build", "git_dirty", std::string(git_dirty));
  facts.add("build", "git_diff", std::string(git_diff));
  facts.add("build", "type", std::string(build_type));
  facts.add("build", "preset", std::string(preset));
  facts.add("build", "compiler", std::string(compiler));
  facts.add("build", "compiler_name", std::string(compiler_name));
  facts.add("build", "cxx_standard", std::to_string(__cplusplus));
  facts.add("build", "cxx_flags", std::string(cxx_flags));
  // Lanes, and so the arenas of ensembles, depend on it; no bit of a result does.
  facts.add("build", "vector_bytes", std::to_string(detail::pack_bytes));
  facts.add("build", "cmake", std::string(cmake_version));
  facts.add("build", "sanitizers", sanitizers());
#ifdef __FAST_MATH__
  facts.add("build", "fast_math", "yes");
#else
  facts.add("build", "fast_math", "no");
#endif
  facts.add("build", "contraction", contraction());
  add_libraries(facts);
  add_kokkos(facts);
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
#ifdef H5_HAVE_PARALLEL
  char const* const kind = "parallel";
#else
  char const* const kind = "serial";
#endif
  facts.add("runtime", "hdf5", fmt::format("{}.{}.{} ({})", major, minor, release, kind));
}

void add_mpi_facts(Facts& facts, Communicator const& comm, std::vector<results::RankRow> const& ranks) {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> library{};
  int length = 0, major = 0, minor = 0;
  MPI_Get_library_version(library.data(), &length);
  MPI_Get_version(&major, &minor);
  std::map<std::string, int> per_host;
  for (results::RankRow const& row : ranks) ++per_host[row.host];
  int most = 0;
  std::string hosts;
  for (auto const& [host, count] : per_host) {
    most = std::max(most, count);
    hosts += (hosts.empty() ? "" : " ") + host;
  }
  facts.add("mpi", "standard", fmt::format("{}.{}", major, minor));
  facts.add("mpi", "library", std::string(library.data()));
  facts.add("mpi", "ranks", std::to_string(comm.size()));
  facts.add("mpi", "jobsize", std::to_string(comm.size()));
  facts.add("mpi", "numhosts", std::to_string(per_host.size()));
  facts.add("mpi", "hostlist", hosts);
  facts.add("mpi", "ranks_per_node", std::to_string(most));
  facts.add("mpi", "thread_level", thread_level());
  facts.add("mpi", "gpu_aware", gpu_awareness());
}

}  // namespace retrace::app
