#include "results/lock_file.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace retrace::results {

namespace fs = std::filesystem;

namespace {

constexpr auto job_variables = std::to_array<char const*>({"SLURM_JOB_ID", "FLUX_JOB_ID", "PBS_JOBID", "LSB_JOBID"});

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string job_id() {
  for (char const* name : job_variables) {
    if (char const* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return {};
}

/// Field 22 of /proc/PID/stat, counted behind the name, which may hold anything; -1 where there is no such file, and
/// for a process that has ended but that nobody has waited for.
long long start_of(long process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string line;
  if (!std::getline(file, line)) return -1;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string state, field;
  fields >> state;
  if (state == "Z" || state == "X") return -1;
  constexpr int fields_behind_state = 19;
  for (int i = 0; i < fields_behind_state; ++i) fields >> field;
  return fields ? std::strtoll(field.c_str(), nullptr, 10) : -1;
}

/// Without /proc a number is all there is to go by.
bool has_proc() {
  static bool const has = fs::exists("/proc/self/stat");
  return has;
}

std::string random_token() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

/// Nothing when there is no such file; UsageError when it does not name a holder.
std::optional<LockHolder> read_holder(fs::path const& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  auto const json = nlohmann::json::parse(file, nullptr, false);
  try {
    return LockHolder{.host = json.at("host"),
                      .job = json.at("job"),
                      .token = json.at("token"),
                      .process = json.at("process"),
                      .started = json.at("started")};
  } catch (nlohmann::json::exception const&) {
    throw UsageError(fmt::format("'{}' is no lock of this program; remove it if nothing writes there", path.string()));
  }
}

[[noreturn]] void fail(std::string_view action, fs::path const& path, int error) {
  throw EnvironmentError(
      fmt::format("cannot {} '{}': {}", action, path.string(), std::generic_category().message(error)));
}

/// Makes `path` with its whole content in one step. False when it exists.
bool create_whole(fs::path const& path, LockHolder const& holder) {
  fs::path temporary = path;
  temporary += fmt::format(".{}-{}", holder.token, ::getpid());
  std::string const text = nlohmann::json{{"host", holder.host},
                                          {"process", holder.process},
                                          {"started", holder.started},
                                          {"job", holder.job},
                                          {"token", holder.token}}
                               .dump() +
                           "\n";
  errno = 0;
  std::ofstream file(temporary);
  file << text << std::flush;
  bool const written = file.good();
  int error = errno;
  file.close();
  bool made = false;
  if (written) {
    made = ::link(temporary.c_str(), path.c_str()) == 0;
    error = errno;
  }
  ::unlink(temporary.c_str());
  if (!written || (!made && error != EEXIST)) fail("create", path, error);
  return made;
}

fs::path successor_of(fs::path const& lock, LockHolder const& holder) {
  fs::path path = lock;
  path += ".after-" + holder.token;
  return path;
}

}  // namespace

std::string LockHolder::text() const {
  return fmt::format("process {} on {}{}", process, host, job.empty() ? "" : fmt::format(" (job {})", job));
}

HolderState state_of(LockHolder const& holder) {
  if (holder.host == host_name()) {
    bool const exists = ::kill(static_cast<pid_t>(holder.process), 0) == 0 || errno == EPERM;
    if (!exists) return HolderState::gone;
    return has_proc() && start_of(holder.process) != holder.started ? HolderState::gone : HolderState::alive;
  }
  // A scheduler that starts a job anew under its old number has ended what that job ran before.
  if (!holder.job.empty() && holder.job == job_id()) return HolderState::gone;
  return HolderState::unknown;
}

LockFile::LockFile(fs::path path, std::function<HolderState(LockHolder const&)> const& state)
    : path_(std::move(path)),
      own_{.host = host_name(),
           .job = job_id(),
           .token = random_token(),
           .process = ::getpid(),
           .started = start_of(::getpid())} {
  constexpr int most_rounds = 100;  // each ends by another process having moved on
  for (int round = 0; round < most_rounds; ++round) {
    if (create_whole(path_, own_)) {
      held_ = true;
      return;
    }
    auto const holder = read_holder(path_);
    if (!holder) continue;              // released in between
    if (holder->token == own_.token) {  // another taker, who took ours for a dead one's claim, has finished it for us
      held_ = true;
      return;
    }
    HolderState const found = state(*holder);
    if (found != HolderState::gone) {
      throw UsageError(fmt::format(
          "another run writes this result: {} holds '{}'{}", holder->text(), path_.string(),
          found == HolderState::unknown ? "; remove that file if it has ended, which cannot be seen from here" : ""));
    }
    // Whoever makes the successor's file is the one; then the name of the lock passes to it, and to nobody else's.
    fs::path const successor = successor_of(path_, *holder);
    if (!create_whole(successor, own_)) {
      auto const other = read_holder(successor);
      if (other && state(*other) == HolderState::gone) ::rename(successor.c_str(), path_.c_str());  // it died here
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    auto const still = read_holder(path_);
    if (still && still->token == holder->token) {
      taken_over_from_ = holder->text();
      if (::rename(successor.c_str(), path_.c_str()) != 0) fail("take over", path_, errno);
      held_ = true;
      return;
    }
    ::unlink(successor.c_str());  // somebody was faster by a whole turn
  }
  throw EnvironmentError(fmt::format("cannot lock '{}': it changes hands all the time", path_.string()));
}

void LockFile::release() {
  if (std::exchange(held_, false)) ::unlink(path_.c_str());
}

LockFile::~LockFile() {
  release();
}

}  // namespace retrace::results
