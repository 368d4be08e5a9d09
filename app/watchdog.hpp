#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace retrace::app {

/// Ends the program (MPI_Abort with exit code 75) when a case outlasts its limit. The last resort: a case cannot be
/// interrupted from outside, and ranks that wait for each other for good cannot be unblocked otherwise.
///
/// Rank 0 ends the program for all, after its last words. The others speak theirs and wait; if rank 0 is gone or stuck
/// (its disk may be), they do it themselves after a minute. A case that ends in the very moment has outlasted its
/// limit: `end` does not return while last words are spoken, so nothing is written twice and nothing after them.
class Watchdog {
 public:
  explicit Watchdog(double limit_seconds);
  ~Watchdog();
  Watchdog(Watchdog const&) = delete;
  Watchdog& operator=(Watchdog const&) = delete;

  /// `last_words` runs in the watchdog's thread while the case hangs in its own.
  void begin(int rank, std::function<void()> last_words);
  void end();

 private:
  void watch();

  std::chrono::steady_clock::duration limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool armed_ = false, spoken_ = false, closing_ = false;
  int rank_ = 0;
  std::chrono::steady_clock::time_point deadline_;
  std::function<void()> last_words_;
  std::thread thread_;
};

}  // namespace retrace::app
