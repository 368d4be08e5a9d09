#pragma once

#include "problems/arguments.hpp"
#include "verification/problem_instance.hpp"

#include <cstdint>
#include <random>
#include <string>

namespace retrace::selftest {

/// Random numbers that are the same on every system; those of <random>'s distributions need not be.
class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}
  [[nodiscard]] double between(double low, double high);
  [[nodiscard]] double log_between(double low, double high);
  template <class List>
  [[nodiscard]] auto const& one_of(List const& list) {
    return list[bits_() % list.size()];
  }

 private:
  std::mt19937_64 bits_;
};

/// A case that nobody chose, and in which nothing is wrong.
struct RandomCase {
  std::string problem, rule;
  GradientChoice choice;
  Arguments arguments;
  StepControl control;

  /// Enough to run it again: "lorenz63 aca dormand_prince54 f64, T 0.31, n 2, rtol 1.2e-05, …".
  [[nodiscard]] std::string describe() const;
};

/// Of the suite's own problems, schemes and methods, in any precision: end time, parameters, tolerances, their ratio,
/// the rule of the controller, a first step that is given (too large ones too) or chosen, or a number of fixed steps.
/// Spans are short enough that the flow's own growth does not swallow a derivative's digits.
[[nodiscard]] RandomCase random_case(std::uint64_t seed);

}  // namespace retrace::selftest
