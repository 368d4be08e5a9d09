#include "app/node_checks.hpp"

#include <Kokkos_Core.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <sched.h>
#include <set>
#include <sstream>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace retrace::app {

namespace {

namespace fs = std::filesystem;

/// Empty if there is no such file.
std::string first_line(fs::path const& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string environment(char const* name) {
  char const* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// --- Build
// ------------------------------------------------------------------------------------------------------------

Finding check_build(std::string const& build_type, std::string const& cxx_flags) {
  if (cxx_flags.find("-fsanitize") != std::string::npos)
    return {"build", Fitness::fail, build_type, "built with sanitizers, which cost a multiple; use the preset release"};
  if (build_type == "Debug" || build_type.empty())
    return {"build", Fitness::fail, build_type.empty() ? "no type" : build_type,
            "built without optimisation; use the preset release"};
  return {"build", Fitness::ok, build_type, "optimised"};
}

Finding check_tools() {
  std::string const tools = environment("KOKKOS_TOOLS_LIBS");
  if (tools.empty()) return {"kokkos_tools", Fitness::ok, "none", "no tool is called at kernels and allocations"};
  return {"kokkos_tools", Fitness::warn, tools, "a tool is called at every kernel; unset KOKKOS_TOOLS_LIBS for timing"};
}

Finding check_gpu() {
#if defined(RETRACE_HAS_CUDA)
  return {"gpu", Fitness::ok, "Cuda", "in this build; ceilings and checks here are those of the host"};
#else
  return {"gpu", Fitness::ok, "none", "this build of Kokkos has no GPU backend; all times are the host's"};
#endif
}

// --- Clock and frequency
// ----------------------------------------------------------------------------------------------

Finding check_clock() {
  using Clock = std::chrono::steady_clock;
  std::string const source = first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  constexpr int reads = 10'000;
  auto const start = Clock::now();
  for (int i = 1; i < reads; ++i) static_cast<void>(Clock::now());
  double const per_read = std::chrono::duration<double>(Clock::now() - start).count() / reads;
  std::string const value = fmt::format("{}, {:.0f} ns a reading", source.empty() ? "unknown" : source, 1e9 * per_read);
  constexpr double slow = 1e-6;
  if (per_read > slow) return {"clock", Fitness::warn, value, "reading the clock is slow; short cases look longer"};
  return {"clock", Fitness::ok, value, "cheap against the shortest sample"};
}

Finding check_governor() {
  std::set<std::string> governors;
  std::error_code error;
  for (auto const& entry : fs::directory_iterator("/sys/devices/system/cpu", error)) {
    std::string const governor = first_line(entry.path() / "cpufreq" / "scaling_governor");
    if (!governor.empty()) governors.insert(governor);
  }
  if (governors.empty())
    return {"governor", Fitness::warn, "unknown",
            "the system does not tell (a virtual machine?): the frequency can be neither seen nor fixed"};
  std::string const all = fmt::format("{}", fmt::join(governors, ", "));
  if (governors == std::set<std::string>{"performance"})
    return {"governor", Fitness::ok, all, "processors keep their highest frequency"};
  return {"governor", Fitness::warn, all, "the frequency follows the load; cpupower frequency-set -g performance"};
}

Finding check_turbo() {
  std::string const no_turbo = first_line("/sys/devices/system/cpu/intel_pstate/no_turbo");
  std::string const boost = first_line("/sys/devices/system/cpu/cpufreq/boost");
  if (no_turbo.empty() && boost.empty())
    return {"turbo", Fitness::warn, "unknown", "the system does not tell (a virtual machine?)"};
  if (no_turbo == "1" || boost == "0")
    return {"turbo", Fitness::ok, "off", "the frequency does not depend on the load"};
  return {"turbo", Fitness::warn, "on",
          "the frequency falls as cores get busy and warm; compare equal numbers of threads"};
}

// --- Processors, threads, ranks
// ---------------------------------------------------------------------------------------

struct RankPlace {
  std::string host;
  std::set<int> processors;
  int threads = 1;
};

/// `host|threads|0 1 2`
std::string own_place() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::string text = fmt::format("{}|{}|", host.data(), Kokkos::DefaultHostExecutionSpace().concurrency());
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) text += fmt::format("{} ", cpu);
  }
  return text;
}

RankPlace place_of(std::string const& text) {
  RankPlace place;
  std::size_t const first = text.find('|'), second = text.find('|', first + 1);
  place.host = text.substr(0, first);
  place.threads = std::atoi(text.substr(first + 1, second - first - 1).c_str());
  std::istringstream processors(text.substr(second + 1));
  for (int cpu = 0; processors >> cpu;) place.processors.insert(cpu);
  return place;
}

struct HostUse {
  std::set<int> processors;
  int threads = 0, ranks = 0;
  bool overlap = false;
};

std::map<std::string, HostUse> hosts_of(std::vector<RankPlace> const& places) {
  std::map<std::string, HostUse> hosts;
  for (RankPlace const& place : places) {
    HostUse& host = hosts[place.host];
    for (int const cpu : place.processors) host.overlap |= !host.processors.insert(cpu).second;
    host.threads += place.threads;
    ++host.ranks;
  }
  return hosts;
}

Finding check_threads(std::vector<RankPlace> const& places) {
  std::string value;
  bool crowded = false;
  for (auto const& [name, host] : hosts_of(places)) {
    value += fmt::format("{}{}: {} x {} on {} processors", value.empty() ? "" : "; ", name,
                         host.ranks == 1 ? "1 rank" : fmt::format("{} ranks", host.ranks),
                         host.threads == host.ranks ? "1 thread" : fmt::format("{} threads", host.threads / host.ranks),
                         host.processors.size());
    crowded |= host.threads > static_cast<int>(host.processors.size());
  }
  for (RankPlace const& place : places) crowded |= place.threads > static_cast<int>(place.processors.size());
  if (crowded) {
    return {"threads", Fitness::fail, value,
            "more threads than processors: they take turns; lower OMP_NUM_THREADS or the number of ranks"};
  }
  return {"threads", Fitness::ok, value, "each thread can have a processor"};
}

Finding check_binding(std::vector<RankPlace> const& places) {
  bool overlap = false, loose = false;
  for (auto const& [name, host] : hosts_of(places)) overlap |= host.overlap;
  for (RankPlace const& place : places) loose |= place.processors.size() > 1;
  if (overlap)
    return {
        "binding", Fitness::warn, "ranks share processors",
        "two ranks may meet on one processor; mpirun --bind-to core --map-by slot:PE=<threads>, srun --cpu-bind=cores"};
  std::string const bind = environment("OMP_PROC_BIND");
  bool const bound = !bind.empty() && bind != "false" && bind != "FALSE";
  if (loose && !bound)
    return {"binding", Fitness::warn, "threads are free to move",
            "they leave their caches when they do; OMP_PROC_BIND=close OMP_PLACES=cores"};
  return {"binding", Fitness::ok, places.size() > 1 ? "ranks apart" : "bound", "threads stay where they are"};
}

/// Processor time that the container may use, in processors; 0 without a limit.
double processor_quota() {
  double quota = 0.0, period = 0.0;
  std::istringstream v2(first_line("/sys/fs/cgroup/cpu.max"));
  if (!(v2 >> quota >> period)) {
    std::istringstream(first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")) >> quota;
    std::istringstream(first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us")) >> period;
  }
  return quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}

Finding check_quota(std::vector<RankPlace> const& places) {
  double const quota = processor_quota();
  if (quota <= 0.0) return {"quota", Fitness::ok, "none", "no limit on processor time"};
  int threads = 0;
  for (RankPlace const& place : places) threads += place.host == places.front().host ? place.threads : 0;
  std::string const value = fmt::format("{:.2f} processors", quota);
  if (threads > quota)
    return {"quota", Fitness::fail, value, "less than the threads want: they are stopped now and then"};
  return {"quota", Fitness::ok, value, "enough for the threads"};
}

// --- Load
// -------------------------------------------------------------------------------------------------------------

/// Jiffies since boot, all processors.
struct ProcessorTime {
  double busy = 0.0, stolen = 0.0, all = 0.0;
};

ProcessorTime processor_time() {
  std::istringstream line(first_line("/proc/stat"));
  std::string name;
  line >> name;
  ProcessorTime time;
  double x = 0.0;
  // user nice system idle iowait irq softirq steal; the rest is counted in user and nice already.
  for (int field = 0; field < 8 && line >> x; ++field) {
    time.all += x;
    if (field == 7) time.stolen += x;
    if (field != 3 && field != 4 && field != 7) time.busy += x;
  }
  return time;
}

/// Collective: all ranks sleep, so that what rank 0 sees working are others.
std::pair<ProcessorTime, ProcessorTime> watch_silence(Communicator const& comm) {
  using std::chrono::milliseconds;
  comm.barrier();
  std::this_thread::sleep_for(milliseconds(100));  // threads of the start-up stop spinning
  ProcessorTime const before = processor_time();
  std::this_thread::sleep_for(milliseconds(300));
  ProcessorTime const after = processor_time();
  std::this_thread::sleep_for(milliseconds(100));  // no rank spins in MPI before the last one has looked
  return {before, after};
}

Finding check_load(ProcessorTime const& before, ProcessorTime const& after) {
  auto const processors = static_cast<double>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  double const busy = processors * (after.busy - before.busy) / std::max(after.all - before.all, 1.0);
  double load = 0.0;
  std::istringstream(first_line("/proc/loadavg")) >> load;
  std::string const value =
      fmt::format("{:.1f} of {:.0f} processors busy now, {:.2f} in the last minute", busy, processors, load);
  constexpr double quiet = 0.1, half = 0.5;  // share of the processors; load averages remember what is over
  if (busy > half * processors) return {"load", Fitness::fail, value, "others use most of this machine; wait, or move"};
  if (busy > quiet * processors) return {"load", Fitness::warn, value, "others are at work on this machine"};
  if (load > half * processors) return {"load", Fitness::warn, value, "quiet now; others were at work a moment ago"};
  return {"load", Fitness::ok, value, "quiet"};
}

Finding check_steal(ProcessorTime const& before, ProcessorTime const& after) {
  double const now = (after.stolen - before.stolen) / std::max(after.all - before.all, 1.0);
  double const ever = after.stolen / std::max(after.all, 1.0);
  std::string const value = fmt::format("{:.1f} % now, {:.1f} % since boot", 100.0 * now, 100.0 * ever);
  constexpr double much = 0.01;
  if (now > much || ever > much)
    return {"steal", Fitness::warn, value, "the host of this virtual machine gives processors to others"};
  return {"steal", Fitness::ok, value, "no processor time goes to other virtual machines"};
}

// --- Output
// -----------------------------------------------------------------------------------------------------------

/// Writable folder, and whether files in it can be locked.
std::vector<Finding> check_output(fs::path const& folder) {
  std::error_code error;
  fs::path const absolute = fs::absolute(folder, error);
  std::string name = (absolute / ".retrace-doctor-XXXXXX").string();
  int const file = mkstemp(name.data());
  if (file < 0) {
    return {{"output", Fitness::fail, folder.string(), "no file can be made here: results would be lost"},
            {"file_locks", Fitness::warn, "unknown", "nothing could be tried"}};
  }
  std::array<char, 4096> const page{};
  bool const written = write(file, page.data(), page.size()) == static_cast<ssize_t>(page.size()) && fsync(file) == 0;
  bool const locked = flock(file, LOCK_EX | LOCK_NB) == 0;
  close(file);
  fs::remove(name, error);
  fs::space_info const space = fs::space(absolute, error);
  double const free_gb = error ? 0.0 : 1e-9 * static_cast<double>(space.available);

  std::vector<Finding> findings;
  std::string const value = fmt::format("{}, {:.1f} GB free", folder.string(), free_gb);
  constexpr double little = 0.1;
  if (!written) {
    findings.push_back({"output", Fitness::fail, value, "a page written here does not arrive: results would be lost"});
  } else if (free_gb < little) {
    findings.push_back({"output", Fitness::warn, value, "little space"});
  } else {
    findings.push_back({"output", Fitness::ok, value, "writable"});
  }
  if (locked) {
    findings.push_back({"file_locks", Fitness::ok, "work", "HDF5 may lock its files"});
  } else {
    findings.push_back({"file_locks", Fitness::warn, "refused", "set HDF5_USE_FILE_LOCKING=FALSE"});
  }
  return findings;
}

}  // namespace

std::vector<Finding> check_node(Communicator const& comm, fs::path const& folder, std::string const& build_type,
                                std::string const& cxx_flags) {
  auto const [before, after] = watch_silence(comm);
  std::vector<RankPlace> places;
  for (std::string const& text : comm.gather_text(own_place())) places.push_back(place_of(text));
  if (comm.rank() != 0) return {};
  std::vector<Finding> findings{check_build(build_type, cxx_flags),
                                check_threads(places),
                                check_binding(places),
                                check_quota(places),
                                check_load(before, after),
                                check_steal(before, after),
                                check_governor(),
                                check_turbo(),
                                check_clock(),
                                check_tools(),
                                check_gpu()};
  for (Finding& finding : check_output(folder)) findings.push_back(std::move(finding));
  return findings;
}

std::vector<Finding> check_ceilings(std::vector<Ceiling> const& ceilings) {
  std::vector<Finding> findings;
  Ceiling const *widest = nullptr, *one = nullptr, *all = nullptr;
  for (Ceiling const& ceiling : ceilings) {
    if (widest == nullptr || ceiling.spread() > widest->spread()) widest = &ceiling;
    if (ceiling.key != "fma_gflops_f64") continue;
    (ceiling.threads == 1 ? one : all) = &ceiling;
  }
  constexpr double steady = 0.1;  // of the median
  if (widest != nullptr) {
    bool const good = widest->spread() <= steady;
    findings.push_back(
        {"repeatability", good ? Fitness::ok : Fitness::warn,
         fmt::format("{:.0f} % at most ({}, threads: {})", 100.0 * widest->spread(), widest->key, widest->threads),
         good ? "repetitions of a rate agree" : "repetitions of a rate differ; something else is at work"});
  }
  if (one != nullptr && all != nullptr) {
    double const share = all->median / (one->median * all->threads);
    std::string const value = fmt::format("{:.2f} of {} times one thread", share, all->threads);
    constexpr double good = 0.8, bad = 0.6;  // two threads on one core reach half
    if (share < bad) {
      findings.push_back({"thread_scaling", Fitness::fail, value,
                          "threads share cores (binding, hyper-threads, other processes): their times mean nothing"});
    } else if (share < good) {
      findings.push_back({"thread_scaling", Fitness::warn, value, "cores slow down, or are shared, when all work"});
    } else {
      findings.push_back({"thread_scaling", Fitness::ok, value, "threads have cores of their own"});
    }
  }
  return findings;
}

}  // namespace retrace::app
