#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace retrace::app {

/// Ends the program (MPI_Abort with exit code 75) when a case outlasts its limit, after `last_words` on the first rank.
/// A case cannot be interrupted from outside, and ranks that wait for each other cannot be unblocked otherwise.
class Watchdog {
 public:
  explicit Watchdog(double limit_seconds);
  ~Watchdog();
  Watchdog(Watchdog const&) = delete;
  Watchdog& operator=(Watchdog const&) = delete;

  /// `last_words` runs in the watchdog's thread while the case hangs in its own.
  void begin(bool speaks, std::string case_id, std::function<void()> last_words);
  void end();

 private:
  void watch();

  std::chrono::duration<double> limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool armed_ = false, closing_ = false, speaks_ = false;
  std::chrono::steady_clock::time_point deadline_;
  std::string case_id_;
  std::function<void()> last_words_;
  std::thread thread_;
};

}  // namespace retrace::app
