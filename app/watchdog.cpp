#include "app/watchdog.hpp"

#include "app/exit_code.hpp"

#include <mpi.h>

#include <cstdio>
#include <exception>
#include <utility>

namespace retrace::app {

Watchdog::Watchdog(double limit_seconds) : limit_(limit_seconds), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    std::lock_guard const lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::begin(bool speaks, std::string case_id, std::function<void()> last_words) {
  {
    std::lock_guard const lock(mutex_);
    armed_ = true;
    speaks_ = speaks;
    case_id_ = std::move(case_id);
    last_words_ = std::move(last_words);
    deadline_ =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit_);
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
               std::chrono::steady_clock::now() >= deadline_) {
      if (!speaks_) {  // the first rank writes and aborts for all
        armed_ = false;
        continue;
      }
      std::fprintf(stderr, "retrace: %s did not end within its case_timeout; stopping\n", case_id_.c_str());
      try {
        last_words_();
      } catch (std::exception const& error) {
        std::fprintf(stderr, "retrace: the result file could not be written: %s\n", error.what());
      }
      MPI_Abort(MPI_COMM_WORLD, exit_stopped_early);
    }
  }
}

}  // namespace retrace::app
