#pragma once

#include "core/communicator.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace retrace::selftest {

/// How often a check was asked of right gradients, and what it said.
struct Verdicts {
  std::int64_t pass = 0, fail = 0, inconclusive = 0;
};
struct FalseAlarm {
  std::uint64_t seed = 0;
  std::string configuration, check, message;
  double value = 0.0, threshold = 0.0;
};
struct FalseAlarms {
  /// Alarms about gradients that are further from the flow's than half their size, by checks that hold them against the
  /// flow: the solver's steps, not the code, are wrong there, and the check says so. They count as no false alarms.
  std::vector<FalseAlarm> deserved;
  std::int64_t configurations = 0;
  std::int64_t unsolved = 0;  ///< the solve itself failed, and nothing was asked
  std::int64_t refused = 0;   ///< not counted: the method does not go with the scheme or the precision
  std::map<std::string, Verdicts> by_check;
  std::vector<FalseAlarm> alarms;
};

/// Collective. All checks but those that compare with more ranks or threads, and `order`, on random right
/// configurations, the seeds counted up from the first. `each` is told the number of those that are done.
[[nodiscard]] FalseAlarms count_false_alarms(std::int64_t configurations, std::uint64_t first_seed,
                                             Communicator const& comm,
                                             std::function<void(std::int64_t)> const& each = {});

}  // namespace retrace::selftest
