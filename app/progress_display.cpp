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

namespace retrace::app {

namespace {

bool is_terminal() {
  char const* const kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
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

ProgressDisplay::ProgressDisplay(ConsoleOptions const& options, std::size_t done, std::size_t total)
    : form_(Form::lines), verbose_(options.verbose), first_(done), done_(done), total_(total) {
  if (options.quiet || options.progress == "none")
    form_ = Form::none;
  else if (options.progress == "bar" || (options.progress == "auto" && is_terminal()))
    form_ = Form::bar;
}

/// From the mean of this run's cases so far.
std::string ProgressDisplay::remaining() const {
  if (done_ == first_ || done_ >= total_) return {};
  double const spent = std::chrono::duration<double>(Clock::now() - start_).count();
  return clock_text(spent / static_cast<double>(done_ - first_) * static_cast<double>(total_ - done_));
}

void ProgressDisplay::draw(std::string const& case_id) {
  fmt::print("\r\033[K{}", bar_text(done_, total_, failed_, remaining(), case_id, columns_of_terminal()));
  std::fflush(stdout);
}

void ProgressDisplay::clear() {
  if (form_ != Form::bar) return;
  fmt::print("\r\033[K");
  std::fflush(stdout);
}

void ProgressDisplay::case_begins(std::string const& case_id) {
  if (form_ == Form::bar) draw(case_id);
}

void ProgressDisplay::case_ended(results::CaseRecord const& record) {
  ++done_;
  bool const failed = results::is_failure(record.row.status);
  failed_ += failed ? 1 : 0;
  std::string const left = remaining(), eta = left.empty() ? "" : " eta " + left;
  std::string const details = verbose_ ? check_lines(record) : std::string();
  log_line(progress_line(done_, total_, record, false) + eta);
  if (form_ == Form::none) return;
  clear();
  if (form_ == Form::lines || failed || verbose_)
    fmt::print("{}{}\n{}", progress_line(done_, total_, record, true), eta, details);
  if (form_ == Form::bar) draw("");
  std::fflush(stdout);
}

}  // namespace retrace::app
