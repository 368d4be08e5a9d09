#include "app/environment.hpp"

#include "app/commands.hpp"
#include "app/version.hpp"
#include "core/digest.hpp"

#include <Kokkos_Core.hpp>

#include <fmt/format.h>
#include <hdf5.h>
#include <mpi.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace retrace::app {

namespace {

/// Value of the first line of a /proc file that begins with `key`.
std::string proc_value(char const* file, std::string const& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    std::size_t const colon = line.find(':');
    std::size_t const begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "unknown";
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string cpu_mask() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "unknown";
  std::string mask;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) mask += (mask.empty() ? "" : ",") + std::to_string(cpu);
  }
  return mask;
}

std::string kokkos_configuration() {
  std::ostringstream text;
  Kokkos::print_configuration(text, true);
  return text.str();
}

}  // namespace

std::vector<results::EnvironmentRow> capture_environment(Communicator const& comm) {
  std::vector<results::EnvironmentRow> rows;
  auto const add = [&](char const* scope, std::string key, std::string value) {
    rows.push_back({.run = 0, .scope = scope, .key = std::move(key), .value = std::move(value)});
  };
  add("build", "version", std::string(version));
  add("build", "git_commit", std::string(git_commit));
  add("build", "git_dirty", std::string(git_dirty));
  add("build", "type", std::string(build_type));
  add("build", "compiler", std::string(compiler));
  add("build", "cxx_flags", std::string(cxx_flags));

  add("kokkos", "version",
      fmt::format("{}.{}.{}", KOKKOS_VERSION / 10000, KOKKOS_VERSION / 100 % 100, KOKKOS_VERSION % 100));
  add("kokkos", "default_host_space", Kokkos::DefaultHostExecutionSpace::name());
  add("kokkos", "concurrency", std::to_string(Kokkos::DefaultHostExecutionSpace().concurrency()));
  add("kokkos", "configuration", kokkos_configuration());

  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> library{};
  int length = 0, major = 0, minor = 0;
  MPI_Get_library_version(library.data(), &length);
  MPI_Get_version(&major, &minor);
  add("mpi", "standard", fmt::format("{}.{}", major, minor));
  add("mpi", "library", std::string(library.data()));
  add("mpi", "ranks", std::to_string(comm.size()));

  unsigned h5_major = 0, h5_minor = 0, h5_release = 0;
  H5get_libversion(&h5_major, &h5_minor, &h5_release);
  add("runtime", "hdf5", fmt::format("{}.{}.{}", h5_major, h5_minor, h5_release));

  utsname system{};
  uname(&system);
  add("host", "hostname", host_name());
  add("host", "kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  add("host", "memory", proc_value("/proc/meminfo", "MemTotal"));
  add("host", "load_average", [] {
    std::ifstream in("/proc/loadavg");
    std::string line;
    std::getline(in, line);
    return line;
  }());
  add("cpu", "model", proc_value("/proc/cpuinfo", "model name"));
  add("cpu", "logical_cores", std::to_string(std::thread::hardware_concurrency()));
  for (char const* name : {"OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES", "OMP_SCHEDULE", "KOKKOS_NUM_THREADS",
                           "KOKKOS_TOOLS_LIBS", "OPENBLAS_NUM_THREADS", "SLURM_JOB_ID", "SLURM_JOB_PARTITION",
                           "SLURM_NNODES", "SLURM_NTASKS", "FLUX_JOB_ID", "PBS_JOBID", "LSB_JOBID"}) {
    if (char const* value = std::getenv(name)) {
      bool const is_job =
          std::string_view(name).find("JOB") != std::string_view::npos || std::string_view(name).starts_with("SLURM");
      add(is_job ? "job" : "runtime", name, value);
    }
  }
  std::string binding;
  for (std::string const& mask : comm.gather_text(cpu_mask())) binding += (binding.empty() ? "" : " | ") + mask;
  add("host", "cpus_of_ranks", binding);
  return rows;
}

std::string fingerprint(std::vector<results::EnvironmentRow> const& rows, std::vector<std::string> const& scopes) {
  constexpr std::array<std::string_view, 2> moving{"load_average", "git_dirty"};  // says nothing about the machine
  Sha256 digest;
  for (auto const& row : rows) {
    if (std::ranges::find(scopes, row.scope) == scopes.end() || std::ranges::find(moving, row.key) != moving.end())
      continue;
    digest.update(row.scope + '\n' + row.key + '\n' + row.value + '\n');
  }
  return digest.hex().substr(0, 16);
}

int print_environment(Options const& options, Communicator const& comm) {
  auto const rows = capture_environment(comm);
  if (comm.rank() != 0) return 0;
  if (options.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (auto const& row : rows) json[row.scope][row.key] = row.value;
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  for (auto const& row : rows) fmt::print("{:8} {:20} {}\n", row.scope, row.key, row.value);
  return 0;
}

}  // namespace retrace::app
