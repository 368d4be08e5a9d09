#include "app/progress_display.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

namespace retrace::app {
namespace {

using namespace std::chrono_literals;

TEST(Progress, clock_has_hours_minutes_seconds_and_days) {
  EXPECT_EQ(clock_text(0.4), "00:00:00");
  EXPECT_EQ(clock_text(3599.6), "01:00:00");
  EXPECT_EQ(clock_text(850.0), "00:14:10");
  EXPECT_EQ(clock_text(183845.0), "2d 03:04:05");
  EXPECT_EQ(clock_text(-1.0), "00:00:00");
}

TEST(Progress, bar_has_a_place_for_each_twentieth_and_fits_its_line) {
  EXPECT_EQ(bar_text(0, 8, 0, "", "linear", 80), "[>                   ] 0/8  linear");
  EXPECT_EQ(bar_text(37, 412, 3, "00:14:10", "lorenz63/aca", 80),
            "[=>                  ]  37/412, 3 failed, eta 00:14:10  lorenz63/aca");
  EXPECT_EQ(bar_text(8, 8, 0, "", "", 80), "[====================] 8/8");
  EXPECT_EQ(bar_text(37, 412, 3, "00:14:10", std::string(100, 'x'), 60).size(), 59U);
}

std::string shown(ConsoleOptions const& options, std::chrono::milliseconds duration) {
  testing::internal::CaptureStdout();
  {
    ProgressDisplay display(
        options, 2, 4, [] { return std::string("checks"); }, 100ms);
    display.case_begins("linear/aca");
    std::this_thread::sleep_for(duration);
    results::CaseRecord record;
    record.row.case_id = "linear/aca";
    record.row.status = results::Status::pass;
    display.case_ended(record);
    std::this_thread::sleep_for(250ms);  // nothing runs, nothing is said
  }
  return testing::internal::GetCapturedStdout();
}

TEST(Progress, a_case_that_takes_long_says_so_again_and_again) {
  std::string const text = shown({.progress = "plain"}, 350ms);

  EXPECT_GE(std::ranges::count(text, '\n'), 3) << text;  // two words at least, and the line of its end
  EXPECT_NE(text.find("[3/4] for 00:00:00 at linear/aca: checks\n"), std::string::npos) << text;
  EXPECT_NE(text.find("[3/4] pass         linear/aca  err=nan evals=0 eta 00:00:0"), std::string::npos) << text;
}

TEST(Progress, a_short_case_and_one_that_nobody_wants_to_see_say_nothing) {
  EXPECT_EQ(std::ranges::count(shown({.progress = "plain"}, 0ms), '\n'), 1);
  EXPECT_EQ(shown({.progress = "none"}, 250ms), "");
  EXPECT_EQ(shown({.quiet = true}, 250ms), "");
}

}  // namespace
}  // namespace retrace::app
