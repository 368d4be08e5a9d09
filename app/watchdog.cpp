#include "app/watchdog.hpp"

#include "app/exit_code.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

namespace retrace::app {

namespace {

using Clock = std::chrono::steady_clock;

/// The clock counts nanoseconds in 64 bits; a limit of centuries must not wrap around.
Clock::duration clock_duration(double seconds) {
  constexpr double longest = 1e9;
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(seconds, longest)));
}

}  // namespace

Watchdog::Watchdog(double limit_seconds) : limit_(clock_duration(limit_seconds)), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    std::lock_guard const lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::begin(int rank, std::function<void()> last_words) {
  {
    std::lock_guard const lock(mutex_);
    armed_ = true;
    spoken_ = false;
    rank_ = rank;
    last_words_ = std::move(last_words);
    deadline_ = Clock::now() + limit_;
  }
  changed_.notify_all();
}

void Watchdog::end() {
  {
    std::lock_guard const lock(mutex_);
    armed_ = false;
  }
  changed_.notify_all();
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (!armed_) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, deadline_) == std::cv_status::timeout && armed_ && !closing_ &&
               Clock::now() >= deadline_) {
      if (!spoken_) {
        try {
          last_words_();
        } catch (std::exception const& error) {
          std::fprintf(stderr, "retrace: %s\n", error.what());
        }
      }
      if (rank_ == 0 || spoken_) MPI_Abort(MPI_COMM_WORLD, exit_stopped_early);
      spoken_ = true;
      constexpr auto patience = std::chrono::minutes(1);
      deadline_ = Clock::now() + patience;
    }
  }
}

}  // namespace retrace::app
