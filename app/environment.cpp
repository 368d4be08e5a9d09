#include "app/environment.hpp"

#include "app/commands.hpp"
#include "app/environment_facts.hpp"
#include "core/digest.hpp"

#include <Kokkos_Core.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <sched.h>
#include <unistd.h>

namespace retrace::app {

namespace {

/// "0-7,64-71": the processors that this rank may run on.
std::string own_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "";
  std::string ranges;
  for (int first = 0; first < CPU_SETSIZE; ++first) {
    if (!CPU_ISSET(first, &set)) continue;
    int last = first;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set)) ++last;
    ranges += fmt::format("{}{}", ranges.empty() ? "" : ",", first);
    if (last > first) ranges += fmt::format("-{}", last);
    first = last;
  }
  return ranges;
}

/// The memory node of the first of these processors; -1 where the system does not tell.
int numa_node_of(std::string const& processors) {
  std::error_code error;
  std::filesystem::path const folder =
      "/sys/devices/system/cpu/cpu" + processors.substr(0, processors.find_first_of("-,"));
  for (auto const& entry : std::filesystem::directory_iterator(folder, error)) {
    std::string const name = entry.path().filename().string();
    if (name.starts_with("node") && name.find_first_not_of("0123456789", 4) == std::string::npos)
      return std::atoi(name.c_str() + 4);
  }
  return -1;
}

int device_index() {
#if defined(KOKKOS_ENABLE_CUDA) || defined(KOKKOS_ENABLE_HIP) || defined(KOKKOS_ENABLE_SYCL)
  return Kokkos::device_id();
#else
  return -1;
#endif
}

std::string hash_of(std::vector<results::EnvironmentRow> const& rows,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> wanted,
                    std::string const& more) {
  Sha256 digest;
  for (auto const& [scope, key] : wanted) {
    for (auto const& row : rows) {
      bool const listed = row.scope == scope && (row.key == key || row.key.ends_with("." + std::string(key)));
      if (listed) digest.update(row.scope + '\n' + row.key + '\n' + row.value + '\n');
    }
  }
  digest.update(more);
  return digest.hex().substr(0, 16);
}

}  // namespace

std::vector<int> processors_of(std::string const& ranges) {
  std::vector<int> processors;
  for (std::size_t at = 0; at < ranges.size();) {
    std::size_t const end = std::min(ranges.find(',', at), ranges.size());
    std::string const range = ranges.substr(at, end - at);
    std::size_t const dash = range.find('-');
    int const first = std::atoi(range.c_str());
    int const last = dash == std::string::npos ? first : std::atoi(range.c_str() + dash + 1);
    for (int cpu = first; cpu <= last; ++cpu) processors.push_back(cpu);
    at = end + 1;
  }
  return processors;
}

std::vector<results::RankRow> capture_ranks(Communicator const& comm, EnvironmentPolicy policy) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  std::string const processors = own_processors();
  int const device = device_index();
  std::vector<Gpu> const gpus = device < 0 ? std::vector<Gpu>{} : visible_gpus();
  nlohmann::json const own{
      {"host", host.data()},
      {"cpus", processors},
      {"numa", numa_node_of(processors)},
      {"gpu", device},
      {"gpu_uuid", static_cast<std::size_t>(device) < gpus.size() ? gpus[static_cast<std::size_t>(device)].uuid : ""},
      {"threads", Kokkos::DefaultHostExecutionSpace().concurrency()}};

  std::vector<results::RankRow> rows;
  std::vector<std::string> hosts;
  for (std::string const& text : comm.gather_text(own.dump())) {
    auto const place = nlohmann::json::parse(text);
    std::string name = place["host"];
    if (std::ranges::find(hosts, name) == hosts.end()) hosts.push_back(name);
    if (policy.anonymous) name = fmt::format("host{}", std::ranges::find(hosts, name) - hosts.begin());
    rows.push_back({.run = 0,
                    .rank = static_cast<std::int32_t>(rows.size()),
                    .host = name,
                    .cpus = place["cpus"],
                    .numa = place["numa"],
                    .gpu_index = place["gpu"],
                    .gpu_uuid = place["gpu_uuid"],
                    .threads = place["threads"]});
  }
  return rows;
}

std::vector<results::EnvironmentRow> capture_environment(Communicator const& comm, EnvironmentPolicy policy) {
  std::vector<results::RankRow> const ranks = capture_ranks(comm, policy);
  Facts facts;
  add_build_facts(facts);
  add_mpi_facts(facts, comm, ranks);
  add_host_facts(facts, policy);
  std::string binding;
  for (results::RankRow const& row : ranks) binding += (binding.empty() ? "" : " | ") + row.cpus;
  facts.add("host", "cpus_of_ranks", binding);
  add_run_facts(facts, policy);
  return facts.take();
}

std::string fingerprint_hw(std::vector<results::EnvironmentRow> const& environment,
                           std::vector<results::RankRow> const& ranks) {
  std::string places;
  for (results::RankRow const& row : ranks)
    places +=
        fmt::format("{} processors, {} threads, gpu {}\n", processors_of(row.cpus).size(), row.threads, row.gpu_index);
  for (auto const& row : environment) {
    if (row.scope == "gpu" && row.key.ends_with("driver")) places += row.value.substr(0, row.value.find('.')) + '\n';
  }
  return hash_of(
      environment,
      {{"cpu", "model"}, {"cpu", "sockets"}, {"gpu", "name"}, {"runtime", "OMP_PROC_BIND"}, {"runtime", "OMP_PLACES"}},
      places);
}

std::string fingerprint_sw(std::vector<results::EnvironmentRow> const& environment) {
  return hash_of(environment,
                 {{"build", "version"},
                  {"build", "git_commit"},
                  {"build", "git_diff"},
                  {"build", "compiler"},
                  {"build", "cxx_flags"},
                  {"build", "vector_bytes"},
                  {"build", "libm"},
                  {"kokkos", "version"},
                  {"kokkos", "enabled"},
                  {"kokkos", "architecture"},
                  {"mpi", "library"}},
                 "");
}

int print_environment(Options const& options, Communicator const& comm) {
  EnvironmentPolicy const policy{.full = options.env_full, .anonymous = options.anonymous};
  auto const rows = capture_environment(comm, policy);
  auto const ranks = capture_ranks(comm, policy);
  if (comm.rank() != 0) return 0;
  std::string const hardware = fingerprint_hw(rows, ranks), software = fingerprint_sw(rows);
  if (!options.json) {
    for (auto const& row : rows) fmt::print("{:8} {:24} {}\n", row.scope, row.key, row.value);
    for (auto const& row : ranks)
      fmt::print("rank {:<3} {} cpus {} numa {} threads {}\n", row.rank, row.host, row.cpus, row.numa, row.threads);
    fmt::print("fingerprint_hw {}\nfingerprint_sw {}\n", hardware, software);
    return 0;
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (auto const& row : rows) json[row.scope][row.key] = row.value;
  for (auto const& row : ranks) {
    json["ranks"].push_back({{"rank", row.rank},
                             {"host", row.host},
                             {"cpus", row.cpus},
                             {"numa", row.numa},
                             {"gpu_index", row.gpu_index},
                             {"gpu_uuid", row.gpu_uuid},
                             {"threads", row.threads}});
  }
  json["fingerprint_hw"] = hardware;
  json["fingerprint_sw"] = software;
  fmt::print("{}\n", json.dump(2));
  return 0;
}

}  // namespace retrace::app
