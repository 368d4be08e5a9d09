// The two exact promises where nobody chose the case: problem, scheme, rule, tolerances, end time and first step drawn
// from fixed seeds. What the grid of test_duals.cpp leaves out is here: other rules, first steps that are given (too
// large ones too), absolute tolerances unlike the relative ones, spans that end anywhere.
#include "verification/tests/instances.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retrace {
namespace {

using tests::gradient_of;

// As in verification/checks/dual.cpp: some tens of roundings a step and their growth downstream. For the
// program's derivative see WitnessError.
constexpr double round_off_per_step = 1e-12;

struct Configuration {
  std::string problem, solver, rule;
  tests::Changes changes;
  StepControl control;
};
std::ostream& operator<<(std::ostream& out, Configuration const& c) {
  out << c.problem << ' ' << c.solver << ", rule " << c.rule << ", rtol " << c.control.relative_tolerance << ", atol "
      << c.control.absolute_tolerance << ", initial step " << c.control.initial_step;
  for (auto const& [name, value] : c.changes.numbers) out << ", " << name << ' ' << value;
  return out;
}

/// The same numbers on every system; std::uniform_real_distribution need not be.
class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}
  [[nodiscard]] double between(double low, double high) {
    return low + (high - low) * static_cast<double>(bits_() >> 11U) * 0x1p-53;
  }
  [[nodiscard]] double log_between(double low, double high) { return std::exp(between(std::log(low), std::log(high))); }
  template <class List>
  [[nodiscard]] auto const& one_of(List const& list) {
    return list[bits_() % list.size()];
  }

 private:
  std::mt19937_64 bits_;
};

/// Spans short enough that the flow's own growth stays far below the room in the bounds (three_body: 58 by T = 1).
struct Family {
  std::string_view problem;
  double shortest, longest;  // T - t0
};

Configuration configuration_of(std::uint64_t seed) {
  static std::vector<Family> const families{{"linear", 0.3, 20.0},
                                            {"van_der_pol", 0.3, 25.0},
                                            {"van_der_pol_paper", 0.3, 20.0},
                                            {"van_der_pol_forced", 0.2, 8.0},
                                            {"lorenz63", 0.05, 2.0},
                                            {"three_body", 0.05, 1.0},
                                            {"neural_mlp", 0.2, 2.0}};
  static std::vector<std::pair<std::string_view, StepSizeRule>> const rules{
      {"standard", StepSizeRule::standard()}, {"paper", StepSizeRule::paper()}, {"plain", StepSizeRule::plain()}};
  Random random(seed);
  Family const family = random.one_of(families);
  double const span = random.log_between(family.shortest, family.longest);
  auto const [rule_name, rule] = random.one_of(rules);
  Configuration c{
      std::string(family.problem), random.one_of(tests::adaptive_solvers()), std::string(rule_name), {}, {}};

  double const t0 = family.problem == "van_der_pol_forced" ? 0.1 : 0.0;
  c.changes.numbers["T"] = t0 + span;
  c.changes.numbers["n"] = 2.0;
  if (family.problem == "van_der_pol") c.changes.numbers["mu"] = random.log_between(0.05, 5.0);
  if (family.problem == "linear") c.changes.numbers["k"] = random.between(-2.0, 0.5);
  if (family.problem == "neural_mlp") {
    c.changes.numbers["n"] = 5.0;
    c.changes.numbers["block"] = 2.0;
    c.changes.lists["widths"] = {3, 7, 3};
  }

  // A second-order scheme needs a hundred thousand steps where a fifth-order one needs some hundreds.
  int const order = tableau_named(c.solver).order;
  double const least = order < 3 ? 1e-7 : order < 4 ? 1e-8 : 1e-10;
  c.control.relative_tolerance = random.log_between(least, 1e-2);
  c.control.absolute_tolerance = c.control.relative_tolerance * random.log_between(1e-2, 1e1);
  c.control.initial_step = random.between(0.0, 1.0) < 0.5 ? 0.0 : span * random.log_between(1e-5, 2.0);
  c.control.max_steps = 10'000'000;
  c.control.rule = rule;
  return c;
}

class RandomConfiguration : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  Configuration const c = configuration_of(GetParam());
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  std::unique_ptr<ProblemInstance> const problem = tests::make_instance(c.problem, self, c.changes);
};

TEST_P(RandomConfiguration, aca_equals_duals_on_the_same_steps) {
  SCOPED_TRACE(::testing::PrintToString(c));
  GradientResult const aca = gradient_of(*problem, "aca", c.solver, c.control);
  WitnessError const witness = problem->frozen_dual({.method = "aca", .solver = c.solver}, c.control, aca);

  ASSERT_EQ(aca.status, SolveStatus::success);
  EXPECT_LE(witness.relative_error, round_off_per_step * static_cast<double>(witness.steps));
}

TEST_P(RandomConfiguration, naive_equals_duals_of_the_whole_program) {
  SCOPED_TRACE(::testing::PrintToString(c));
  GradientResult const naive = gradient_of(*problem, "naive", c.solver, c.control);
  WitnessError const witness = problem->program_dual({.method = "naive", .solver = c.solver}, c.control, naive);

  ASSERT_EQ(naive.status, SolveStatus::success);
  EXPECT_LE(witness.relative_error, std::max({WitnessError::clear, witness.sensitivity,
                                              round_off_per_step * static_cast<double>(witness.steps)}));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomConfiguration, ::testing::Range<std::uint64_t>(0, 300));

}  // namespace
}  // namespace retrace
