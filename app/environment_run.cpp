// What holds for this execution only.
#include "app/environment_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cfenv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <pwd.h>
#include <string_view>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

extern char** environ;

namespace retrace::app {

namespace {

std::string value_of(char const* name) {
  char const* const value = std::getenv(name);
  return value == nullptr || may_be_secret(name) ? "" : value;
}

/// The first of these variables that is set.
std::string first_of(std::initializer_list<char const*> names) {
  for (char const* name : names) {
    if (std::string value = value_of(name); !value.empty()) return value;
  }
  return "";
}

/// Variables that steer threads and Kokkos, by prefix; those of MPI and the network, by name: they may hold addresses.
void add_variables(Facts& facts) {
  constexpr std::array<std::string_view, 7> prefixes{
      "OMP_", "GOMP_", "KMP_", "KOKKOS_", "OPENBLAS_NUM_", "OPENBLAS_CORETYPE", "MKL_NUM_"};
  constexpr std::array<std::string_view, 14> names{"OMPI_MCA_btl",
                                                   "OMPI_MCA_pml",
                                                   "OMPI_MCA_mtl",
                                                   "OMPI_MCA_coll",
                                                   "UCX_TLS",
                                                   "UCX_NET_DEVICES",
                                                   "FI_PROVIDER",
                                                   "MPICH_GPU_SUPPORT_ENABLED",
                                                   "MPICH_OFI_NIC_POLICY",
                                                   "I_MPI_FABRICS",
                                                   "SLURM_MPI_TYPE",
                                                   "CUDA_VISIBLE_DEVICES",
                                                   "HIP_VISIBLE_DEVICES",
                                                   "HDF5_USE_FILE_LOCKING"};
  std::vector<std::pair<std::string, std::string>> found;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    std::string_view const entry = *at;
    std::string_view const name = entry.substr(0, entry.find('='));
    bool const known = std::ranges::find(names, name) != names.end() ||
                       std::ranges::any_of(prefixes, [&](std::string_view p) { return name.starts_with(p); });
    if (known && !may_be_secret(name)) found.emplace_back(name, entry.substr(name.size() + 1));
  }
  std::ranges::sort(found);
  for (auto& [name, value] : found) facts.add("runtime", std::move(name), std::move(value));
}

void add_job(Facts& facts, EnvironmentPolicy policy) {
  std::string const scheduler = !first_of({"SLURM_JOB_ID"}).empty()  ? "slurm"
                                : !first_of({"FLUX_JOB_ID"}).empty() ? "flux"
                                : !first_of({"PBS_JOBID"}).empty()   ? "pbs"
                                : !first_of({"LSB_JOBID"}).empty()   ? "lsf"
                                                                     : "";
  facts.add("job", "scheduler", scheduler.empty() ? "none" : scheduler);
  facts.add("job", "job_id", first_of({"SLURM_JOB_ID", "FLUX_JOB_ID", "PBS_JOBID", "LSB_JOBID"}));
  facts.add("job", "array_index", first_of({"SLURM_ARRAY_TASK_ID", "PBS_ARRAY_INDEX", "RETRACE_SHARD"}));
  facts.add("job", "restarts", first_of({"SLURM_RESTART_COUNT", "RETRACE_TRY"}));
  facts.add("job", "partition", first_of({"SLURM_JOB_PARTITION", "PBS_QUEUE", "LSB_QUEUE"}));
  facts.add("job", "nodes", first_of({"SLURM_NNODES", "FLUX_JOB_NNODES"}));
  facts.add("job", "tasks", first_of({"SLURM_NTASKS", "FLUX_JOB_SIZE"}));
  facts.add("job", "time_limit_end", first_of({"SLURM_JOB_END_TIME"}));
  facts.add("job", "walltime", first_of({"PBS_WALLTIME"}));
  facts.add("job", "account", policy.full ? first_of({"SLURM_JOB_ACCOUNT", "PBS_ACCOUNT"}) : "");
}

char const* rounding() {
  int const mode = std::fegetround();
  return mode == FE_TONEAREST  ? "to nearest"
         : mode == FE_UPWARD   ? "upward"
         : mode == FE_DOWNWARD ? "downward"
                               : "to zero";
}

std::string subnormals() {
#if defined(__x86_64__)
  constexpr unsigned flush_to_zero = 1U << 15U, denormals_are_zero = 1U << 6U;
  unsigned const mode = _mm_getcsr();
  return fmt::format("ftz {}, daz {}", (mode & flush_to_zero) != 0 ? "on" : "off",
                     (mode & denormals_are_zero) != 0 ? "on" : "off");
#else
  return "unknown";
#endif
}

}  // namespace

bool may_be_secret(std::string_view name) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  constexpr std::array<std::string_view, 6> parts{"TOKEN", "KEY", "SECRET", "PASS", "CRED", "AUTH"};
  return std::ranges::any_of(parts, [&](std::string_view part) { return upper.find(part) != std::string::npos; });
}

void add_run_facts(Facts& facts, EnvironmentPolicy policy) {
  std::error_code error;
  std::filesystem::path const program = std::filesystem::read_symlink("/proc/self/exe", error);
  facts.add("runtime", "executable", program.filename().string());
  facts.add("runtime", "launchdate", std::to_string(std::time(nullptr)));
  facts.add("runtime", "rounding", rounding());
  facts.add("runtime", "subnormals", subnormals());
  facts.add("runtime", "workdir", policy.full ? std::filesystem::current_path(error).string() : "");
  facts.add("runtime", "executablepath", policy.full ? program.string() : "");
  add_variables(facts);
  if (!policy.anonymous) {
    passwd const* const user = getpwuid(geteuid());
    facts.add("user", "user", user == nullptr ? "" : user->pw_name);
  }
  add_job(facts, policy);
}

}  // namespace retrace::app
