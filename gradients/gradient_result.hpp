#pragma once

#include "gradients/gradient_method.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace retrace {

/// A gradient and what it cost, the same on every rank where not marked local.
struct GradientResult {
  SolveStatus status = SolveStatus::success;  ///< the worst of all trajectories
  std::int64_t failed_trajectories = 0;
  double loss = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> dloss_dy0;      ///< local: [trajectory or sample][component] of this rank
  std::vector<double> dloss_dp;       ///< [parameter], summed over trajectories or samples in block order
  std::vector<double> dloss_dp_each;  ///< local, ensembles: [trajectory][parameter]
  /// In t0, in t1 and in each observation time, summed likewise; empty unless `StepControl::time_gradients` asks for
  /// them.
  std::vector<double> dloss_dt;
  std::vector<double> dloss_dt_each;  ///< local, ensembles: [trajectory][time]
  std::vector<double> final_state;    ///< local: [trajectory or sample][component]
  WorkCounts work;                    ///< summed over trajectories; fields: of the one solve
  std::int64_t checkpoint_bytes = 0;  ///< records really written x size of a record, of the fullest tape x its lanes
  std::int64_t arena_bytes = 0;       ///< local: allocated for records
  std::int64_t model_bytes = 0;       ///< local: what the method's memory formula says for this run
  std::int64_t tape_bytes = 0;        ///< of all records of all trajectories and ranks
  std::int64_t arena_redos = 0;       ///< chunks solved again with a larger arena
  RoundTrip round_trip{};             ///< of reversible methods, each the largest of all trajectories
  std::string digest;                 ///< SHA-256 over the sums, then loss and gradients of each block, in global order
};

}  // namespace retrace
