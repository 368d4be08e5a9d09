#include "app/progress_display.hpp"

#include "app/progress.hpp"
#include "results/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace retrace::app {

namespace {

/// A bar needs a terminal that can take a line back.
bool can_redraw() {
  char const* const kind = std::getenv("TERM");
  return is_terminal() && kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t columns_of_terminal() {
  constexpr std::size_t usual = 80;
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

}  // namespace

std::string clock_text(double seconds) {
  constexpr std::int64_t minute = 60, hour = 3600, day = 86'400;
  auto const whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  std::string const days = whole < day ? "" : fmt::format("{}d ", whole / day);
  return fmt::format("{}{:02}:{:02}:{:02}", days, whole % day / hour, whole % hour / minute, whole % minute);
}

std::string bar_text(std::size_t done, std::size_t total, std::size_t failed, std::string const& eta,
                     std::string const& case_id, std::size_t columns) {
  constexpr std::size_t width = 20;
  std::size_t const filled = total == 0 ? width : width * done / total;
  std::string bar(filled, '=');
  if (filled < width) bar += '>';
  bar.resize(width, ' ');
  std::string text = fmt::format("[{}] {:>{}}/{}", bar, done, fmt::formatted_size("{}", total), total);
  if (failed > 0) text += fmt::format(", {} failed", failed);
  if (!eta.empty()) text += ", eta " + eta;
  if (!case_id.empty()) text += "  " + case_id;
  if (text.size() >= columns) text.resize(columns - 1);  // a full line would wrap
  return text;
}

ProgressDisplay::ProgressDisplay(ConsoleOptions const& options, std::size_t done, std::size_t total,
                                 std::function<std::string()> activity, Clock::duration patience)
    : form_(Form::lines),
      verbose_(options.verbose),
      first_(done),
      done_(done),
      total_(total),
      activity_(std::move(activity)),
      patience_(patience) {
  if (options.quiet || options.progress == "none")
    form_ = Form::none;
  else if (options.progress == "bar" || (options.progress == "auto" && can_redraw()))
    form_ = Form::bar;
  thread_ = std::thread([this] { wait_and_tell(); });
}

ProgressDisplay::~ProgressDisplay() {
  {
    std::lock_guard const lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

/// In a thread of its own: hosts of CI end what is silent for long, and people want to know what it is at.
void ProgressDisplay::wait_and_tell() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (case_id_.empty() || Clock::now() < next_word_) {
      if (case_id_.empty())
        wake_.wait(lock);
      else
        wake_.wait_until(lock, next_word_);
      continue;
    }
    next_word_ += patience_;
    double const seconds = std::chrono::duration<double>(Clock::now() - case_start_).count();
    std::string const line =
        fmt::format("[{}/{}] for {} at {}: {}", done_ + 1, total_, clock_text(seconds), case_id_, activity_());
    if (form_ == Form::lines)
      say(line);
    else
      log_line(line);
    if (form_ == Form::bar) draw();
  }
}

/// From the mean of this run's cases so far.
std::string ProgressDisplay::remaining() const {
  if (done_ == first_ || done_ >= total_) return {};
  double const spent = std::chrono::duration<double>(Clock::now() - start_).count();
  return clock_text(spent / static_cast<double>(done_ - first_) * static_cast<double>(total_ - done_));
}

void ProgressDisplay::draw() const {
  fmt::print("\r\033[K{}", bar_text(done_, total_, failed_, remaining(), case_id_, columns_of_terminal()));
  std::fflush(stdout);
}

void ProgressDisplay::clear() {
  std::lock_guard const lock(mutex_);
  if (form_ != Form::bar) return;
  fmt::print("\r\033[K");
  std::fflush(stdout);
}

void ProgressDisplay::case_begins(std::string const& case_id) {
  {
    std::lock_guard const lock(mutex_);
    case_id_ = case_id;
    case_start_ = Clock::now();
    next_word_ = case_start_ + patience_;
    if (form_ == Form::bar) draw();
  }
  wake_.notify_one();
}

void ProgressDisplay::case_ended(results::CaseRecord const& record) {
  std::lock_guard const lock(mutex_);
  case_id_.clear();
  ++done_;
  bool const failed = results::is_failure(record.row.status);
  failed_ += failed ? 1 : 0;
  std::string const left = remaining(), eta = left.empty() ? "" : " eta " + left;
  log_line(progress_line(done_, total_, record, false) + eta);
  if (form_ == Form::none) return;
  if (form_ == Form::bar) fmt::print("\r\033[K");
  if (form_ == Form::lines || failed || verbose_)
    fmt::print("{}{}\n{}", progress_line(done_, total_, record, true), eta,
               verbose_ ? check_lines(record) : std::string());
  if (form_ == Form::bar) draw();
  std::fflush(stdout);
}

}  // namespace retrace::app
