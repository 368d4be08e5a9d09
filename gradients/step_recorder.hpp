#pragma once

#include "gradients/checkpoint_schedule.hpp"
#include "gradients/gradient_method.hpp"
#include "solvers/integrate.hpp"

namespace retrace {

/// What a method keeps of the forward solve. A run-time value, so that the forward solve is compiled once for all
/// methods.
struct RecordPlan {
  enum class Of { nothing, accepted, trials };
  Of of = Of::accepted;
  bool memory = false;       ///< and, of trials, what the controller remembers before it
  bool state = true;         ///< y at the beginning of the step
  bool new_state = false;    ///< and at its end
  int stages = 0;            ///< K_1 … so many
  bool all_columns = false;  ///< the columns of the dense output are completed for it

  /// Scalars of a record: the first two of accepted steps, all of trials.
  enum Scalar { time, step, time_next, error_norm, factor, flags, scalars_of_trial };
  enum Memory { error_1 = scalars_of_trial, error_2, size_1, size_2, scalars_with_memory };
  enum Flag { accepted = 1, clipped = 2, factor_is_constant = 4 };
  static constexpr int scalars_of_step = 2;

  [[nodiscard]] constexpr RecordShape shape(int slots = 0) const {
    int const of_trial = memory ? int{scalars_with_memory} : int{scalars_of_trial};
    return {.scalars = of == Of::nothing  ? 0
                       : of == Of::trials ? of_trial
                                          : scalars_of_step,
            .states = (state ? 1 : 0) + (new_state ? 1 : 0) + stages,
            .slots = slots};
  }
};

using StateSchedule = CheckpointSchedule<StepControl::most_checkpoints>;

/// Writes a tape as a plan says. States at a few steps only go to the slots of the tape as `schedule` (one for each
/// lane) says, if it is given.
template <class S, class Tape>
struct StepRecorder {
  static constexpr int width = LaneTraits<S>::width;

  RecordPlan plan;
  Tape& tape;
  StateSchedule* schedule = nullptr;
  InitialStep<S> start{};

  KOKKOS_INLINE_FUNCTION void on_start(InitialStep<S> const& chosen) { start = chosen; }
  template <class TrialType>
  KOKKOS_INLINE_FUNCTION void on_trial(TrialType const& trial) {
    if (plan.of == RecordPlan::Of::nothing) return;
    bool const of_trials = plan.of == RecordPlan::Of::trials;
    auto const stored = tape.append(of_trials ? trial.active : trial.accepted);
    tape.put(stored, RecordPlan::time, trial.span.t);
    tape.put(stored, RecordPlan::step, trial.span.h);
    if (of_trials) put_decisions(stored, trial);
    int place = 0;
    if (plan.state) tape.put_state(stored, place++, trial.y);
    if (plan.new_state) tape.put_state(stored, place++, trial.work.y_new);
    for (int i = 0; i < plan.stages; ++i) tape.put_state(stored, place++, trial.work.k[static_cast<std::size_t>(i)]);
    if (schedule == nullptr) return;
    for (int l = 0; l < width; ++l) {
      if (!lane(trial.accepted, l)) continue;
      std::int32_t const slot = schedule[l].before_step();
      if (slot != StateSchedule::none) tape.put_slot(l, slot, trial.y);
    }
  }

 private:
  template <class TrialType>
  KOKKOS_INLINE_FUNCTION void put_decisions(MaskOf<S> stored, TrialType const& trial) {
    auto const flag = [](MaskOf<S> where, RecordPlan::Flag bit) {
      return select(where, S(static_cast<double>(bit)), S(0.0));
    };
    tape.put(stored, RecordPlan::time_next, trial.span.t_next);
    tape.put(stored, RecordPlan::error_norm, trial.error_norm);
    tape.put(stored, RecordPlan::factor, trial.factor);
    tape.put(stored, RecordPlan::flags,
             flag(trial.accepted, RecordPlan::accepted) + flag(trial.clipped, RecordPlan::clipped) +
                 flag(trial.factor_is_constant, RecordPlan::factor_is_constant));
    if (!plan.memory) return;
    tape.put(stored, RecordPlan::error_1, trial.memory.error_1);
    tape.put(stored, RecordPlan::error_2, trial.memory.error_2);
    tape.put(stored, RecordPlan::size_1, trial.memory.size_1);
    tape.put(stored, RecordPlan::size_2, trial.memory.size_2);
  }
};

}  // namespace retrace
