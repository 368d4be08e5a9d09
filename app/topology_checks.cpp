// Where the ranks of this host sit among memory nodes and hardware threads, and what its GPUs are doing.
#include "app/environment_facts.hpp"
#include "app/node_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

namespace retrace::app {

namespace {

std::string cpu_folder(int cpu) {
  return fmt::format("/sys/devices/system/cpu/cpu{}", cpu);
}

int memory_node_of(int cpu) {
  std::error_code error;
  for (auto const& entry : std::filesystem::directory_iterator(cpu_folder(cpu), error)) {
    std::string const name = entry.path().filename().string();
    if (name.starts_with("node")) return std::atoi(name.c_str() + 4);
  }
  return 0;
}

Finding check_memory_nodes(std::vector<results::RankRow> const& here) {
  std::size_t most = 0;
  std::set<int> all;
  for (results::RankRow const& rank : here) {
    std::set<int> nodes;
    for (int const cpu : processors_of(rank.cpus)) nodes.insert(memory_node_of(cpu));
    most = std::max(most, nodes.size());
    all.insert(nodes.begin(), nodes.end());
  }
  std::string const value = fmt::format("{} of this host used, at most {} by a rank", all.size(), most);
  if (most > 1)
    return {"memory_nodes", Fitness::warn, value,
            "a rank's threads may be far from its memory; one rank per memory node, or bind closer"};
  return {"memory_nodes", Fitness::ok, value, "every rank is near its memory"};
}

Finding check_hardware_threads(std::vector<results::RankRow> const& here) {
  std::set<std::string> cores;
  std::set<int> processors;
  int threads = 0;
  for (results::RankRow const& rank : here) {
    for (int const cpu : processors_of(rank.cpus)) {
      processors.insert(cpu);
      cores.insert(first_line_of(cpu_folder(cpu) + "/topology/core_cpus_list"));
    }
    threads += rank.threads;
  }
  std::string const value =
      fmt::format("{} threads on {} cores with {} hardware threads", threads, cores.size(), processors.size());
  if (cores.contains("")) return {"hardware_threads", Fitness::warn, "unknown", "the system does not tell"};
  if (threads > static_cast<int>(cores.size()))
    return {"hardware_threads", Fitness::warn, value, "two threads share a core; OMP_PLACES=cores and fewer threads"};
  return {"hardware_threads", Fitness::ok, value, "each thread can have a core"};
}

Finding check_gpu_clocks(std::vector<Gpu> const& gpus) {
  std::string value;
  bool mig = false;
  for (Gpu const& gpu : gpus) {
    value += fmt::format("{}{}: {} of {}, {} C", value.empty() ? "" : "; ", gpu.name, gpu.clock, gpu.clock_limit,
                         gpu.temperature);
    mig |= gpu.mig == "Enabled";
  }
  if (mig) return {"gpu_clocks", Fitness::warn, value, "MIG is on: others may use parts of the GPU"};
  return {"gpu_clocks", Fitness::ok, value, "at rest; compare with the clock under load, and lock it where you may"};
}

}  // namespace

std::vector<Finding> check_topology(std::vector<results::RankRow> const& ranks) {
  if (ranks.empty()) return {};
  std::vector<results::RankRow> here;
  for (results::RankRow const& rank : ranks) {
    if (rank.host == ranks.front().host) here.push_back(rank);
  }
  std::vector<Finding> findings{check_memory_nodes(here), check_hardware_threads(here)};
  std::vector<Gpu> const gpus = visible_gpus();
  if (!gpus.empty()) findings.push_back(check_gpu_clocks(gpus));
  return findings;
}

}  // namespace retrace::app
