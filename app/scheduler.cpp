#include "app/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace retrace::app {

namespace {

std::string variable(char const* name) {
  char const* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// First line of what a command prints; empty when it cannot be run, fails or takes too long.
std::string answer_of(std::string const& command) {
  std::FILE* const pipe = ::popen(("timeout 10 " + command + " 2>/dev/null </dev/null").c_str(), "re");
  if (pipe == nullptr) return {};
  std::array<char, 256> line{};
  std::string answer;
  if (std::fgets(line.data(), line.size(), pipe) != nullptr) answer = line.data();
  if (::pclose(pipe) != 0) return {};
  while (!answer.empty() && std::isspace(static_cast<unsigned char>(answer.back())) != 0) answer.pop_back();
  return answer;
}

/// Ids go into a command line.
bool is_plain(std::string const& id) {
  return !id.empty() &&
         std::ranges::all_of(id, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

std::optional<JobTime> slurm_time(std::string const& job) {
  if (auto const end = number(variable("SLURM_JOB_END_TIME"))) {
    double const now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return JobTime{*end - now, "SLURM_JOB_END_TIME"};
  }
  if (!is_plain(job)) return std::nullopt;
  auto const left = clock_seconds(answer_of("squeue --noheader --jobs=" + job + " --format=%L"));
  return left ? std::optional(JobTime{*left, "squeue"}) : std::nullopt;
}

}  // namespace

std::optional<double> clock_seconds(std::string_view text) {
  double days = 0.0;
  if (std::size_t const dash = text.find('-'); dash != std::string_view::npos) {
    auto const parsed = number(text.substr(0, dash));
    if (!parsed) return std::nullopt;
    days = *parsed;
    text.remove_prefix(dash + 1);
  }
  double seconds = 0.0;
  for (int parts = 0;; ++parts) {
    std::size_t const colon = text.find(':');
    auto const part = number(text.substr(0, colon));
    constexpr int most_parts = 3;
    if (!part || *part < 0.0 || parts == most_parts) return std::nullopt;
    seconds = 60.0 * seconds + *part;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  return 86400.0 * days + seconds;
}

std::optional<JobTime> remaining_job_time() {
  if (std::string const job = variable("SLURM_JOB_ID"); !job.empty()) return slurm_time(job);
  if (!variable("FLUX_JOB_ID").empty()) {
    auto const left = number(answer_of("flux job timeleft"));
    if (left && *left > 0.0) return JobTime{*left, "flux job timeleft"};
    return std::nullopt;
  }
  if (!variable("PBS_JOBID").empty()) {
    if (auto const whole = number(variable("PBS_WALLTIME"))) return JobTime{*whole, "PBS_WALLTIME"};
  }
  return std::nullopt;
}

double usable_seconds(double seconds_left) {
  // As `retrace script` leads its signal, but for the least: there is none to wait for here.
  constexpr double share = 0.1, least = 5.0, most = 180.0;
  return std::max(seconds_left - std::clamp(share * seconds_left, least, most), 0.0);
}

}  // namespace retrace::app
