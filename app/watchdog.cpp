#include "app/watchdog.hpp"

#include "app/exit_code.hpp"
#include "core/error.hpp"

#include <mpi.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <utility>

namespace retrace::app {

namespace {

using Clock = Watchdog::Clock;

/// The clock counts nanoseconds in 64 bits; a limit of centuries must not wrap around.
Clock::duration clock_duration(double seconds) {
  constexpr double longest = 1e9;
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(seconds, longest)));
}

/// For poll: rounded up, at most a day.
int milliseconds_until(Clock::time_point then) {
  constexpr std::int64_t most = 86'400'000;
  auto const left = std::chrono::ceil<std::chrono::milliseconds>(then - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, most));
}

}  // namespace

Watchdog::Watchdog(Limits limits) : limits_(limits) {
  if (::pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw EnvironmentError(std::string("cannot make a pipe: ") + std::strerror(errno));
  thread_ = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  {
    std::lock_guard const lock(mutex_);
    closing_ = true;
  }
  wake();
  thread_.join();
  for (int const end : pipe_) ::close(end);
}

void Watchdog::wake() const {
  char const byte = 0;
  (void)!::write(pipe_[1], &byte, 1);  // a full pipe wakes as well
}

void Watchdog::begin(int rank, std::function<void(CutOff)> last_words) {
  {
    std::lock_guard const lock(mutex_);
    armed_ = true;
    spoken_ = false;
    rank_ = rank;
    last_words_ = std::move(last_words);
    case_end_ = Clock::now() + clock_duration(limits_.case_seconds);
  }
  wake();
}

void Watchdog::end() {
  std::lock_guard const lock(mutex_);
  armed_ = false;  // the thread may sleep on: it looks again before it acts
}

std::pair<Clock::time_point, CutOff> Watchdog::next_cut() const {
  std::pair first{case_end_, CutOff::case_timeout};
  if (limits_.end && *limits_.end < first.first) first = {*limits_.end, CutOff::time_limit};
  if (signal_end_ && *signal_end_ < first.first) first = {*signal_end_, CutOff::signal};
  return first;
}

void Watchdog::cut(CutOff why) {
  if (!spoken_) {
    try {
      last_words_(why);
    } catch (std::exception const& error) {
      std::fprintf(stderr, "retrace: %s\n", error.what());
    }
  }
  if (rank_ == 0 || spoken_) MPI_Abort(MPI_COMM_WORLD, exit_stopped_early);
  spoken_ = true;
  constexpr auto patience = std::chrono::minutes(1);
  abort_at_ = Clock::now() + patience;
}

void Watchdog::watch() {
  for (;;) {
    int timeout = -1;
    bool wait_for_signal = false;
    {
      std::lock_guard const lock(mutex_);
      if (closing_) return;
      if (armed_) {
        auto const [when, why] = spoken_ ? std::pair{abort_at_, CutOff::case_timeout} : next_cut();
        if (Clock::now() >= when) {
          cut(why);
          continue;
        }
        timeout = milliseconds_until(when);
      }
      wait_for_signal = !signal_end_ && limits_.signal_descriptor >= 0;
    }
    std::array<pollfd, 2> fds{{{pipe_[0], POLLIN, 0}, {wait_for_signal ? limits_.signal_descriptor : -1, POLLIN, 0}}};
    (void)::poll(fds.data(), fds.size(), timeout);
    if ((fds[1].revents & POLLIN) != 0) {
      std::lock_guard const lock(mutex_);
      signal_end_ = Clock::now() + clock_duration(limits_.grace_seconds);
    }
    std::array<char, 64> bytes{};
    while (::read(pipe_[0], bytes.data(), bytes.size()) > 0) {
    }
  }
}

}  // namespace retrace::app
