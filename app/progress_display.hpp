#pragma once

#include "app/console.hpp"
#include "results/record.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace retrace::app {

/// What a user sees while cases run: a line for each finished case, and every half minute one for a case that takes
/// long; or on a terminal a bar that stays in its line, above which only failures stand. The log has the lines in both.
class ProgressDisplay {
 public:
  using Clock = std::chrono::steady_clock;

  /// `done` of `total` cases are there already. `activity` says what the case is at; it is called from another thread.
  ProgressDisplay(ConsoleOptions const& options, std::size_t done, std::size_t total,
                  std::function<std::string()> activity, Clock::duration patience = std::chrono::seconds(30));
  ~ProgressDisplay();
  ProgressDisplay(ProgressDisplay const&) = delete;
  ProgressDisplay& operator=(ProgressDisplay const&) = delete;

  void case_begins(std::string const& case_id);
  void case_ended(results::CaseRecord const& record);
  /// Takes the bar away, before something else is printed.
  void clear();

 private:
  enum class Form { none, lines, bar };

  void draw() const;
  void wait_and_tell();
  [[nodiscard]] std::string remaining() const;

  Form form_;
  bool verbose_;
  std::size_t first_, done_, total_, failed_ = 0;
  std::function<std::string()> activity_;
  Clock::duration patience_;
  Clock::time_point start_ = Clock::now(), case_start_{}, next_word_{};
  std::string case_id_;  ///< of the case that runs; empty between cases
  bool closing_ = false;
  std::mutex mutex_;  ///< of everything above
  std::condition_variable wake_;
  std::thread thread_;  ///< last: begins when all else is there
};

/// "00:14:10", beyond a day "2d 03:04:05".
[[nodiscard]] std::string clock_text(double seconds);

/// "[=====>      ]  37/412, 3 failed, eta 00:14:10  lorenz63/…", cut to `columns`.
[[nodiscard]] std::string bar_text(std::size_t done, std::size_t total, std::size_t failed, std::string const& eta,
                                   std::string const& case_id, std::size_t columns);

}  // namespace retrace::app
