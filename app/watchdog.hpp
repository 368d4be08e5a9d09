#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace retrace::app {

/// Why a case was not waited for any longer.
enum class CutOff { case_timeout, time_limit, signal };

/// Ends the program (MPI_Abort with exit code 75) when a case outlasts its limit, the run's, or the patience after a
/// signal. The last resort: a case cannot be interrupted from outside, and ranks that wait for each other for good
/// cannot be unblocked otherwise.
///
/// Rank 0 ends the program for all, after its last words. The others speak theirs and wait; if rank 0 is gone or stuck
/// (its disk may be), they do it themselves after a minute. A case that ends in the very moment has outlasted its
/// limit: `end` does not return while last words are spoken, so nothing is written twice and nothing after them.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    double case_seconds;                     ///< of each case
    std::optional<Clock::time_point> end{};  ///< of the run
    double grace_seconds;                    ///< for the case in flight, after a signal
    int signal_descriptor = -1;              ///< readable once a signal has come
  };

  explicit Watchdog(Limits limits);
  ~Watchdog();
  Watchdog(Watchdog const&) = delete;
  Watchdog& operator=(Watchdog const&) = delete;

  /// `last_words` runs in the watchdog's thread while the case hangs in its own.
  void begin(int rank, std::function<void(CutOff)> last_words);
  void end();

 private:
  void watch();
  void wake() const;
  [[nodiscard]] std::pair<Clock::time_point, CutOff> next_cut() const;
  void cut(CutOff why);

  Limits limits_;
  std::array<int, 2> pipe_{-1, -1};  ///< wakes the thread
  std::mutex mutex_;
  bool armed_ = false, spoken_ = false, closing_ = false;
  int rank_ = 0;
  Clock::time_point case_end_{}, abort_at_{};
  std::optional<Clock::time_point> signal_end_;
  std::function<void(CutOff)> last_words_;
  std::thread thread_;
};

}  // namespace retrace::app
