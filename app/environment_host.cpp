// The machine that the program runs on.
#include "app/environment_facts.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace retrace::app {

namespace {

namespace fs = std::filesystem;

/// Value of the first line of a /proc file that begins with `key`.
std::string proc_value(char const* file, std::string const& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    std::size_t const begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

/// As Adiak does: the host's name without the number of the node.
std::string cluster_name() {
  for (char const* name : {"LCSCHEDCLUSTER", "SLURM_CLUSTER_NAME"}) {
    if (char const* value = std::getenv(name)) return value;
  }
  std::string name = host_name();
  name = name.substr(0, name.find('.'));
  std::size_t const last = name.find_last_not_of("0123456789");
  return last == std::string::npos ? name : name.substr(0, last + 1);
}

std::string operating_system() {
  std::ifstream in("/etc/os-release");
  constexpr std::string_view key = "PRETTY_NAME=";
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    std::string name = line.substr(key.size());
    std::erase(name, '"');
    return name;
  }
  return "";
}

std::string container() {
  if (std::getenv("APPTAINER_CONTAINER") != nullptr || std::getenv("SINGULARITY_CONTAINER") != nullptr)
    return "apptainer";
  if (fs::exists("/.dockerenv")) return "docker";
  if (fs::exists("/run/.containerenv")) return "podman";
  return "none seen";
}

std::string time_zone() {
  std::time_t const now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> text{};
  std::size_t const length = std::strftime(text.data(), text.size(), "%Z %z", &local);
  return {text.data(), length};
}

/// Folders /sys/…/<prefix><number>.
int count_folders(char const* folder, std::string const& prefix) {
  int count = 0;
  std::error_code error;
  for (auto const& entry : fs::directory_iterator(folder, error)) {
    std::string const name = entry.path().filename().string();
    bool const numbered =
        name.size() > prefix.size() && name.find_first_not_of("0123456789", prefix.size()) == name.npos;
    count += name.starts_with(prefix) && numbered ? 1 : 0;
  }
  return count;
}

std::string const cpu_folder = "/sys/devices/system/cpu";

/// Different values of one file of every processor's topology.
std::set<std::string> topology(std::string const& file) {
  std::set<std::string> values;
  std::error_code error;
  for (auto const& entry : fs::directory_iterator(cpu_folder, error)) {
    std::string const value = first_line_of((entry.path() / "topology" / file).string());
    if (!value.empty()) values.insert(value);
  }
  return values;
}

std::string caches() {
  std::string all;
  for (int i = 0; i < 8; ++i) {
    std::string const folder = fmt::format("{}/cpu0/cache/index{}/", cpu_folder, i);
    std::string const level = first_line_of(folder + "level"), size = first_line_of(folder + "size");
    if (size.empty()) continue;
    std::string const kind = first_line_of(folder + "type");
    all += fmt::format("{}L{}{} {}", all.empty() ? "" : ", ", level,
                       kind == "Data"          ? "d"
                       : kind == "Instruction" ? "i"
                                               : "",
                       size);
  }
  return all;
}

void add_processors(Facts& facts) {
  facts.add("cpu", "model", proc_value("/proc/cpuinfo", "model name"));
  facts.add("cpu", "microcode", proc_value("/proc/cpuinfo", "microcode"));
  facts.add("cpu", "logical_cores", std::to_string(std::thread::hardware_concurrency()));
  std::size_t const cores = topology("core_cpus_list").size();
  facts.add("cpu", "cores", cores == 0 ? "" : std::to_string(cores));
  std::size_t const sockets = topology("physical_package_id").size();
  facts.add("cpu", "sockets", sockets == 0 ? "" : std::to_string(sockets));
  facts.add("cpu", "smt", first_line_of(cpu_folder + "/smt/active"));
  facts.add("cpu", "caches", caches());
  facts.add("cpu", "governor", first_line_of(cpu_folder + "/cpu0/cpufreq/scaling_governor"));
  std::string const no_turbo = first_line_of(cpu_folder + "/intel_pstate/no_turbo");
  std::string const boost = first_line_of(cpu_folder + "/cpufreq/boost");
  if (!no_turbo.empty()) facts.add("cpu", "turbo", no_turbo == "1" ? "off" : "on");
  if (!boost.empty()) facts.add("cpu", "turbo", boost == "0" ? "off" : "on");
}

void add_gpus(Facts& facts) {
  std::vector<Gpu> const gpus = visible_gpus();
  facts.add("gpu", "count", std::to_string(gpus.size()));
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    Gpu const& gpu = gpus[i];
    std::string const prefix = gpus.size() == 1 ? "" : fmt::format("{}.", i);
    facts.add("gpu", prefix + "name", gpu.name);
    facts.add("gpu", prefix + "uuid", gpu.uuid);
    facts.add("gpu", prefix + "driver", gpu.driver);
    facts.add("gpu", prefix + "memory", gpu.memory);
    facts.add("gpu", prefix + "ecc", gpu.ecc);
    facts.add("gpu", prefix + "mig", gpu.mig);
    facts.add("gpu", prefix + "clock", gpu.clock);
    facts.add("gpu", prefix + "clock_limit", gpu.clock_limit);
    facts.add("gpu", prefix + "power_limit", gpu.power_limit);
    facts.add("gpu", prefix + "temperature", gpu.temperature);
  }
}

}  // namespace

std::vector<Gpu> visible_gpus() {
  if (!fs::exists("/proc/driver/nvidia/version")) return {};
  constexpr char const* question =
      "nvidia-smi --query-gpu=name,uuid,driver_version,memory.total,ecc.mode.current,mig.mode.current,clocks.sm,"
      "clocks.max.sm,power.limit,temperature.gpu --format=csv,noheader 2>/dev/null";
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const answer(popen(question, "r"), &pclose);
  if (!answer) return {};
  std::vector<Gpu> gpus;
  std::array<char, 1024> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), answer.get()) != nullptr) {
    std::array<std::string, 10> column;
    std::istringstream line(buffer.data());
    for (std::string& value : column) {
      std::getline(line, value, ',');
      value.erase(0, value.find_first_not_of(' '));
      value.erase(value.find_last_not_of(" \n") + 1);
    }
    gpus.push_back(
        {column[0], column[1], column[2], column[3], column[4], column[5], column[6], column[7], column[8], column[9]});
  }
  return gpus;
}

void add_host_facts(Facts& facts, EnvironmentPolicy policy) {
  utsname system{};
  uname(&system);
  if (!policy.anonymous) {
    facts.add("host", "hostname", host_name());
    facts.add("host", "clustername", cluster_name());
  }
  facts.add("host", "kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  facts.add("host", "os", operating_system());
  facts.add("host", "memory", proc_value("/proc/meminfo", "MemTotal"));
  int const nodes = count_folders("/sys/devices/system/node", "node");
  facts.add("host", "numa_nodes", nodes == 0 ? "" : std::to_string(nodes));
  facts.add("host", "transparent_huge_pages", first_line_of("/sys/kernel/mm/transparent_hugepage/enabled"));
  facts.add("host", "aslr", first_line_of("/proc/sys/kernel/randomize_va_space"));
  facts.add("host", "load_average", first_line_of("/proc/loadavg"));
  facts.add("host", "container", container());
  facts.add("host", "time_zone", time_zone());
  add_processors(facts);
  add_gpus(facts);
}

}  // namespace retrace::app
