#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace retrace {

/// What an optimal reversal of a chain of steps needs if it may keep `slots` states at a time, the first among them;
/// Griewank & Walther (2000), ACM TOMS 26:19. Integers are exact for lengths below 2^31.
struct BinomialReversal {
  /// C(slots + repetitions, slots): the longest chain of which no step is advanced more than `repetitions` times.
  std::int64_t reach = 1;
  std::int64_t repetitions = 0;  ///< the least number for which `reach` covers the chain
  /// Steps advanced again, those that are reversed not counted: repetitions length - C(slots + repetitions, slots + 1).
  std::int64_t advances = 0;

  KOKKOS_INLINE_FUNCTION constexpr BinomialReversal(std::int64_t length, std::int64_t slots) {
    while (reach < length) {
      ++repetitions;
      reach = reach * (slots + repetitions) / repetitions;
    }
    advances = repetitions * length - reach * repetitions / (slots + 1);
  }
};

/// How many steps to advance from the first of `length` >= 2 states before the next one is stored, if the first holds
/// one of `slots` >= 2 slots: one of the choices with the fewest advances. It leaves both parts within the repetitions
/// of the whole: the later one with a slot less, the earlier one with a repetition less.
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr std::int64_t binomial_split(std::int64_t length, std::int64_t slots) {
  BinomialReversal const whole(length, slots);
  std::int64_t const r = whole.repetitions;
  std::int64_t const earlier_reach = whole.reach * r / (slots + r);          // C(slots + r - 1, slots)
  std::int64_t const later_reach = earlier_reach * slots / (slots + r - 1);  // C(slots + r - 2, slots - 1)
  std::int64_t const rest = length - later_reach;
  return rest < earlier_reach ? (rest > 1 ? rest : 1) : earlier_reach;
}

/// One thing to do on the way back. `step` is the number of the step meant, counted from 0; state n is the one before
/// step n.
struct CheckpointAction {
  enum class Kind : int {
    restore,  ///< take state `step` from `slot`
    advance,  ///< take step `step`, from its state to the next
    store,    ///< put the present state, number `step`, into `slot`
    reverse,  ///< the present state is that before step `step`: reverse this step
    done
  };
  Kind kind = Kind::done;
  std::int32_t step = -1, slot = -1;
};

/// Reverses a chain of steps with a given number of stored states, when its length is known only at the end. Plain data
/// of fixed size (12 bytes for each of `MostSlots`), no allocation, usable on a device; one for each trajectory.
///
/// Forward, dynamic checkpointing of Wang, Moin & Iaccarino (2009), SIAM J. Sci. Comput. 31:2549. Every stored state
/// has a level. While slots are free each state is stored at level 0. Then the latest state that stands before one of a
/// higher level gives way; if there is none, the present state is not stored and the next one is a level higher than it
/// would have been. For any length N no step is taken more often, the forward sweep included, than the optimum for N +
/// 1 steps takes one: BinomialReversal(N + 1, slots).repetitions.
///
/// Backward, the optimum for what was stored: each segment between stored states is reversed by binomial checkpointing
/// in the slots that the segments after it have left free.
///
/// Trajectories side by side, of different lengths: forward decisions depend on step number and slots only. A shorter
/// one is taken to stand still to the length of the longest (`stand_still_until`); then all have stored the same steps,
/// and one schedule leads them back together, those waiting whose end has not been reached.
template <int MostSlots>
class CheckpointSchedule {
 public:
  static constexpr std::int32_t none = -1;

  CheckpointSchedule() = default;
  /// `slots` from 1 to MostSlots, for states that the caller holds.
  KOKKOS_INLINE_FUNCTION explicit CheckpointSchedule(int slots) : slots_(slots) {}
  /// For a chain whose first state is in slot 0 and whose length is known: nothing else is stored yet.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static CheckpointSchedule offline(int slots, std::int32_t length) {
    CheckpointSchedule schedule(slots);
    schedule.push(0, 0);
    schedule.end_ = length;
    return schedule;
  }

  /// Forward: the next step is about to be accepted and the state before it is at hand. Returns the slot to store that
  /// state in, or `none`. To be called once for each accepted step, in order.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int32_t before_step() {
    std::int32_t const free = kept_ < slots_ ? kept_ : give_way();
    std::int32_t const step = end_++;
    if (free == none) {
      ++level_;
      return none;
    }
    push(step, free);
    level_ = 0;
    return free;
  }

  /// Steps that are not reversed yet.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int32_t remaining() const { return end_; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int32_t kept() const { return kept_; }
  /// The number of the k-th stored state, in order of steps.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int32_t kept_step(int k) const { return step_[k]; }
  /// Steps that the way back will advance, from here.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int64_t advances_ahead() const {
    std::int64_t sum = 0;
    for (std::int32_t k = 0; k < kept_; ++k) {
      std::int64_t const next = k + 1 < kept_ ? step_[k + 1] : end_;
      sum += BinomialReversal(next - step_[k], slots_ - k).advances;
    }
    return sum;
  }

  /// Backward: the next thing to do. Steps come one at a time and are reversed from the last to the first.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION CheckpointAction next() {
    using Kind = CheckpointAction::Kind;
    if (end_ == 0) return {};
    std::int32_t const top = kept_ - 1;
    if (present_ < step_[top] || present_ >= end_) {
      present_ = step_[top];
      plan();
      return {Kind::restore, present_, slot_[top]};
    }
    if (present_ < target_) return {Kind::advance, present_++, none};
    if (present_ == end_ - 1) {
      if (present_ == step_[top]) --kept_;
      return {Kind::reverse, --end_, none};
    }
    // A stored state leaves its slot to the ones after it, so the free slots are numbered by what is kept.
    std::int32_t const free = free_slot();
    push(present_, free);
    plan();
    return {Kind::store, present_, free};
  }

 private:
  KOKKOS_INLINE_FUNCTION void push(std::int32_t step, std::int32_t slot) {
    step_[kept_] = step;
    slot_[kept_] = slot;
    kept_level_[kept_] = step == 0 ? most_level : level_;
    ++kept_;
  }
  /// The slot of the latest stored state that stands before one of a higher level, which is forgotten; or `none`.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int32_t give_way() {
    std::int32_t highest = level_, k = kept_ - 1;
    while (k >= 0 && kept_level_[k] >= highest) highest = kept_level_[k--];
    if (k < 0) return none;
    std::int32_t const free = slot_[k];
    for (--kept_; k < kept_; ++k) {
      step_[k] = step_[k + 1];
      slot_[k] = slot_[k + 1];
      kept_level_[k] = kept_level_[k + 1];
    }
    return free;
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION std::int32_t free_slot() const {
    std::int32_t free = 0;
    for (std::int32_t k = 0; k < kept_; ++k) {
      if (slot_[k] == free) {
        ++free;
        k = -1;
      }
    }
    return free;
  }
  /// Where to advance to from the last stored state: to the next that is worth a slot, or to the last step.
  KOKKOS_INLINE_FUNCTION void plan() {
    std::int32_t const from = step_[kept_ - 1], length = end_ - from, slots = slots_ - kept_ + 1;
    target_ = length > 1 && slots > 1 ? from + static_cast<std::int32_t>(binomial_split(length, slots)) : end_ - 1;
  }

  static constexpr std::int32_t most_level = 0x7fffffff;  // the first state never gives way
  std::int32_t slots_ = 1, kept_ = 0, end_ = 0, level_ = 0;
  std::int32_t present_ = most_level, target_ = 0;  // backward: number of the state at hand, and where it is going
  std::int32_t step_[MostSlots] = {}, slot_[MostSlots] = {}, kept_level_[MostSlots] = {};
};

/// Prolongs a trajectory's schedule to `length` steps, of which it takes no more: calls `store(slot)` where its final
/// state is to be stored in the place of a later one.
template <int MostSlots, class Store>
KOKKOS_INLINE_FUNCTION void stand_still_until(std::int32_t length, CheckpointSchedule<MostSlots>& schedule,
                                              Store&& store) {
  while (schedule.remaining() < length) {
    std::int32_t const slot = schedule.before_step();
    if (slot != CheckpointSchedule<MostSlots>::none) store(slot);
  }
}

/// The way back. `driver` has restore(slot) and store(slot) of the present state, advance(step) and reverse(step).
template <int MostSlots, class Driver>
KOKKOS_INLINE_FUNCTION void reverse_with_checkpoints(CheckpointSchedule<MostSlots>& schedule, Driver& driver) {
  using Kind = CheckpointAction::Kind;
  for (CheckpointAction action = schedule.next(); action.kind != Kind::done; action = schedule.next()) {
    switch (action.kind) {
      case Kind::restore:
        driver.restore(action.slot);
        break;
      case Kind::advance:
        driver.advance(action.step);
        break;
      case Kind::store:
        driver.store(action.slot);
        break;
      case Kind::reverse:
        driver.reverse(action.step);
        break;
      case Kind::done:
        break;
    }
  }
}

}  // namespace retrace
