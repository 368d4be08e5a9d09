// Checkpoint schedules against dynamic programming, against a program that they reverse, and by counting.
#include "gradients/checkpoint_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace retrace {
namespace {

constexpr int most_slots = 32;
using Schedule = CheckpointSchedule<most_slots>;
static_assert(std::is_trivially_copyable_v<Schedule>);
static_assert(sizeof(Schedule) <= 12 * most_slots + 6 * sizeof(std::int32_t));

/// A chain of steps whose states are their own numbers: every misplaced state is noticed. Counts what it does.
struct Chain {
  std::vector<std::int32_t> slots;
  std::int32_t length, present, next_to_reverse;
  std::vector<int> taken;  ///< how often each step was advanced, the forward sweep included
  std::int64_t advances = 0;

  Chain(int slot_count, std::int32_t steps)
      : slots(static_cast<std::size_t>(slot_count), -1),
        length(steps),
        present(steps),
        next_to_reverse(steps - 1),
        taken(static_cast<std::size_t>(steps), 1) {}

  /// The forward sweep.
  Schedule sweep() {
    Schedule schedule(static_cast<int>(slots.size()));
    for (std::int32_t n = 0; n < length; ++n) {
      std::int32_t const slot = schedule.before_step();
      if (slot != Schedule::none) slots.at(static_cast<std::size_t>(slot)) = n;
    }
    return schedule;
  }
  Schedule offline() {
    slots[0] = 0;
    return Schedule::offline(static_cast<int>(slots.size()), length);
  }
  void reverse_all(Schedule schedule) {
    reverse_with_checkpoints(schedule, *this);
    ASSERT_EQ(next_to_reverse, -1);
  }

  void restore(std::int32_t slot) { present = slots.at(static_cast<std::size_t>(slot)); }
  void store(std::int32_t slot) { slots.at(static_cast<std::size_t>(slot)) = present; }
  void advance(std::int32_t step) {
    ASSERT_EQ(present, step);
    ++present;
    ++advances;
    ++taken.at(static_cast<std::size_t>(step));
  }
  void reverse(std::int32_t step) {
    ASSERT_EQ(present, step);
    ASSERT_EQ(next_to_reverse, step);
    --next_to_reverse;
  }
};

/// The fewest advances by dynamic programming: store after m steps, reverse the later part with a slot less, then the
/// earlier one.
std::vector<std::vector<std::int64_t>> fewest_advances(int slots, int length) {
  auto const unreachable = std::numeric_limits<std::int64_t>::max() / 4;
  std::vector<std::vector<std::int64_t>> best(static_cast<std::size_t>(slots) + 1);
  for (auto& row : best) row.assign(static_cast<std::size_t>(length) + 1, unreachable);
  for (std::size_t s = 1; s < best.size(); ++s) {
    best[s][1] = 0;
    for (std::size_t l = 2; l <= static_cast<std::size_t>(length); ++l) {
      best[s][l] = static_cast<std::int64_t>(l * (l - 1) / 2);  // without another slot, from the start each time
      for (std::size_t m = 1; m < l && s > 1; ++m)
        best[s][l] = std::min(best[s][l], static_cast<std::int64_t>(m) + best[s - 1][l - m] + best[s][m]);
    }
  }
  return best;
}

TEST(CheckpointSchedule, binomial_formula_is_the_optimum_of_dynamic_programming) {
  constexpr int slots = 8, length = 150;
  auto const best = fewest_advances(slots, length);
  for (int s = 1; s <= slots; ++s) {
    for (int l = 1; l <= length; ++l)
      EXPECT_EQ(BinomialReversal(l, s).advances, best[static_cast<std::size_t>(s)][static_cast<std::size_t>(l)])
          << l << " steps, " << s << " slots";
  }
  EXPECT_EQ(BinomialReversal(56, 5).advances, 140);  // the worked number of the literature
  EXPECT_EQ(BinomialReversal(56, 5).repetitions, 3);
}

TEST(CheckpointSchedule, offline_reversal_reaches_the_optimum) {
  for (int slots = 1; slots <= 8; ++slots) {
    for (std::int32_t length = 1; length <= 150; ++length) {
      Chain chain(slots, length);
      Schedule const schedule = chain.offline();
      EXPECT_EQ(schedule.advances_ahead(), BinomialReversal(length, slots).advances);

      chain.reverse_all(schedule);

      EXPECT_EQ(chain.advances, BinomialReversal(length, slots).advances) << length << " steps, " << slots << " slots";
    }
  }
}

/// The fewest advances on the way back if the length is known while the first sweep runs: that sweep, which all
/// reversals share, is the first `length - 1` advances of the optimum.
std::int64_t fewest_with_known_length(std::int32_t length, int slots) {
  return BinomialReversal(length, slots).advances - (length - 1);
}

TEST(CheckpointSchedule, online_reversal_takes_what_it_predicts_and_no_step_too_often) {
  for (int const slots : {1, 2, 3, 5, 8, 20}) {
    for (std::int32_t length = 1; length <= 600; length += length < 60 ? 1 : 37) {
      Chain chain(slots, length);
      Schedule const schedule = chain.sweep();
      std::int64_t const predicted = schedule.advances_ahead();

      chain.reverse_all(schedule);

      EXPECT_EQ(chain.advances, predicted) << length << " steps, " << slots << " slots";
      EXPECT_GE(predicted, fewest_with_known_length(length, slots));
      // Wang, Moin & Iaccarino (2009). The sweep also takes the last step, as if there were one more to reverse.
      std::int64_t const most = *std::max_element(chain.taken.begin(), chain.taken.end());
      EXPECT_LE(most, BinomialReversal(length + 1, slots).repetitions) << length << " steps, " << slots << " slots";
    }
  }
}

TEST(CheckpointSchedule, ten_thousand_steps_in_twenty_slots) {
  constexpr std::int32_t length = 10'000;
  constexpr int slots = 20;
  Chain online(slots, length), offline(slots, length);
  Schedule const schedule = online.sweep();
  EXPECT_EQ(schedule.kept(), slots);
  EXPECT_EQ(schedule.advances_ahead(), 28'120);

  online.reverse_all(schedule);
  offline.reverse_all(offline.offline());

  EXPECT_EQ(BinomialReversal(length, slots).repetitions, 4);
  EXPECT_EQ(offline.advances, 4 * 10'000 - 2'024);  // r N - C(24, 21)
  EXPECT_EQ(fewest_with_known_length(length, slots), 27'977);
  EXPECT_EQ(online.advances, 28'120);
}

TEST(CheckpointSchedule, of_a_chain_that_fits_stores_all_and_advances_nothing) {
  for (std::int32_t const length : {1, 2, 20}) {
    Chain chain(20, length);
    Schedule const schedule = chain.sweep();
    EXPECT_EQ(schedule.kept(), length);
    EXPECT_EQ(schedule.kept_step(length - 1), length - 1);

    chain.reverse_all(schedule);

    EXPECT_EQ(chain.advances, 0);
  }
  Schedule empty(3);
  EXPECT_EQ(empty.next().kind, CheckpointAction::Kind::done);
}

// --- Gradients of trajectories side by side
// ----------------------------------------------------------------------------

/// y_{n+1} = y_n + h_n sin(y_n), lambda_n = lambda_{n+1} (1 + h_n cos(y_n)), in lanes of different lengths; h = 0 after
/// a lane's end.
struct Lanes {
  static constexpr std::size_t width = 3;
  static constexpr int slot_count = 7;
  std::array<std::int32_t, width> length{500, 321, 1};
  std::array<double, width> y{0.7, -0.3, 1.1}, lambda{1.0, 1.0, 1.0};
  std::array<std::array<double, width>, slot_count> slots{};
  std::int64_t advances = 0;

  [[nodiscard]] double step_size(std::size_t l, std::int32_t n) const {
    return n < length[l] ? 0.01 + 0.005 * std::sin(n + static_cast<double>(l)) : 0.0;
  }
  void restore(std::int32_t slot) { y = slots.at(static_cast<std::size_t>(slot)); }
  void store(std::int32_t slot) { slots.at(static_cast<std::size_t>(slot)) = y; }
  void store_lane(std::size_t l, std::int32_t slot) { slots.at(static_cast<std::size_t>(slot))[l] = y[l]; }
  void advance_lane(std::size_t l, std::int32_t n) { y[l] += step_size(l, n) * std::sin(y[l]); }
  void advance(std::int32_t n) {
    for (std::size_t l = 0; l < width; ++l) advance_lane(l, n);
    ++advances;
  }
  void reverse(std::int32_t n) {
    for (std::size_t l = 0; l < width; ++l) lambda[l] *= 1.0 + step_size(l, n) * std::cos(y[l]);
  }
};

TEST(CheckpointSchedule, gradients_of_lanes_have_the_bits_of_store_all) {
  Lanes lanes;
  std::array<Schedule, Lanes::width> schedules;
  std::array<double, Lanes::width> expected{1.0, 1.0, 1.0};
  std::int32_t const longest = *std::max_element(lanes.length.begin(), lanes.length.end());
  for (std::size_t l = 0; l < Lanes::width; ++l) {
    schedules[l] = Schedule(Lanes::slot_count);
    std::vector<double> all;
    for (std::int32_t n = 0; n < lanes.length[l]; ++n) {
      std::int32_t const slot = schedules[l].before_step();
      if (slot != Schedule::none) lanes.store_lane(l, slot);
      all.push_back(lanes.y[l]);
      lanes.advance_lane(l, n);
    }
    for (std::int32_t n = lanes.length[l] - 1; n >= 0; --n)
      expected[l] *= 1.0 + lanes.step_size(l, n) * std::cos(all[static_cast<std::size_t>(n)]);
    stand_still_until(longest, schedules[l], [&](std::int32_t slot) { lanes.store_lane(l, slot); });
  }
  std::int64_t const of_the_longest = schedules[0].advances_ahead();

  reverse_with_checkpoints(schedules[1], lanes);

  EXPECT_EQ(lanes.lambda, expected);
  EXPECT_EQ(lanes.advances, of_the_longest);  // all lanes together take what the longest takes alone
}

}  // namespace
}  // namespace retrace
