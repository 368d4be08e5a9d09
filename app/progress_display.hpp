#pragma once

#include "app/console.hpp"
#include "results/record.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace retrace::app {

/// What a user sees while cases run: a line for each finished case, or on a terminal a bar that stays in its line,
/// above which only failures stand. The log has every line in both.
class ProgressDisplay {
 public:
  /// `done` of `total` cases are there already.
  ProgressDisplay(ConsoleOptions const& options, std::size_t done, std::size_t total);

  void case_begins(std::string const& case_id);
  void case_ended(results::CaseRecord const& record);
  /// Takes the bar away, before something else is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Form { none, lines, bar };

  void draw(std::string const& case_id);
  [[nodiscard]] std::string remaining() const;

  Form form_;
  bool verbose_;
  std::size_t first_, done_, total_, failed_ = 0;
  Clock::time_point start_ = Clock::now();
};

/// "00:14:10", beyond a day "2d 03:04:05".
[[nodiscard]] std::string clock_text(double seconds);

/// "[=====>      ]  37/412, 3 failed, eta 00:14:10  lorenz63/…", cut to `columns`.
[[nodiscard]] std::string bar_text(std::size_t done, std::size_t total, std::size_t failed, std::string const& eta,
                                   std::string const& case_id, std::size_t columns);

}  // namespace retrace::app
